package pkcs11

import (
	"context"
	"errors"

	"tanba/keystore"
	"tanba/keystore/pkcs11/wire"
)

// checkPIN says what speaks against sending this PIN, before a try is used.
func (d *device) checkPIN(secret []byte, confirmed bool) error {
	state := pinState(d.info)
	switch {
	case state.Locked:
		return keystore.ErrPINLocked
	case state.MustChange:
		return keystore.ErrPINUnset
	case state.LastTry && !confirmed:
		return keystore.ErrLastTry
	case state.Pad:
		return nil
	case len(secret) == 0,
		state.Min > 0 && len(secret) < state.Min,
		state.Max > 0 && len(secret) > state.Max,
		d.storageName() == keystore.IDCard && !fourDigits(secret):
		return keystore.ErrPINFormat
	}
	return nil
}

func fourDigits(secret []byte) bool {
	for _, c := range secret {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(secret) == 4
}

// login sends the PIN: one C_Login that may use a try. The session is open.
func (d *device) login(ctx context.Context, secret []byte) error {
	if d.info.flags&ckfLoginRequired == 0 && d.info.flags&ckfPad == 0 && len(secret) == 0 {
		d.unlocked = true
		return nil
	}
	q := &wire.Request{Op: wire.Login, Slot: d.slot, Session: d.session, Data: secret, Flags: wire.Keep}
	limit := d.m.o.Timeouts.Login
	if d.info.flags&ckfPad != 0 {
		q.Data, q.Flags, limit = nil, wire.NullPIN, d.m.o.Timeouts.Pad
	}
	if d.unlocked {
		// Another store is open. A token that is logged in takes any PIN.
		d.unlocked, d.held = false, false
		d.epoch++
		if _, err := d.p.ask(ctx, d.logoutRequest(), d.m.o.Timeouts.Call, "C_Logout"); err != nil && codeOf(err) != ckrNotLoggedIn {
			return err
		}
	}
	_, err := d.p.ask(ctx, q, limit, "C_Login")
	if codeOf(err) == ckrAlreadyLoggedIn {
		// From a session that somebody lost. No try was used.
		d.p.ask(ctx, d.logoutRequest(), d.m.o.Timeouts.Call, "C_Logout")
		if _, err = d.p.ask(ctx, q, limit, "C_Login"); codeOf(err) == ckrAlreadyLoggedIn {
			err = nil // the token takes it so
		}
	}
	if err != nil {
		return err
	}
	d.unlocked, d.held = true, q.Flags&wire.Keep != 0
	d.epoch++
	return nil
}

func (d *device) logoutRequest() *wire.Request {
	return &wire.Request{Op: wire.Logout, Slot: d.slot, Session: d.session}
}

// afterFailure drops what a failed login left and reads the state of the PIN.
func (d *device) afterFailure(ctx context.Context, err error) error {
	d.unlocked, d.held = false, false
	action := meaningOf(codeOf(err)).action
	switch {
	case errors.Is(err, errHelper):
		d.drop()
		return err
	case action == forget && codeOf(err) != ckrOK:
		d.lose()
		return err
	case ctx.Err() != nil:
		// Nobody waits any longer, perhaps because the module hangs. What was
		// sent may still come through: the session it is for is closed after it.
		d.drop()
		return err
	}
	if info, infoErr := d.p.tokenInfo(ctx, d.m.o.Timeouts.Call, d.slot); infoErr == nil && d.is(info) {
		d.info = info
		d.show(info)
	}
	d.logout()
	return err
}

// recover opens a session anew after the one of that epoch was lost, logs in
// with the PIN that is held, if one is, and finds the keys again. It locks d.mu.
//
// loggedOut: the module said so, though it may still show the keys.
func (d *device) recover(ctx context.Context, epoch int, loggedOut bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.epoch != epoch:
		return nil // another signature did it
	case d.isGone():
		return keystore.ErrTokenGone
	case d.p == nil || !d.unlocked:
		return errLoginLost
	}
	return d.reopen(ctx, loggedOut)
}

var errLoginLost = codeErr("login", ckrNotLoggedIn)

func (d *device) reopen(ctx context.Context, loggedOut bool) error {
	p, old, limit := d.p, d.session, d.m.o.Timeouts.Call
	shut := func() {
		p.ask(ctx, &wire.Request{Op: wire.CloseSess, Slot: d.slot, Session: old}, limit, "C_CloseSession")
	}
	// The new one first: closing the last session logs out.
	session, err := p.openSession(ctx, limit, d.slot, d.writable)
	if meaningOf(codeOf(err)).action == shorten && err != nil {
		shut()
		session, err = p.openSession(ctx, limit, d.slot, d.writable)
	} else if err == nil {
		shut()
	}
	if err != nil {
		if codeOf(err) != ckrOK && meaningOf(codeOf(err)).action == forget {
			d.lose()
		} else {
			d.drop()
		}
		return err
	}
	d.session = session
	d.epoch++
	// Perhaps another token is in the slot by now: the PIN is none of its.
	info, err := p.tokenInfo(ctx, limit, d.slot)
	if err != nil {
		return err
	}
	if !d.is(info) {
		d.lose()
		return keystore.ErrTokenGone
	}
	again, err := d.findAgain(ctx)
	if err == nil && again && !(loggedOut && d.held) {
		return nil
	}
	if err != nil && codeOf(err) != ckrNotLoggedIn {
		return err
	}
	return d.loginAgain(ctx)
}

// reopenOnly is reopen without the PIN that is held.
func (d *device) reopenOnly(ctx context.Context) error {
	held := d.held
	d.held = false
	err := d.reopen(ctx, false)
	if d.unlocked {
		d.held = held
	}
	return err
}

// loginAnew logs out and in, for a module that has keys which want the PIN each
// time and knows no other way.
func (d *device) loginAnew(ctx context.Context) error {
	if !d.held {
		return errLoginLost
	}
	p, limit := d.p, d.m.o.Timeouts.Call
	q := d.logoutRequest()
	q.Flags = wire.Keep
	if _, err := p.ask(ctx, q, limit, "C_Logout"); err != nil && codeOf(err) != ckrNotLoggedIn {
		return err
	}
	// The operation that was begun ends with its session.
	if _, err := p.ask(ctx, &wire.Request{Op: wire.CloseSess, Slot: d.slot, Session: d.session}, limit, "C_CloseSession"); err != nil {
		return err
	}
	session, err := p.openSession(ctx, limit, d.slot, d.writable)
	if err != nil {
		d.drop()
		return err
	}
	d.session = session
	return d.loginAgain(ctx)
}

// loginAgain uses the PIN that the helper holds; the token took it before.
func (d *device) loginAgain(ctx context.Context) error {
	d.unlocked = false
	if !d.held {
		return errLoginLost
	}
	login := &wire.Request{Op: wire.Login, Slot: d.slot, Session: d.session, Flags: wire.Kept}
	_, err := d.p.ask(ctx, login, d.m.o.Timeouts.Login, "C_Login")
	if codeOf(err) == ckrAlreadyLoggedIn {
		logout := d.logoutRequest()
		logout.Flags = wire.Keep
		d.p.ask(ctx, logout, d.m.o.Timeouts.Call, "C_Logout")
		_, err = d.p.ask(ctx, login, d.m.o.Timeouts.Login, "C_Login")
	}
	if err != nil && codeOf(err) != ckrAlreadyLoggedIn {
		d.held = false
		return err
	}
	d.unlocked = true
	d.epoch++
	if again, err := d.findAgain(ctx); err != nil || !again {
		return errors.Join(errLoginLost, err)
	}
	return nil
}

// findAgain gives the keys the handles of now. false: not all are visible.
func (d *device) findAgain(ctx context.Context) (bool, error) {
	r := reader{p: d.p, limit: d.m.o.Timeouts.Call, session: d.session}
	now, err := r.privates(ctx)
	if err != nil {
		return false, err
	}
	for _, k := range d.keys {
		found := false
		for _, o := range now {
			if k.same(o) {
				k.handle, found = o.handle, true
				break
			}
		}
		if !found {
			return false, nil
		}
	}
	return true, nil
}

func (o *privateObject) same(n *privateObject) bool {
	return string(o.id) == string(n.id) && o.label == n.label && o.keyType == n.keyType && (o.public == nil || o.public.Equal(n.public))
}
