package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"tanba/keystore/pkcs11/wire"
)

const (
	// mostObjects is how many a Find returns at most.
	mostObjects = 1024
	// mostSignature bounds what a signature may take: RSA with 8192 bits.
	mostSignature = 1024
	// farewell is how long C_Finalize may take: some libraries never return.
	farewell = 2 * time.Second
	// ahead is how many requests wait here while the token is busy.
	ahead = 64
)

// serve carries out the requests of in until it ends.
func serve(in io.Reader, out io.Writer, l library) int {
	queue := make(chan []byte, ahead)
	broken := make(chan error, 1)
	go func() {
		defer close(queue)
		for {
			body, err := wire.ReadFrame(in)
			if err != nil {
				// The worker may be inside the library for good.
				time.AfterFunc(farewell, func() { os.Exit(0) })
				if !errors.Is(err, io.EOF) {
					broken <- err
				}
				return
			}
			queue <- body
		}
	}()
	s := server{library: l, kept: map[uint64]*lockedPIN{}}
	var frame []byte
	for body := range queue {
		request, err := wire.ParseRequest(body)
		if err != nil {
			fmt.Fprintln(os.Stderr, "tanba-token:", err)
			return 1
		}
		reply := s.answer(request)
		clear(body) // it may hold a PIN
		reply.ID = request.ID
		frame = reply.Append(frame[:0])
		if _, err := out.Write(frame); err != nil {
			break
		}
	}
	for slot := range s.kept {
		s.forget(slot)
	}
	if s.started {
		for session := range s.sessions {
			l.closeSession(session)
		}
		l.finish()
	}
	select {
	case err := <-broken:
		fmt.Fprintln(os.Stderr, "tanba-token:", err)
		return 1
	default:
		return 0
	}
}

// server does what one request after the other asks.
type server struct {
	library  library
	started  bool
	sessions map[uint64]uint64     // session → slot
	kept     map[uint64]*lockedPIN // by slot
}

func (s *server) answer(q *wire.Request) *wire.Reply {
	if !s.started {
		if q.Op != wire.Start {
			return &wire.Reply{Code: wire.CodeRequest, Text: "not started"}
		}
		return s.start()
	}
	r := &wire.Reply{}
	switch q.Op {
	case wire.Slots:
		r.Numbers, r.Code = s.library.slots(q.Flags&wire.WithToken != 0)
	case wire.SlotInfo:
		var info slotInfo
		info, r.Code = s.library.slotInfo(q.Slot)
		r.Octets = texts(info.description, info.manufacturer)
		r.Numbers = []uint64{info.flags}
	case wire.TokenInfo:
		var info tokenInfo
		info, r.Code = s.library.tokenInfo(q.Slot)
		r.Octets = texts(info.label, info.manufacturer, info.model, info.serial)
		r.Numbers = info.numbers[:]
	case wire.Mechanisms:
		r.Numbers, r.Code = s.library.mechanisms(q.Slot)
	case wire.OpenSession:
		var session uint64
		if session, r.Code = s.library.openSession(q.Slot, q.Flags&wire.Writable != 0); r.Code == ckrOK {
			s.sessions[session] = q.Slot
			r.Numbers = []uint64{session}
		}
	case wire.CloseSess:
		r.Code = s.library.closeSession(q.Session)
		delete(s.sessions, q.Session)
	case wire.Login:
		r.Code = s.login(q)
	case wire.Logout:
		if q.Flags&wire.Keep == 0 {
			s.forget(q.Slot)
		}
		r.Code = s.library.logout(q.Session)
	case wire.Forget:
		s.forget(q.Slot)
	case wire.Find:
		r.Numbers, r.Code = s.library.find(q.Session, q.Public, mostObjects)
	case wire.Get:
		for _, attribute := range q.Types {
			value, code := s.library.get(q.Session, q.Object, attribute)
			r.Octets = append(r.Octets, value)
			r.Numbers = append(r.Numbers, code)
		}
	case wire.Sign:
		r = s.sign(q)
	case wire.Generate:
		var public, private uint64
		public, private, r.Code = s.library.generate(q.Session, q.Mechanism, q.Public, q.Private)
		r.Numbers = []uint64{public, private}
	case wire.Create:
		var object uint64
		object, r.Code = s.library.create(q.Session, q.Public)
		r.Numbers = []uint64{object}
	case wire.Destroy:
		r.Code = s.library.destroy(q.Session, q.Object)
	default:
		r.Code = wire.CodeRequest
	}
	if r.Code == ckrTokenNotPresent || r.Code == ckrDeviceRemoved {
		slot := q.Slot
		if of, ok := s.sessions[q.Session]; ok {
			slot = of
		}
		s.forget(slot)
	}
	return r
}

func (s *server) start() *wire.Reply {
	info, code, text := s.library.start()
	if code != ckrOK {
		return &wire.Reply{Code: code, Text: text}
	}
	s.started, s.sessions = true, map[uint64]uint64{}
	return &wire.Reply{
		Octets:  texts(info.manufacturer, info.description),
		Numbers: []uint64{uint64(info.major), uint64(info.minor), uint64(info.cryptokiMajor), uint64(info.cryptokiMin)},
	}
}

// login sends a PIN once: that of the request, the one that is held, or none
// for a device with its own keys.
func (s *server) login(q *wire.Request) uint64 {
	if q.Flags&wire.NullPIN != 0 {
		return s.library.login(q.Session, ckuUser, nil)
	}
	pin := q.Data
	if q.Flags&wire.Kept != 0 {
		held := s.kept[q.Slot]
		if held == nil {
			return wire.CodeNoPIN
		}
		pin = held.octets()
	}
	if len(pin) == 0 {
		return wire.CodeNoPIN
	}
	code := s.library.login(q.Session, ckuUser, pin)
	switch {
	case q.Flags&wire.Kept != 0:
		if code == ckrPINIncorrect {
			s.forget(q.Slot)
		}
	case code == ckrOK && q.Flags&wire.Keep != 0:
		s.forget(q.Slot)
		s.kept[q.Slot] = lockPIN(pin)
	}
	return code
}

func (s *server) sign(q *wire.Request) *wire.Reply {
	fail := func(at, code uint64) *wire.Reply { return &wire.Reply{Code: code, Numbers: []uint64{at}} }
	if q.Size == 0 || q.Size > mostSignature {
		return fail(wire.AtInit, wire.CodeRequest)
	}
	var pin []byte
	if q.Flags&wire.EachTime != 0 && q.Flags&wire.Pad == 0 {
		held := s.kept[q.Slot]
		if held == nil {
			return fail(wire.AtLogin, wire.CodeNoPIN)
		}
		pin = held.octets()
	}
	if code := s.library.signInit(q.Session, q.Object, q.Mechanism); code != ckrOK {
		return fail(wire.AtInit, code)
	}
	if q.Flags&wire.EachTime != 0 {
		// Nothing may come between the two: another command makes some cards
		// forget the login.
		if code := s.library.login(q.Session, ckuContextSpecific, pin); code != ckrOK {
			if code == ckrPINIncorrect {
				s.forget(q.Slot)
			}
			return fail(wire.AtLogin, code)
		}
	}
	signature, code := s.library.sign(q.Session, q.Data, int(q.Size))
	if code != ckrOK {
		return fail(wire.AtSign, code)
	}
	return &wire.Reply{Octets: [][]byte{signature}}
}

func (s *server) forget(slot uint64) {
	if held := s.kept[slot]; held != nil {
		held.wipe()
		delete(s.kept, slot)
	}
}

func texts(list ...string) [][]byte {
	octets := make([][]byte, len(list))
	for i, text := range list {
		octets[i] = []byte(text)
	}
	return octets
}
