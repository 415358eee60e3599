package pkcs11

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tanba/internal/pki"
	"tanba/keystore"
	"tanba/keystore/pkcs11/wire"
)

// Report is what `tanba tokens` tells: everything that can be known without a
// PIN.
type Report struct {
	Modules []ModuleReport
}

// Trouble is something wrong, in words: a key of the catalogue of texts with
// its arguments.
type Trouble struct {
	Key  string
	Args []string
}

// Note tells what is worth knowing from what is wrong.
func (t Trouble) Note() bool { return strings.HasPrefix(t.Key, "tokens.note.") }

// ModuleReport is one module, loaded or not.
type ModuleReport struct {
	Name         string // base name of the file
	Path         string
	Source       string // settings, vendor, p11-kit
	Description  string
	Manufacturer string
	Version      string // of the library
	Cryptoki     string // version of the interface
	Slots        []SlotReport
	Troubles     []Trouble
}

// SlotReport is one slot; Token is nil when nothing is in it.
type SlotReport struct {
	Description string
	Token       *TokenReport
	Troubles    []Trouble
}

// TokenReport is one token. Certificates of the Token are not filled in: Keys
// has them.
type TokenReport struct {
	keystore.Token
	Firmware   string
	Mechanisms []Mechanism
	Keys       []KeyReport
	Troubles   []Trouble
}

// Mechanism is what a token can do; a Name that is a number is of one not known
// by name.
type Mechanism struct {
	Type uint64
	Name string
}

// KeyReport is a key or a certificate of a token, or both.
type KeyReport struct {
	ID          []byte
	Label       string
	Algorithm   string
	Certificate *pki.Certificate
	Private     bool // a private key is visible; most tokens show it after login only
	Public      bool
	Troubles    []Trouble
}

// Healthy tells whether nothing is wrong with any of it.
func (r *Report) Healthy() bool {
	well := func(list []Trouble) bool {
		return !slices.ContainsFunc(list, func(t Trouble) bool { return !t.Note() })
	}
	for _, m := range r.Modules {
		if !well(m.Troubles) {
			return false
		}
		for _, s := range m.Slots {
			if !well(s.Troubles) {
				return false
			}
			if s.Token == nil {
				continue
			}
			if !well(s.Token.Troubles) || slices.ContainsFunc(s.Token.Keys, func(k KeyReport) bool { return !well(k.Troubles) }) {
				return false
			}
		}
	}
	return true
}

// Report says what can be known of modules and tokens without a PIN. What is
// wrong with one of them stands in it.
func (t *Tokens) Report(ctx context.Context) (*Report, error) {
	select {
	case t.gate <- struct{}{}:
		defer func() { <-t.gate }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	t.mu.Lock()
	closed := t.closed
	t.mu.Unlock()
	if closed {
		return nil, keystore.ErrClosed
	}
	c := t.o.cards(ctx)
	r := &Report{}
	for _, m := range t.wanted(c) {
		one := ModuleReport{Name: m.name, Path: m.path, Source: m.source, Troubles: slices.Clone(m.candidate.troubles)}
		if !m.refused {
			t.reportModule(ctx, m, c, &one)
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		r.Modules = append(r.Modules, one)
	}
	return r, nil
}

func (t *Tokens) reportModule(ctx context.Context, m *module, c cards, r *ModuleReport) {
	p, err := m.open(ctx)
	if err != nil {
		r.Troubles = append(r.Troubles, troubleOf(err))
		return
	}
	m.mu.Lock()
	info := m.info
	m.mu.Unlock()
	r.Description, r.Manufacturer, r.Version, r.Cryptoki = info.description, info.manufacturer, info.version, info.cryptoki
	limit := t.o.Timeouts.Call
	// Some modules renew their list of slots only when they are asked so.
	slots, err := p.slots(ctx, limit, false)
	if err != nil {
		r.Troubles = append(r.Troubles, troubleOf(err))
		return
	}
	for _, slot := range slots {
		description, flags, err := p.slotInfo(ctx, limit, slot)
		if err != nil {
			r.Slots = append(r.Slots, SlotReport{Troubles: []Trouble{troubleOf(err)}})
			continue
		}
		s := SlotReport{Description: description}
		if flags&ckfTokenPresent != 0 {
			t.reportToken(ctx, m, p, c, seen{slot: slot, slotDescription: description, slotFlags: flags}, &s)
		}
		r.Slots = append(r.Slots, s)
	}
}

func (t *Tokens) reportToken(ctx context.Context, m *module, p *process, c cards, s seen, r *SlotReport) {
	limit := t.o.Timeouts.Call
	info, err := p.tokenInfo(ctx, limit, s.slot)
	if err != nil {
		r.Troubles = append(r.Troubles, troubleOf(err))
		return
	}
	s.info = info
	storage := t.storageOf(m, s, c)
	token := &TokenReport{Firmware: info.firmware, Token: keystore.Token{
		Info: keystore.Info{Storage: storage, Serial: info.serial, Label: info.label},
		ID:   identity(s), Model: info.model, Manufacturer: info.manufacturer, Module: m.name, PIN: pinState(info),
	}}
	r.Token = token
	add := func(key string, args ...string) { token.Troubles = append(token.Troubles, Trouble{key, args}) }
	if info.flags&ckfInitialised == 0 {
		if info.serial == "" && info.label == "" {
			r.Token = nil // where a software token could be made
			return
		}
		add("tokens.problem.not_initialised")
	}
	switch state := token.PIN; {
	case state.Locked:
		add("tokens.trouble.locked")
	case state.LastTry:
		add("tokens.trouble.last_try")
	case state.Low:
		add("tokens.trouble.low")
	case state.MustChange:
		add("tokens.trouble.must_change")
	case state.Unset && info.flags&ckfInitialised != 0 && info.flags&ckfLoginRequired != 0:
		add("tokens.trouble.pin_unset")
	}
	types, err := p.mechanisms(ctx, limit, s.slot)
	if err != nil {
		token.Troubles = append(token.Troubles, troubleOf(err))
	}
	slices.Sort(types)
	for _, m := range types {
		token.Mechanisms = append(token.Mechanisms, Mechanism{m, mechanismName(m)})
	}
	if len(types) > 0 && !slices.ContainsFunc(types, func(m uint64) bool { return m == ckmRSA || m == ckmGOST || m == ckmGOST512 }) {
		add("tokens.trouble.no_mechanism")
	}
	if err := t.reportKeys(ctx, p, s, token); err != nil {
		token.Troubles = append(token.Troubles, troubleOf(err))
	}
	if only := m.only; !only.takes(info) {
		add("tokens.note.other_token")
	}
}

func (p *process) mechanisms(ctx context.Context, limit time.Duration, slot uint64) ([]uint64, error) {
	r, err := p.ask(ctx, &wire.Request{Op: wire.Mechanisms, Slot: slot}, limit, "C_GetMechanismList")
	if err != nil {
		return nil, err
	}
	return r.Numbers, nil
}

// reportKeys pairs what is visible without a PIN.
func (t *Tokens) reportKeys(ctx context.Context, p *process, s seen, token *TokenReport) error {
	limit := t.o.Timeouts.Call
	session, err := p.openSession(ctx, limit, s.slot, false)
	if err != nil {
		return err
	}
	defer p.ask(context.WithoutCancel(ctx), &wire.Request{Op: wire.CloseSess, Slot: s.slot, Session: session}, limit, "C_CloseSession")
	r := reader{p: p, limit: limit, session: session}
	certificates, unread, err := r.certificates(ctx)
	if err != nil {
		return err
	}
	publics, err := r.publics(ctx)
	if err != nil {
		return err
	}
	privates, err := r.privates(ctx)
	if err != nil {
		return err
	}
	if unread > 0 {
		token.Troubles = append(token.Troubles, Trouble{"tokens.trouble.unread", []string{fmt.Sprint(unread)}})
	}
	token.Keys = reportPairs(privates, publics, certificates)
	return nil
}

func reportPairs(privates []*privateObject, publics []publicObject, certificates []certificateObject) []KeyReport {
	var list []KeyReport
	used := make([]bool, len(publics))
	hasPrivate := func(id []byte, public *pki.PublicKey) bool {
		return slices.ContainsFunc(privates, func(k *privateObject) bool {
			if k.public != nil && public != nil {
				return k.public.Equal(public)
			}
			return len(id) > 0 && bytes.Equal(k.id, id)
		})
	}
	for _, c := range certificates {
		public := c.certificate.PublicKey
		k := KeyReport{ID: c.id, Label: c.label, Algorithm: public.Family.String(), Certificate: c.certificate, Private: hasPrivate(c.id, public)}
		sameID := false
		for i, p := range publics {
			if p.public != nil && p.public.Equal(public) {
				k.Public, used[i] = true, true
			} else if len(p.id) > 0 && bytes.Equal(p.id, c.id) {
				sameID = true
			}
		}
		switch {
		case c.certificate.IsCA:
		case !k.Public && sameID:
			k.Troubles = append(k.Troubles, Trouble{Key: "tokens.trouble.other_key"})
		case len(c.id) == 0:
			k.Troubles = append(k.Troubles, Trouble{Key: "tokens.note.no_id"})
		case len(privates) > 0 && !k.Private && !k.Public:
			k.Troubles = append(k.Troubles, Trouble{Key: "tokens.trouble.no_key"})
		}
		list = append(list, k)
	}
	for i, p := range publics {
		if used[i] {
			continue
		}
		k := KeyReport{ID: p.id, Label: p.label, Public: true, Private: hasPrivate(p.id, p.public)}
		if p.public == nil {
			k.Troubles = append(k.Troubles, Trouble{Key: "tokens.trouble.unknown_key"})
		} else {
			k.Algorithm = p.public.Family.String()
			k.Troubles = append(k.Troubles, Trouble{Key: "tokens.trouble.no_certificate"})
		}
		list = append(list, k)
	}
	return list
}

// troubleOf says an error in words.
func troubleOf(err error) Trouble {
	var start *startError
	var code *codeError
	switch {
	case errors.As(err, &start) && start.code == wire.CodeLoad:
		return Trouble{"tokens.trouble.load", []string{start.text}}
	case errors.As(err, &start) && start.code == wire.CodeNoCgo:
		return Trouble{Key: "tokens.trouble.no_cgo"}
	case errors.As(err, &start):
		return Trouble{"tokens.trouble.start", []string{fmt.Sprintf("0x%X %s", start.code, meaningOf(start.code).name)}}
	case errors.As(err, &code):
		return Trouble{"tokens.trouble.code", []string{code.doing, fmt.Sprintf("0x%X %s", code.code, code.name)}}
	case errors.Is(err, errNoHelper):
		return Trouble{Key: "tokens.trouble.no_helper"}
	case errors.Is(err, errHang):
		return Trouble{Key: "tokens.trouble.hang"}
	}
	return Trouble{Key: "tokens.trouble.crash"}
}

// Signs lists what a token can sign with, as far as Tanba uses it.
func (t *TokenReport) Signs() []string {
	list := []string{}
	for _, m := range t.Mechanisms {
		switch m.Type {
		case ckmRSA:
			list = append(list, "RSA")
		case ckmGOST:
			list = append(list, "GOST 34.10-2015 (256), GOST 34.310-2004")
		case ckmGOST512:
			list = append(list, "GOST 34.10-2015 (512)")
		}
	}
	return list
}
