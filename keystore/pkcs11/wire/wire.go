// Package wire is what the agent and its helper tanba-token say to each other
// over a pair of pipes.
//
// A frame is the length of its body as 4 octets, big-endian, and the body; it
// holds one [Request] one way, one [Reply] the other. Requests are carried out
// one after the other in the order in which they come; a reply names the request
// by its number. Integers in a body are of variable length (as in
// encoding/binary), octet strings and lists have their length before them, and
// nothing may follow the last field. Everything is bounded by [MaxFrame].
//
// Both sides are the same version of the same program, so there is no
// negotiation; each still reads as if the other were hostile, for a vendor's
// library lives in the helper.
package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// MaxFrame is the longest body: attributes of a token are a few kilobytes.
const MaxFrame = 1 << 20

// ErrFrame says that octets are no frame of this protocol.
var ErrFrame = errors.New("wire: malformed frame")

// Op is what is asked for.
type Op byte

// The operations, with the fields of Request they use and what their Reply
// holds when its Code is 0.
const (
	Start       Op = iota + 1 // –; Octets manufacturer, description; Numbers library major, minor, Cryptoki major, minor
	Slots                     // Flags 1 = with a token; Numbers are the slots
	SlotInfo                  // Slot; Octets description, manufacturer; Numbers flags
	TokenInfo                 // Slot; Octets label, manufacturer, model, serial; Numbers as in the constants of TokenInfo
	Mechanisms                // Slot; Numbers are the types
	OpenSession               // Slot, Flags 1 = writable; Numbers the session
	CloseSess                 // Slot, Session
	Login                     // Slot, Session, Data = PIN, Flags of login
	Logout                    // Slot, Session, Flags Keep = the PIN is held on
	Forget                    // Slot: the PIN is wiped
	Find                      // Session, Public = template; Numbers are the objects
	Get                       // Session, Object, Types; Octets values, Numbers a code for each
	Sign                      // Slot, Session, Object, Mechanism, Data, Size, Flags of signing; Octets signature
	Generate                  // Session, Mechanism, Public, Private; Numbers public and private object
	Create                    // Session, Public = attributes; Numbers the object
	Destroy                   // Session, Object
	lastOp      = Destroy
)

// Flags of requests.
const (
	WithToken = 1 // Slots

	Writable = 1 // OpenSession

	NullPIN = 1 // Login: typed on the device
	Keep    = 2 // Login: hold the PIN in locked memory until Forget or Logout
	Kept    = 4 // Login: with the PIN that is held

	EachTime = 1 // Sign: log in for this signature, with the PIN that is held
	Pad      = 2 // Sign: typed on the device each time
)

// Where a Sign failed: Numbers[0] of its Reply.
const (
	AtInit = iota
	AtLogin
	AtSign
)

// Numbers of a TokenInfo.
const (
	TokenFlags = iota
	MinPIN
	MaxPIN
	MaxSessions
	MaxWritable
	HardwareMajor
	HardwareMinor
	FirmwareMajor
	FirmwareMinor
	TokenNumbers // how many there are
)

// Codes of the helper itself, beyond those of PKCS#11, which have 32 bits.
const (
	CodeLoad    = 1<<40 + iota // the library cannot be loaded; Text says why
	CodeNoPIN                  // no PIN is held
	CodeRequest                // the helper does not know what is meant
	CodeNoCgo                  // the helper was built without what loads libraries
)

// Attribute of a template. A Value of a type that IsNumber says is one is 8
// octets, big-endian, whatever the size of such numbers on this system.
type Attribute struct {
	Type  uint64
	Value []byte
}

// IsNumber tells the attributes whose value is a CK_ULONG.
func IsNumber(attribute uint64) bool {
	switch attribute {
	case 0x000, 0x080, 0x100, 0x121: // CLASS, CERTIFICATE_TYPE, KEY_TYPE, MODULUS_BITS
		return true
	}
	return false
}

// Request of the agent.
type Request struct {
	ID        uint32
	Op        Op
	Slot      uint64
	Session   uint64
	Object    uint64
	Mechanism uint64
	Flags     uint64
	Size      uint64 // octets of the signature to come
	Data      []byte // digest or PIN: whoever reads it clears the frame
	Types     []uint64
	Public    []Attribute
	Private   []Attribute
}

// Reply of the helper. Code is the CKR, 0 = done.
type Reply struct {
	ID      uint32
	Code    uint64
	Text    string
	Numbers []uint64
	Octets  [][]byte
}

// Append appends the whole frame of the request.
func (q *Request) Append(dst []byte) []byte {
	at := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	dst = binary.AppendUvarint(dst, uint64(q.ID))
	dst = append(dst, byte(q.Op))
	for _, n := range []uint64{q.Slot, q.Session, q.Object, q.Mechanism, q.Flags, q.Size} {
		dst = binary.AppendUvarint(dst, n)
	}
	dst = appendOctets(dst, q.Data)
	dst = appendNumbers(dst, q.Types)
	dst = appendAttributes(dst, q.Public)
	dst = appendAttributes(dst, q.Private)
	return closeFrame(dst, at)
}

// Append appends the whole frame of the reply.
func (r *Reply) Append(dst []byte) []byte {
	at := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	dst = binary.AppendUvarint(dst, uint64(r.ID))
	dst = binary.AppendUvarint(dst, r.Code)
	dst = appendOctets(dst, []byte(r.Text))
	dst = appendNumbers(dst, r.Numbers)
	dst = binary.AppendUvarint(dst, uint64(len(r.Octets)))
	for _, o := range r.Octets {
		dst = appendOctets(dst, o)
	}
	return closeFrame(dst, at)
}

func closeFrame(dst []byte, at int) []byte {
	binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	return dst
}

func appendOctets(dst, octets []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(octets))), octets...)
}

func appendNumbers(dst []byte, numbers []uint64) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(numbers)))
	for _, n := range numbers {
		dst = binary.AppendUvarint(dst, n)
	}
	return dst
}

func appendAttributes(dst []byte, attributes []Attribute) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(attributes)))
	for _, a := range attributes {
		dst = appendOctets(binary.AppendUvarint(dst, a.Type), a.Value)
	}
	return dst
}

// ReadFrame reads one body. io.EOF means that the other side ended properly,
// between two frames. Nothing is read ahead and nothing of it is kept, so that
// the reader can clear a PIN.
func ReadFrame(r io.Reader) ([]byte, error) {
	var header [4]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(header[:])
	if n > MaxFrame {
		return nil, fmt.Errorf("%w: %d octets", ErrFrame, n)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(r, body); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return body, nil
}

// ParseRequest reads a body; the result shares its memory.
func ParseRequest(body []byte) (*Request, error) {
	s := scanner{rest: body}
	q := &Request{ID: s.id(), Op: Op(s.octet())}
	for _, n := range []*uint64{&q.Slot, &q.Session, &q.Object, &q.Mechanism, &q.Flags, &q.Size} {
		*n = s.number()
	}
	q.Data = s.octets()
	q.Types = s.numbers()
	q.Public = s.attributes()
	q.Private = s.attributes()
	if q.Op == 0 || q.Op > lastOp {
		s.bad = true
	}
	return q, s.end()
}

// ParseReply reads a body; the result shares its memory.
func ParseReply(body []byte) (*Reply, error) {
	s := scanner{rest: body}
	r := &Reply{ID: s.id(), Code: s.number(), Text: string(s.octets()), Numbers: s.numbers()}
	for range s.count() {
		r.Octets = append(r.Octets, s.octets())
	}
	return r, s.end()
}

// scanner reads the fields of a body; after the first bad one all are zero.
type scanner struct {
	rest []byte
	bad  bool
}

func (s *scanner) end() error {
	if s.bad || len(s.rest) > 0 {
		return ErrFrame
	}
	return nil
}

func (s *scanner) octet() byte {
	if s.bad || len(s.rest) == 0 {
		s.bad = true
		return 0
	}
	o := s.rest[0]
	s.rest = s.rest[1:]
	return o
}

func (s *scanner) number() uint64 {
	v, n := binary.Uvarint(s.rest)
	// One way to write each number: a last octet of zero would be a second one.
	if s.bad || n <= 0 || n > 1 && s.rest[n-1] == 0 {
		s.bad = true
		return 0
	}
	s.rest = s.rest[n:]
	return v
}

func (s *scanner) id() uint32 {
	n := s.number()
	if n > 1<<32-1 {
		s.bad = true
	}
	return uint32(n)
}

// count is the length of a list, each element of which takes an octet or more.
func (s *scanner) count() int {
	n := s.number()
	if s.bad || n > uint64(len(s.rest)) {
		s.bad = true
		return 0
	}
	return int(n)
}

func (s *scanner) octets() []byte {
	n := s.count()
	if s.bad || n == 0 {
		return nil
	}
	o := s.rest[:n:n]
	s.rest = s.rest[n:]
	return o
}

func (s *scanner) numbers() []uint64 {
	var list []uint64
	for range s.count() {
		list = append(list, s.number())
	}
	return list
}

func (s *scanner) attributes() []Attribute {
	var list []Attribute
	for range s.count() {
		list = append(list, Attribute{s.number(), s.octets()})
	}
	return list
}
