package bridge

import (
	"context"
	"sync"
	"time"

	"tanba/bridge/consent"
	"tanba/bridge/prompt"
)

// curious are the sites without permission that wanted to know which tokens are
// in. Where one is, the person is asked whether the site may know; the site has
// had its answer by then and, when the person says yes, gets the true one next
// time. Without this a site that does nothing before it sees a token could never
// be permitted.
type curious struct {
	delay time.Duration // 0 = curiousDelay

	mu    sync.Mutex
	sites map[string]*curiousSite // by origin
}

type curiousSite struct {
	last    time.Time // when a window of it was last asked for, or is about to be
	windows int       // for keys
}

const (
	// Most sites ask for the tokens and then at once for a key. The window for
	// that is enough: who gets a signature has permission.
	curiousDelay = 2 * time.Second
	// curiousRest is between two such questions of one site.
	curiousRest = 10 * time.Minute
	// curiousStay is for how long the question outlives the socket: some sites
	// open one for each request.
	curiousStay = 30 * time.Second
	curiousMost = 1000 // sites
)

// busy notes that a site wants a window for a key.
func (u *curious) busy(c *session) {
	if c.knowsTokens() {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if site := u.site(c); site != nil {
		site.last = c.s.o.Now()
		site.windows++
	}
}

// site returns what is known of the site of a session, nil when there are too
// many.
func (u *curious) site(c *session) *curiousSite {
	if u.sites == nil {
		u.sites = map[string]*curiousSite{}
	}
	site := u.sites[c.origin.raw]
	if site != nil {
		return site
	}
	for origin, old := range u.sites {
		if c.s.since(old.last) >= curiousRest {
			delete(u.sites, origin)
		}
	}
	if len(u.sites) < curiousMost {
		site = &curiousSite{}
		u.sites[c.origin.raw] = site
	}
	return site
}

// begin reports whether a site may be asked about: it had no window of late.
func (u *curious) begin(c *session) (windows int, ok bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	site := u.site(c)
	if site == nil || !site.last.IsZero() && c.s.since(site.last) < curiousRest {
		return 0, false
	}
	site.last = c.s.o.Now()
	return site.windows, true
}

// still reports whether no window has been asked for since begin.
func (u *curious) still(c *session, windows int) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	site := u.sites[c.origin.raw]
	return site != nil && site.windows == windows
}

// forget lets the site ask again at once: the person was not bothered.
func (u *curious) forget(c *session) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.sites, c.origin.raw)
}

// ask asks the person a little later, if there is something to ask about.
// Nothing of it depends on the tokens while the site waits for its answer.
func (u *curious) ask(c *session) {
	if c.s.o.Devices == nil {
		return
	}
	windows, ok := u.begin(c)
	if !ok {
		return
	}
	q := &consent.Question{Asker: c.who(), Purpose: prompt.ListTokens, Operation: "getActiveTokens", Locale: c.locale}
	delay := u.delay
	if delay == 0 {
		delay = curiousDelay
	}
	ctx, cancel := context.WithCancel(c.s.stopping)
	stay := context.AfterFunc(c.ctx, func() { time.AfterFunc(delay+curiousStay, cancel) })
	go func() {
		defer cancel()
		defer stay()
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return
		}
		if !u.still(c, windows) {
			return
		}
		if c.knowsTokens() || len(c.devices(ctx)) == 0 {
			u.forget(c)
			return
		}
		if g, err := c.s.o.Desk.Ask(ctx, q); err == nil {
			g.Close("")
		}
	}()
}
