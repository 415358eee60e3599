package pkcs11

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"tanba/keystore/pkcs11/wire"
)

// module is one vendor's library and the helper that has it loaded, if any.
type module struct {
	candidate
	o   *Options
	log *slog.Logger

	mu      sync.Mutex // held while a helper starts or ends
	process *process
	info    moduleInfo
	users   int // open stores
	idle    *time.Timer
	closed  bool

	// Of package Tokens, under its lock.
	seen      []seen // what the last look showed
	readers   string // the cards at that time
	asked     time.Time
	emptyAt   time.Time
	restarted string // the cards for which the helper was replaced already
	trouble   error
}

// moduleInfo is what a library says of itself.
type moduleInfo struct {
	manufacturer, description, version, cryptoki string
}

// startError says why a library cannot be used.
type startError struct {
	code uint64
	text string
}

func (e *startError) Error() string {
	return fmt.Sprintf("pkcs11: module does not start: 0x%X %s", e.code, e.text)
}

// open returns the helper, started if need be.
func (m *module) open(ctx context.Context) (*process, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, fmt.Errorf("%w was ended", errHelper)
	}
	if m.process != nil && m.process.alive() {
		m.touch()
		return m.process, nil
	}
	p, err := startProcess(m.o.Helper, m.path, m.o.Environment, m.log)
	if err != nil {
		return nil, err
	}
	r, err := p.call(ctx, &wire.Request{Op: wire.Start}, m.o.Timeouts.Start)
	if err == nil && r.Code != ckrOK {
		err = &startError{r.Code, clip(r.Text)}
	}
	if err == nil && (len(r.Octets) != 2 || len(r.Numbers) != 4) {
		err = fmt.Errorf("%w: %w", errHelper, wire.ErrFrame)
	}
	if err != nil {
		go p.close()
		return nil, err
	}
	m.info = moduleInfo{
		manufacturer: text(r.Octets[0]), description: text(r.Octets[1]),
		version:  fmt.Sprintf("%d.%d", r.Numbers[0], r.Numbers[1]),
		cryptoki: fmt.Sprintf("%d.%d", r.Numbers[2], r.Numbers[3]),
	}
	m.process = p
	m.touch()
	m.log.Debug("module started", "module", m.name, "library", m.info.description, "version", m.info.version)
	return p, nil
}

// touch puts off the end of a helper without work.
func (m *module) touch() {
	if m.idle == nil {
		m.idle = time.AfterFunc(m.o.Timeouts.Idle, m.rest)
		return
	}
	m.idle.Reset(m.o.Timeouts.Idle)
}

func (m *module) rest() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.users == 0 && m.process != nil {
		p := m.process
		m.process = nil
		go p.close()
	}
}

// use counts the stores that need the helper.
func (m *module) use(change int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.users += change
	m.touch()
}

func (m *module) inUse() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.users > 0
}

// end ends the helper; the next open starts another one.
func (m *module) end(p *process) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p == nil {
		p = m.process
	}
	if p != nil {
		if p == m.process {
			m.process = nil
		}
		go p.close()
	}
}

func (m *module) close() {
	m.mu.Lock()
	m.closed = true
	p := m.process
	m.process = nil
	if m.idle != nil {
		m.idle.Stop()
	}
	m.mu.Unlock()
	if p != nil {
		p.close()
	}
}

func (m *module) version() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.info.version
}

// tokenInfo is what a token says of itself.
type tokenInfo struct {
	label, manufacturer, model, serial string
	flags                              uint64
	minPIN, maxPIN                     int
	maxSessions                        uint64
	firmware                           string
}

func (p *process) slots(ctx context.Context, limit time.Duration, withToken bool) ([]uint64, error) {
	q := &wire.Request{Op: wire.Slots}
	if withToken {
		q.Flags = wire.WithToken
	}
	r, err := p.ask(ctx, q, limit, "C_GetSlotList")
	if err != nil {
		return nil, err
	}
	const most = 256
	return r.Numbers[:min(len(r.Numbers), most)], nil
}

func (p *process) slotInfo(ctx context.Context, limit time.Duration, slot uint64) (description string, flags uint64, err error) {
	r, err := p.ask(ctx, &wire.Request{Op: wire.SlotInfo, Slot: slot}, limit, "C_GetSlotInfo")
	if err != nil {
		return "", 0, err
	}
	if len(r.Octets) != 2 || len(r.Numbers) != 1 {
		return "", 0, helperErr(fmt.Errorf("%w: %w", errHelper, wire.ErrFrame))
	}
	return text(r.Octets[0]), r.Numbers[0], nil
}

func (p *process) tokenInfo(ctx context.Context, limit time.Duration, slot uint64) (tokenInfo, error) {
	r, err := p.ask(ctx, &wire.Request{Op: wire.TokenInfo, Slot: slot}, limit, "C_GetTokenInfo")
	if err != nil {
		return tokenInfo{}, err
	}
	if len(r.Octets) != 4 || len(r.Numbers) != wire.TokenNumbers {
		return tokenInfo{}, helperErr(fmt.Errorf("%w: %w", errHelper, wire.ErrFrame))
	}
	n := r.Numbers
	return tokenInfo{
		label: text(r.Octets[0]), manufacturer: text(r.Octets[1]), model: text(r.Octets[2]), serial: text(r.Octets[3]),
		flags: n[wire.TokenFlags], minPIN: length(n[wire.MinPIN]), maxPIN: length(n[wire.MaxPIN]), maxSessions: n[wire.MaxSessions],
		firmware: fmt.Sprintf("%d.%d", n[wire.FirmwareMajor], n[wire.FirmwareMinor]),
	}, nil
}

// length is a PIN length; what is not one is unknown.
func length(n uint64) int {
	if n > 1024 {
		return 0
	}
	return int(n)
}

// ask is call with the code of the module as an error.
func (p *process) ask(ctx context.Context, q *wire.Request, limit time.Duration, doing string) (*wire.Reply, error) {
	r, err := p.call(ctx, q, limit)
	if err != nil {
		return nil, helperErr(err)
	}
	return r, codeErr(doing, r.Code)
}

func (p *process) openSession(ctx context.Context, limit time.Duration, slot uint64, writable bool) (uint64, error) {
	q := &wire.Request{Op: wire.OpenSession, Slot: slot}
	if writable {
		q.Flags = wire.Writable
	}
	r, err := p.ask(ctx, q, limit, "C_OpenSession")
	if err != nil {
		return 0, err
	}
	if len(r.Numbers) != 1 {
		return 0, helperErr(fmt.Errorf("%w: %w", errHelper, wire.ErrFrame))
	}
	return r.Numbers[0], nil
}

// find returns the objects that have these attributes.
func (p *process) find(ctx context.Context, limit time.Duration, session uint64, template ...wire.Attribute) ([]uint64, error) {
	r, err := p.ask(ctx, &wire.Request{Op: wire.Find, Session: session, Public: template}, limit, "C_FindObjects")
	if err != nil {
		return nil, err
	}
	return r.Numbers, nil
}

// attributes reads what an object has of the types; what it lacks is absent.
func (p *process) attributes(ctx context.Context, limit time.Duration, session, object uint64, types ...uint64) (map[uint64][]byte, error) {
	r, err := p.ask(ctx, &wire.Request{Op: wire.Get, Session: session, Object: object, Types: types}, limit, "C_GetAttributeValue")
	if err != nil {
		return nil, err
	}
	if len(r.Octets) != len(types) || len(r.Numbers) != len(types) {
		return nil, helperErr(fmt.Errorf("%w: %w", errHelper, wire.ErrFrame))
	}
	values := map[uint64][]byte{}
	for i, t := range types {
		// Some modules know no better code than "general error" for an attribute
		// they lack.
		if a := meaningOf(r.Numbers[i]).action; a == forget || a == reopen || r.Numbers[i] == ckrDeviceError {
			return nil, codeErr("C_GetAttributeValue", r.Numbers[i])
		}
		if r.Numbers[i] == ckrOK {
			values[t] = r.Octets[i]
		}
	}
	return values, nil
}

// number is an attribute that is a number.
func number(attribute, value uint64) wire.Attribute {
	return wire.Attribute{Type: attribute, Value: binary.BigEndian.AppendUint64(nil, value)}
}

func numberOf(value []byte) (uint64, bool) {
	if len(value) != 8 {
		return 0, false
	}
	return binary.BigEndian.Uint64(value), true
}

func boolean(attribute uint64, value bool) wire.Attribute {
	v := []byte{0}
	if value {
		v[0] = 1
	}
	return wire.Attribute{Type: attribute, Value: v}
}

func truth(value []byte) bool { return len(value) == 1 && value[0] != 0 }

// text is a padded text of a module, made safe to show: some pad with zeros,
// some leave rubbish.
func text(octets []byte) string {
	octets = bytes.TrimRight(octets, " \x00")
	if i := bytes.IndexByte(octets, 0); i >= 0 {
		octets = octets[:i]
	}
	return clip(string(octets))
}

func clip(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Cf, r): // what turns the direction of a line round, among others
			return -1
		}
		return r
	}, s)
	for len(s) > 300 {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return strings.TrimSpace(s)
}
