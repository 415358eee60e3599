package pkcs11

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"tanba/internal/pki"
	"tanba/keystore"
	"tanba/keystore/pkcs11/wire"
)

// device is one inserted token. It lives from the List that showed it first to
// the one that no longer does; what comes back later is another device.
type device struct {
	t               *Tokens
	id              string
	m               *module
	born            tokenInfo // when it was seen first
	slotDescription string
	hardware        bool
	storage         atomic.Value // string
	gone            atomic.Bool

	// mu is read-locked while a key signs, so that many signatures stand in the
	// helper's queue, and locked for all that changes the session.
	mu       sync.RWMutex
	slot     uint64
	info     tokenInfo
	p        *process // of the session; nil = there is none
	session  uint64
	writable bool
	unlocked bool
	held     bool // the helper holds the PIN
	epoch    int  // counts sessions and logins
	keys     []*privateObject
	stores   map[*store]struct{}

	cache     map[[32]byte]*pki.Certificate // under mu
	shownLock sync.Mutex
	shown     []*pki.Certificate // those visible before login
	problem   string
	state     tokenInfo // as last read, for List
}

func (d *device) isGone() bool { return d.gone.Load() }

func (d *device) storageName() string {
	name, _ := d.storage.Load().(string)
	return name
}

// public is what List shows.
func (d *device) public() keystore.Token {
	d.shownLock.Lock()
	defer d.shownLock.Unlock()
	return keystore.Token{
		Info:  keystore.Info{Storage: d.storageName(), Serial: d.state.serial, Label: d.state.label},
		ID:    d.id,
		Model: d.state.model, Manufacturer: d.state.manufacturer, Module: d.m.name,
		PIN: pinState(d.state), Problem: d.problem, Certificates: slices.Clone(d.shown),
	}
}

func pinState(info tokenInfo) keystore.PINState {
	has := func(flag uint64) bool { return info.flags&flag != 0 }
	return keystore.PINState{
		Min: info.minPIN, Max: info.maxPIN, Left: -1,
		Low: has(ckfPINLow | ckfPINLast | ckfPINLocked), LastTry: has(ckfPINLast), Locked: has(ckfPINLocked),
		Unset: !has(ckfPINSet), MustChange: has(ckfPINChange), Pad: has(ckfPad),
	}
}

// show keeps what List answers with.
func (d *device) show(info tokenInfo) {
	d.shownLock.Lock()
	d.state = info
	d.shownLock.Unlock()
}

// readPublic reads the certificates that are visible without a PIN, once per
// insertion, or again when that failed.
func (d *device) readPublic(ctx context.Context, first bool) {
	d.shownLock.Lock()
	failed := d.problem == unreadable
	d.shownLock.Unlock()
	if !first && !failed {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.show(d.info)
	problem := ""
	var list []*pki.Certificate
	if d.info.flags&ckfInitialised == 0 {
		problem = "tokens.problem.not_initialised"
	} else if err := twice(func() error {
		p, err := d.m.open(ctx)
		if err == nil {
			list, err = d.visible(ctx, p)
		}
		return err
	}); err != nil {
		problem = unreadable
		d.t.o.Log.Warn("certificates of a token cannot be read", "module", d.m.name, "err", err)
	}
	d.shownLock.Lock()
	d.shown, d.problem = list, problem
	d.shownLock.Unlock()
}

const unreadable = "tokens.problem.unreadable"

// twice repeats what changes nothing on the token once, when a code says that
// it may go better the next time.
func twice(do func() error) error {
	err := do()
	switch meaningOf(codeOf(err)).action {
	case reopen, renew, shorten:
		if codeOf(err) != ckrOK {
			return do()
		}
	}
	return err
}

func (d *device) visible(ctx context.Context, p *process) ([]*pki.Certificate, error) {
	limit := d.m.o.Timeouts.Call
	session, err := p.openSession(ctx, limit, d.slot, false)
	if err != nil {
		return nil, err
	}
	defer p.ask(context.WithoutCancel(ctx), &wire.Request{Op: wire.CloseSess, Slot: d.slot, Session: session}, limit, "C_CloseSession")
	r := reader{p: p, limit: limit, session: session, cache: d.cache}
	found, unread, err := r.certificates(ctx)
	if unread > 0 {
		d.t.o.Log.Warn("some certificates of a token cannot be read", "module", d.m.name, "number", unread)
	}
	var list []*pki.Certificate
	for _, c := range found {
		if !slices.ContainsFunc(list, func(o *pki.Certificate) bool { return bytes.Equal(o.Raw, c.certificate.Raw) }) {
			list = append(list, c.certificate)
		}
	}
	return list, err
}

// connect finds the token in the helper of now and reads its state anew. d.mu is
// locked; so for all below that do not say otherwise.
func (d *device) connect(ctx context.Context) (*process, error) {
	if d.isGone() {
		return nil, keystore.ErrTokenGone
	}
	p, err := d.m.open(ctx)
	if err != nil {
		return nil, helperErr(err)
	}
	if d.p != nil && d.p != p {
		d.drop()
	}
	limit := d.m.o.Timeouts.Call
	if info, err := p.tokenInfo(ctx, limit, d.slot); err == nil && d.is(info) {
		d.info = info
		d.show(info)
		return p, nil
	} else if err != nil && !errors.Is(err, keystore.ErrTokenGone) && meaningOf(codeOf(err)).action != renew {
		return nil, err
	}
	// Slots are renumbered by some modules when something changes.
	slots, err := p.slots(ctx, limit, true)
	if err != nil {
		return nil, err
	}
	for _, slot := range slots {
		if info, err := p.tokenInfo(ctx, limit, slot); err == nil && d.is(info) {
			if slot != d.slot {
				d.drop()
			}
			d.slot, d.info = slot, info
			d.show(info)
			return p, nil
		}
	}
	d.lose()
	return nil, keystore.ErrTokenGone
}

func (d *device) is(info tokenInfo) bool {
	return info.serial == d.info.serial && info.model == d.info.model && (info.serial != "" || info.label == d.info.label)
}

// openSession opens the one session of the token. Another program may hold the
// card for a moment.
func (d *device) openSession(ctx context.Context, p *process) error {
	// A token with one session needs it for writing, too, for to close the last
	// one is to log out.
	writable := d.info.maxSessions == 1 && d.info.flags&ckfWriteLocked == 0
	wait, until := 100*time.Millisecond, time.Now().Add(d.m.o.Timeouts.Busy)
	for {
		session, err := p.openSession(ctx, d.m.o.Timeouts.Call, d.slot, writable)
		if err == nil {
			d.p, d.session, d.writable = p, session, writable
			d.epoch++
			return nil
		}
		switch code := codeOf(err); {
		case writable && code == ckrTokenWriteProtected:
			writable = false
			continue
		case code == ckrDeviceError, code == ckrTokenNotPresent && d.stillInReader(ctx), meaningOf(code).action == shorten:
			if time.Now().Add(wait).After(until) {
				return errors.Join(keystore.ErrTokenBusy, err)
			}
		case meaningOf(code).action == forget:
			d.lose()
			return err
		default:
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
			wait = min(2*wait, time.Second)
		}
	}
}

// stillInReader tells whether the readers show a card though the module says
// that there is none: another program has it for itself.
func (d *device) stillInReader(ctx context.Context) bool {
	c := d.t.o.cards(ctx)
	return c.known && c.number > 0
}

// drop forgets a session that is gone with its helper, or with its slot.
func (d *device) drop() {
	if d.p != nil && d.p.alive() && d.session != 0 {
		p, session, slot := d.p, d.session, d.slot
		go func() {
			p.ask(context.Background(), &wire.Request{Op: wire.Forget, Slot: slot}, d.m.o.Timeouts.Call, "")
			p.ask(context.Background(), &wire.Request{Op: wire.CloseSess, Slot: slot, Session: session}, d.m.o.Timeouts.Call, "C_CloseSession")
		}()
	}
	d.p, d.session, d.unlocked, d.held, d.keys = nil, 0, false, false, nil
	d.epoch++
}

// lose is drop for a token that is no longer there.
func (d *device) lose() {
	d.drop()
	if d.gone.CompareAndSwap(false, true) {
		d.t.Changed()
	}
}

// leave is lose by List.
func (d *device) leave() {
	d.gone.Store(true)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lose()
}

// shut closes every store.
func (d *device) shut() {
	d.mu.RLock()
	stores := make([]*store, 0, len(d.stores))
	for s := range d.stores {
		stores = append(stores, s)
	}
	d.mu.RUnlock()
	for _, s := range stores {
		s.Close()
	}
}

// logout gives the login and the session back when nobody needs them.
func (d *device) logout() {
	if d.p == nil || !d.p.alive() {
		d.drop()
		return
	}
	// Nothing that somebody waits for is before this in the queue. A helper that
	// does not come to it is inside a module that hangs, or waits for a PIN on
	// the device that nobody wants any longer.
	ctx, cancel := context.WithTimeout(context.Background(), d.m.o.Timeouts.Farewell)
	defer cancel()
	limit := d.m.o.Timeouts.Call
	if _, err := d.p.ask(ctx, &wire.Request{Op: wire.Forget, Slot: d.slot}, limit, ""); err != nil {
		d.m.end(d.p)
		d.drop()
		return
	}
	if d.unlocked {
		d.p.ask(ctx, &wire.Request{Op: wire.Logout, Slot: d.slot, Session: d.session}, limit, "C_Logout")
	}
	d.p.ask(ctx, &wire.Request{Op: wire.CloseSess, Slot: d.slot, Session: d.session}, limit, "C_CloseSession")
	d.session = 0
	d.drop()
}
