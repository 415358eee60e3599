package main

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http/httpproxy"

	"tanba/bridge"
	"tanba/bridge/consent"
	"tanba/internal/outbound"
	"tanba/internal/pki"
	"tanba/internal/revocation"
	"tanba/internal/session"
	"tanba/internal/settings"
	"tanba/internal/timestamp"
)

// live lets what the person chose on the settings page take effect at once. Only
// the ports are taken when the program starts; the page says so.
type live struct {
	o       agentOptions
	desk    *consent.Desk
	stamper *liveStamper
	checker *liveChecker
	watch   func(context.Context) (<-chan session.Event, error) // of the screen

	mu       sync.Mutex
	watching bool
}

// save keeps the person's settings and takes them together with those of the
// administrator.
func (l *live) save(s settings.Settings) error {
	if err := settings.Save(l.o.dir, s); err != nil {
		return err
	}
	effective, err := settings.Effective(l.o.dir)
	if err != nil {
		return err
	}
	l.take(effective)
	return nil
}

// take makes the settings of now those of the agent. What cannot be built stays as
// it was.
func (l *live) take(s settings.Settings) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.o.level != nil {
		l.o.level(s)
	}
	l.choose(cmp.Or(s.Language, l.o.language), s.Phrase, time.Duration(s.Remember)*time.Minute)
	if err := l.stamper.take(l.o, s); err != nil {
		l.o.log.Error("the time stamp services that were chosen are not used", "error", err)
	}
	if err := l.checker.take(l.o, s); err != nil {
		l.o.log.Error("the check for revocation stays as it was", "error", err)
	}
}

// choose is what concerns the window.
func (l *live) choose(language, phrase string, remember time.Duration) {
	if remember > 0 && !l.o.kiosk && !l.watchScreen() {
		remember = 0
	}
	l.desk.Choose(consent.Choices{Language: language, Phrase: phrase, Remember: remember})
}

// watchScreen begins to listen to when the person leaves, once. Where nobody tells,
// no password is kept.
func (l *live) watchScreen() bool {
	if l.watching {
		return true
	}
	leaves, err := l.watch(context.Background())
	if err != nil {
		l.o.log.Info("passwords are not kept: nobody tells when the screen is locked", "error", err)
		return false
	}
	l.watching = true
	go forgetWith(l.desk, leaves)
	return true
}

// liveStamper is a time-stamping client that another may take the place of.
type liveStamper struct {
	atomic.Pointer[timestamp.Client]
}

func (l *liveStamper) Stamp(ctx context.Context, family pki.Family, signature []byte) ([]byte, error) {
	return l.Load().Stamp(ctx, family, signature)
}

func (l *liveStamper) take(o agentOptions, s settings.Settings) error {
	address := strings.Join(s.TSA, ",")
	if o.tsaGiven {
		address = o.tsa
	}
	proxy, err := proxyOf(s)
	if err != nil {
		return err
	}
	client, err := newHeardStamper(o.heard, address, proxy, o.roots...)
	if err == nil {
		l.Store(client)
	}
	return err
}

// liveChecker is a bridge.Revocation that another may take the place of.
type liveChecker struct {
	mu       sync.Mutex
	checker  bridge.Revocation // nil = nobody is asked
	required bool
}

func (l *liveChecker) Check(ctx context.Context, leaf *pki.Certificate, extra ...*pki.Certificate) (*revocation.Status, error) {
	l.mu.Lock()
	checker := l.checker
	l.mu.Unlock()
	if checker == nil {
		return &revocation.Status{State: revocation.Good}, nil // as if nobody had wanted to know
	}
	return checker.Check(ctx, leaf, extra...)
}

func (l *liveChecker) Required() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.checker != nil && l.required
}

func (l *liveChecker) take(o agentOptions, s settings.Settings) error {
	checker, err := newChecker(o.dir, s, o.roots, o.heard)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.checker, l.required = checker, s.Revocation == "require"
	return nil
}

// proxyOf is the proxy of the settings; that of the system is what the environment
// said when the program started.
func proxyOf(s settings.Settings) (outbound.ProxyFunc, error) {
	if s.Proxy == "" {
		proxy := systemProxy()
		return func(r *http.Request) (*url.URL, error) { return proxy(r.URL) }, nil
	}
	return outbound.Proxy(s.Proxy)
}

// systemProxy is asked before useProxy changes the environment.
var systemProxy = sync.OnceValue(func() func(*url.URL) (*url.URL, error) { return httpproxy.FromEnvironment().ProxyFunc() })
