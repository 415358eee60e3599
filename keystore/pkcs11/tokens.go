package pkcs11

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"tanba/internal/pki"
	"tanba/keystore"
)

// Tokens are the tokens of this machine. Make it with New.
type Tokens struct {
	o    Options
	book orderBook

	// gate is held while the machine is looked at; waiting for it ends with ctx.
	gate chan struct{}

	mu      sync.Mutex // of what follows; held for no call of a module
	modules map[string]*module
	devices map[string]*device
	order   []string // IDs as last listed
	listed  time.Time
	failed  error
	closed  bool
}

var _ keystore.Tokens = (*Tokens)(nil)

// New starts nothing yet.
func New(o Options) *Tokens {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Timeouts = o.Timeouts.withDefaults()
	return &Tokens{
		o: o, book: orderBook{dir: o.State}, gate: make(chan struct{}, 1),
		modules: map[string]*module{}, devices: map[string]*device{},
	}
}

// Close ends every helper; open stores answer keystore.ErrClosed.
func (t *Tokens) Close() error {
	t.mu.Lock()
	t.closed = true
	modules, devices := t.modules, t.devices
	t.modules, t.devices = map[string]*module{}, map[string]*device{}
	t.mu.Unlock()
	shut := make(chan struct{})
	go func() {
		for _, d := range devices {
			d.shut()
		}
		close(shut)
	}()
	select {
	case <-shut:
	case <-time.After(t.o.Timeouts.Farewell): // a module hangs: without its helper nothing waits any more
	}
	var all sync.WaitGroup
	for _, m := range modules {
		all.Go(m.close)
	}
	all.Wait()
	<-shut
	return nil
}

// Changed says that a card came or went: the next List looks anew.
func (t *Tokens) Changed() {
	t.mu.Lock()
	t.listed = time.Time{}
	t.mu.Unlock()
}

// List implements keystore.Tokens. A module that cannot be used is no error as
// long as another one answers; Report tells more.
func (t *Tokens) List(ctx context.Context) ([]keystore.Token, error) {
	if err := t.look(ctx); err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	list := make([]keystore.Token, 0, len(t.order))
	for _, id := range t.order {
		if d := t.devices[id]; d != nil {
			list = append(list, d.public())
		}
	}
	return list, t.failed
}

// Open implements keystore.Tokens.
func (t *Tokens) Open(ctx context.Context, id string) (keystore.TokenStore, error) {
	for range 2 {
		t.mu.Lock()
		d, closed := t.devices[id], t.closed
		t.mu.Unlock()
		if closed {
			return nil, keystore.ErrClosed
		}
		if d != nil && !d.isGone() {
			return d.newStore()
		}
		t.Changed()
		if err := t.look(ctx); err != nil {
			return nil, err
		}
	}
	return nil, keystore.ErrTokenGone
}

// look brings modules and devices up to date, unless that was done just now.
func (t *Tokens) look(ctx context.Context) error {
	select {
	case t.gate <- struct{}{}:
		defer func() { <-t.gate }()
	case <-ctx.Done():
		return ctx.Err()
	}
	t.mu.Lock()
	closed, fresh := t.closed, !t.listed.IsZero() && time.Since(t.listed) < t.o.Timeouts.Fresh
	t.mu.Unlock()
	switch {
	case closed:
		return keystore.ErrClosed
	case fresh:
		return nil
	}
	c := t.o.cards(ctx)
	modules := t.wanted(c)
	var all sync.WaitGroup
	for _, m := range modules {
		if !m.refused {
			all.Go(func() { m.look(ctx, c) })
		}
	}
	all.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	t.merge(ctx, modules, c)
	return nil
}

// wanted returns the modules worth asking. Those of the last time stay what
// they are, with their helpers.
func (t *Tokens) wanted(c cards) []*module {
	t.mu.Lock()
	defer t.mu.Unlock()
	var list []*module
	for _, found := range t.o.candidates(c) {
		m := t.modules[found.path]
		if m == nil {
			m = &module{candidate: found, o: &t.o, log: t.o.Log}
			t.modules[found.path] = m
		}
		m.candidate.troubles, m.candidate.refused = found.troubles, found.refused
		list = append(list, m)
	}
	return list
}

// seen is a token in a slot.
type seen struct {
	slot            uint64
	slotDescription string
	slotFlags       uint64
	info            tokenInfo
}

func (s seen) hardware() bool { return s.slotFlags&(ckfHardware|ckfRemovable) != 0 }

// look asks a module for its tokens. While one of its stores is open the module
// is left alone as long as no card came or went, for another command between PIN
// and signature makes some cards forget the PIN; where the cards are not known it
// is asked every third time.
func (m *module) look(ctx context.Context, c cards) {
	quiet := m.o.Timeouts.Fresh > 0 && (c.known || time.Since(m.asked) < 3*m.o.Timeouts.Fresh)
	if quiet && m.inUse() && m.readers == c.key && m.trouble == nil && len(m.seen) > 0 {
		return
	}
	m.asked = time.Now()
	if m.readers != c.key {
		m.emptyAt = time.Time{}
	}
	m.readers = c.key
	m.seen, m.trouble = m.ask(ctx)
	if len(m.seen) > 0 || m.trouble != nil || c.number == 0 || m.inUse() {
		m.emptyAt = time.Time{}
		return
	}
	if m.emptyAt.IsZero() {
		m.emptyAt = time.Now()
	}
	// A module may keep the list of slots it had when it started.
	if time.Since(m.emptyAt) >= m.o.Timeouts.Stale && m.restarted != c.key {
		m.restarted = c.key
		m.log.Info("a card is in a reader and the module shows no token: its helper is replaced", "module", m.name)
		m.end(nil)
		m.seen, m.trouble = m.ask(ctx)
	}
}

func (m *module) ask(ctx context.Context) ([]seen, error) {
	p, err := m.open(ctx)
	if err != nil {
		return nil, err
	}
	limit := m.o.Timeouts.Call
	slots, err := p.slots(ctx, limit, true)
	if err != nil {
		return nil, err
	}
	var list []seen
	for _, slot := range slots {
		info, err := p.tokenInfo(ctx, limit, slot)
		if err != nil {
			if errors.Is(err, errHelper) || ctx.Err() != nil {
				return list, err
			}
			continue // it was taken out just now, or is of no use; Report says which
		}
		description, flags, err := p.slotInfo(ctx, limit, slot)
		if err != nil {
			continue
		}
		// Software tokens offer an empty slot in which one could be made.
		if info.flags&ckfInitialised == 0 && info.serial == "" && info.label == "" || !m.only.takes(info) {
			continue
		}
		list = append(list, seen{slot, description, flags, info})
	}
	return list, nil
}

// merge makes devices of what the modules show: each token once.
func (t *Tokens) merge(ctx context.Context, modules []*module, c cards) {
	var failed []error
	var order []string
	now := map[string]*device{}
	var fresh []*device
	t.mu.Lock()
	hardware := 0
	for _, m := range modules {
		if m.trouble != nil {
			failed = append(failed, m.trouble)
		}
		for _, s := range m.seen {
			if s.hardware() {
				hardware++
			}
			if slices.ContainsFunc(order, func(id string) bool { return now[id].sameFrom(m, s) }) {
				continue
			}
			id := identity(s)
			for n := 2; now[id] != nil; n++ {
				id = fmt.Sprintf("%s-%d", identity(s), n)
			}
			d := t.devices[id]
			if d == nil || d.isGone() || d.m != m {
				d = &device{t: t, id: id, m: m, slot: s.slot, info: s.info, born: s.info, cache: map[[32]byte]*pki.Certificate{}, stores: map[*store]struct{}{}}
				d.slotDescription, d.hardware = s.slotDescription, s.hardware()
				fresh = append(fresh, d)
			}
			d.storage.Store(t.storageOf(m, s, c))
			now[id] = d
			order = append(order, id)
		}
	}
	var away []*device
	for id, d := range t.devices {
		if now[id] != d {
			away = append(away, d)
		}
	}
	closed := t.closed
	if !closed {
		t.devices, t.order, t.listed, t.failed = now, order, time.Now(), nil
		if len(now) == 0 && len(failed) > 0 && len(failed) == len(modules) {
			t.failed = helperErr(failed[0])
		}
	}
	t.mu.Unlock()
	for _, d := range away {
		// A signature that is running ends first; nobody waits for that here.
		go d.leave()
	}
	if closed {
		return
	}
	for _, id := range order {
		now[id].readPublic(ctx, slices.Contains(fresh, now[id]))
	}
}

// identity names a token; a label may be changed while it is in.
func identity(s seen) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %q", s.info.serial, s.info.model, s.info.manufacturer)
	if s.info.serial == "" {
		fmt.Fprintf(h, " %q %q", s.info.label, s.slotDescription)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// sameFrom tells whether another module shows the token of d. Within a module
// each slot is one: a JaCarta has several, with one serial number.
func (d *device) sameFrom(m *module, s seen) bool {
	return d.m != m && s.info.serial != "" && s.info.serial == d.born.serial &&
		(s.info.model == d.born.model || s.info.label == d.born.label)
}

// storageOf names the storage that sites would use for a token: as the settings
// say, or by the ATR where only one card can be meant; else "".
func (t *Tokens) storageOf(m *module, s seen, c cards) string {
	if m.storage != "" {
		return m.storage
	}
	for _, name := range []string{s.info.label, m.name} {
		if storage := t.o.Storages[name]; storage != "" {
			return storage
		}
	}
	if !s.hardware() || len(c.storages) == 0 {
		return ""
	}
	if m.storages == nil {
		if c.number == 1 && len(c.storages) == 1 {
			return c.storages[0]
		}
		return ""
	}
	found := ""
	for _, storage := range c.storages {
		if !slices.Contains(m.storages, storage) {
			continue
		}
		if found != "" {
			return ""
		}
		found = storage
	}
	return found
}
