package revocation

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"tanba/internal/outbound"
	"tanba/internal/pki"
	"tanba/internal/state"
	"tanba/internal/testpki"
)

var now = time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)

// service is an authority with its status service, and a client of it.
type service struct {
	*testpki.Authority
	status *testpki.Status
	server *httptest.Server
}

var authority = sync.OnceValues(func() (*testpki.Authority, error) {
	a, err := testpki.New(nil, now)
	if err == nil {
		_, _, err = a.RSA()
	}
	return a, err
})

// serve starts the status service of the shared authority; certificates issued
// by issue point to it.
func serve(t testing.TB) *service {
	t.Helper()
	a, err := authority()
	if err != nil {
		t.Fatal(err)
	}
	s := &service{Authority: a, status: a.NewStatus(func() time.Time { return now })}
	s.server = httptest.NewServer(s.status)
	t.Cleanup(s.server.Close)
	return s
}

func (s *service) issue(t testing.TB, p testpki.Profile) *pki.Certificate {
	t.Helper()
	s.URL = s.server.URL
	id, err := s.Issue(p)
	if err != nil {
		t.Fatal(err)
	}
	return id.Certificate
}

func (s *service) issuer(t testing.TB, f pki.Family) Issuer {
	t.Helper()
	if f != pki.RSA {
		return IssuerOf(s.Issuing())
	}
	_, issuing, err := s.RSA()
	if err != nil {
		t.Fatal(err)
	}
	return IssuerOf(issuing)
}

func (s *service) client(t testing.TB, with ...func(*Options)) *Client {
	t.Helper()
	o := Options{
		Addresses: []string{strings.TrimPrefix(s.server.URL, "http://")}, Retries: -1,
		Now: func() time.Time { return now }, Wait: func(context.Context, time.Duration) error { return nil },
	}
	for _, w := range with {
		w(&o)
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestOCSP(t *testing.T) {
	s := serve(t)
	for _, f := range []pki.Family{pki.GOST512, pki.RSA} {
		t.Run(f.KalkanName(), func(t *testing.T) {
			var ahead []time.Duration
			c := s.client(t, func(o *Options) {
				o.Clock = func(_ string, d time.Duration) { ahead = append(ahead, d) }
				o.Now = func() time.Time { return now.Add(-time.Hour) } // this computer is an hour slow
			})
			good, revoked, unknown := s.issue(t, testpki.Profile{Family: f}), s.issue(t, testpki.Profile{Family: f}), s.issue(t, testpki.Profile{Family: f})
			s.status.Revoke(revoked, testpki.Revocation{At: now.Add(-time.Hour), Reason: 4})
			s.status.Forget(unknown)
			st, err := c.Check(t.Context(), good, s.issuer(t, f))
			if err != nil || st.State != Good || st.Source != OCSP || st.Address != s.server.URL+"/ocsp/" || st.Responder == nil || st.Evidence.Empty() {
				t.Fatalf("good: %+v, %v", st, err)
			}
			st, err = c.Check(t.Context(), revoked, s.issuer(t, f))
			if err != nil || st.State != Revoked || st.Reason != Superseded || !st.RevokedAt.Equal(now.Add(-time.Hour)) {
				t.Fatalf("revoked: %+v, %v", st, err)
			}
			if !st.RevokedBy(now) || st.RevokedBy(now.Add(-2*time.Hour)) {
				t.Error("RevokedBy does not look at the time")
			}
			st, err = c.Check(t.Context(), unknown, s.issuer(t, f))
			if err != nil || st.State != Unknown {
				t.Fatalf("unknown: %+v, %v", st, err)
			}
			if len(ahead) == 0 || ahead[0] != time.Hour {
				t.Errorf("the clock: %v", ahead)
			}
		})
	}
}

// Everything a responder or the way to it can do wrong is refused, each with its
// own reason.
func TestOCSPFaults(t *testing.T) {
	s := serve(t)
	certificate := s.issue(t, testpki.Profile{})
	certificate.CRLs = nil // no second way
	for _, tt := range []struct {
		fault testpki.Fault
		want  error
		text  string
	}{
		{testpki.OtherNonce, ErrNonce, ""},
		{testpki.NoNonce, ErrNonce, ""},
		{testpki.OldTime, ErrTime, "the responder says 2026-11-21"},
		{testpki.FutureTime, ErrTime, "the responder says 2026-11-25"},
		{testpki.Stale, ErrTime, "good until"},
		{testpki.WrongSignature, ErrSignature, ""},
		{testpki.NoCertificate, ErrSigner, "no certificate"},
		{testpki.NotForOCSP, ErrSigner, "not for OCSP"},
		{testpki.Stranger, ErrSigner, "does not verify"},
		{testpki.Cousin, ErrSigner, "about another certificate"},
		{testpki.ExpiredService, ErrSigner, "expired"},
		{testpki.OtherCertificate, ErrOther, ""},
		{testpki.OtherIssuer, ErrOther, ""},
		{testpki.Unauthorized, ErrRefused, "unauthorized"},
		{testpki.TryLater, ErrRefused, "tryLater"},
		{testpki.Truncated, ErrMalformed, ""},
		{testpki.Trailing, ErrMalformed, ""},
		{testpki.Page, ErrMalformed, ""},
		{testpki.Oversized, ErrTooLarge, ""},
		{testpki.Slow, ErrUnreachable, ""},
		{testpki.Trickle, ErrUnreachable, ""},
		{testpki.Down, ErrUnreachable, "status 503"},
		{testpki.NotFound, ErrUnreachable, "status 404"},
		{testpki.Hangup, ErrUnreachable, ""},
		{testpki.Elsewhere, ErrRedirect, "elsewhere.invalid"},
		{testpki.Seized, ErrRedirect, ""},
	} {
		t.Run(string(tt.fault), func(t *testing.T) {
			s.status.SetFault(tt.fault)
			defer s.status.SetFault(testpki.NoFault)
			c := s.client(t, func(o *Options) { o.Timeout = 300 * time.Millisecond })
			st, err := c.Check(t.Context(), certificate, s.issuer(t, pki.GOST512))
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("%v, %v; want %v", st != nil, err, tt.want)
			}
		})
	}
}

// What is not wrong although it differs from the national service.
func TestOCSPVariants(t *testing.T) {
	s := serve(t)
	certificate := s.issue(t, testpki.Profile{})
	issuer := s.issuer(t, pki.GOST512)
	for fault, with := range map[testpki.Fault]func(*Options){
		testpki.OnlySHA1: nil, testpki.ByIssuer: nil, testpki.NextDay: nil,
		testpki.NoNonce:  func(o *Options) { o.WithoutNonce = true },
		testpki.Flapping: func(o *Options) { o.Retries = 2 },
	} {
		t.Run(string(fault), func(t *testing.T) {
			s.status.SetFault(fault)
			defer s.status.SetFault(testpki.NoFault)
			c := s.client(t)
			if with != nil {
				c = s.client(t, with)
			}
			if st, err := c.Check(t.Context(), certificate, issuer); err != nil || st.State != Good || st.Source != OCSP {
				t.Errorf("%+v, %v", st, err)
			}
		})
	}
	// A replayed answer has no nonce of ours, and its time does not excuse it.
	s.status.SetFault(testpki.NoNonce)
	c := s.client(t, func(o *Options) {
		o.WithoutNonce = true
		o.Now = func() time.Time { return now.Add(time.Hour) }
	})
	certificate.CRLs = nil
	if st, err := c.Check(t.Context(), certificate, issuer); !errors.Is(err, ErrTime) {
		t.Errorf("an hour later without a nonce: %+v, %v", st, err)
	}
}

// Answers are remembered, failures for a shorter while, and those who ask at once
// for the same certificate ask once.
func TestCache(t *testing.T) {
	s := serve(t)
	clock := now
	var mu sync.Mutex
	c := s.client(t, func(o *Options) {
		o.Now = func() time.Time { mu.Lock(); defer mu.Unlock(); return clock }
	})
	forward := func(d time.Duration) { mu.Lock(); defer mu.Unlock(); clock = clock.Add(d) }
	certificate := s.issue(t, testpki.Profile{})
	issuer := s.issuer(t, pki.GOST512)
	s.status.SetFault(testpki.NoFault)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if st, err := c.Check(t.Context(), certificate, issuer); err != nil || st.State != Good {
				t.Errorf("%+v, %v", st, err)
			}
		})
	}
	wg.Wait()
	if n := s.status.Requests(); n != 1 {
		t.Errorf("%d requests", n)
	}
	forward(keepAnswer + time.Second)
	if _, err := c.Check(t.Context(), certificate, issuer); err != nil {
		t.Error(err)
	}
	if n := s.status.Requests(); n != 2 {
		t.Errorf("after its time: %d requests", n)
	}
	// Whoever is called off does not spoil it for the others.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	other := s.issue(t, testpki.Profile{})
	if _, err := c.Check(ctx, other, issuer); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if st, err := c.Check(t.Context(), other, issuer); err != nil || st.State != Good {
		t.Errorf("after somebody else's cancel: %+v, %v", st, err)
	}
}

// Whoever does not wait for a slow service leaves the question behind: those who
// come later find its answer, or wait for the same one.
func TestPatienceIsShared(t *testing.T) {
	s := serve(t)
	asked, answer := make(chan struct{}, 4), make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-answer
		s.status.ServeHTTP(w, r)
	}))
	defer slow.Close()
	c := s.client(t, func(o *Options) { o.Timeout, o.Responder = time.Minute, slow.URL+"/" })
	certificate := s.issue(t, testpki.Profile{})
	issuer := s.issuer(t, pki.GOST512)
	for range 3 {
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-asked
			asked <- struct{}{} // for the next round
			cancel()
		}()
		if st, err := c.Check(ctx, certificate, issuer); !errors.Is(err, context.Canceled) {
			t.Errorf("%+v, %v", st, err)
		}
	}
	close(answer)
	if st, err := c.Check(t.Context(), certificate, issuer); err != nil || st.State != Good || st.Source != OCSP {
		t.Errorf("%+v, %v", st, err)
	}
	if n := s.status.Requests(); n != 1 {
		t.Errorf("%d requests", n)
	}
}

// T19: certificates do not send us to private addresses, other schemes or names
// that are none; a name that leads there is caught by the dialer (package
// outbound).
func TestT19Addresses(t *testing.T) {
	s := serve(t)
	issuer := s.issuer(t, pki.GOST512)
	for _, address := range []string{"http://127.0.0.1:1/", "file:///etc/passwd", "http://10.0.0.1/ocsp", "http://pki.gov.kz*/", "ldap://x/", "http://[::1]/", ":", s.server.URL} {
		certificate := s.issue(t, testpki.Profile{})
		certificate.OCSP, certificate.CRLs = []string{address}, []string{address}
		c := s.client(t, func(o *Options) { o.Addresses = nil })
		s.status.SetFault(testpki.NoFault)
		if st, err := c.Check(t.Context(), certificate, issuer); !errors.Is(err, ErrAddress) {
			t.Errorf("%s: %+v, %v", address, st, err)
		}
		if n := s.status.Requests(); n != 0 {
			t.Errorf("%s was asked", address)
		}
	}
	none := s.issue(t, testpki.Profile{})
	none.OCSP, none.CRLs = nil, nil
	if _, err := s.client(t).Check(t.Context(), none, issuer); !errors.Is(err, ErrNoAddress) {
		t.Errorf("no address: %v", err)
	}
	if _, err := New(Options{Responder: "file:///x"}); !errors.Is(err, ErrAddress) {
		t.Errorf("configured: %v", err)
	}
	// What is configured wins over the certificate, and may be private.
	none.OCSP = []string{"http://10.0.0.1/"}
	c := s.client(t, func(o *Options) { o.Addresses, o.Responder = nil, s.server.URL+"/ocsp/" })
	if st, err := c.Check(t.Context(), none, issuer); err != nil || st.State != Good {
		t.Errorf("configured: %+v, %v", st, err)
	}
}

// A redirect stays with the host, or among those of the national authority.
func TestT19Redirects(t *testing.T) {
	request := func(address string) *http.Request {
		r, err := http.NewRequest(http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for _, tt := range []struct {
		from, to string
		follows  bool
	}{
		{"http://ocsp.example/", "http://ocsp.example/v2", true},
		{"http://ocsp.example/", "https://ocsp.example/", true},
		{"https://ocsp.example/", "http://ocsp.example/", false},
		{"http://crl.pki.gov.kz/x.crl", "http://crl1.pki.gov.kz/x.crl", true},
		{"http://crl.pki.gov.kz/x.crl", "http://crl.root.gov.kz/x.crl", true},
		{"http://crl.pki.gov.kz/x.crl", "http://evilpki.gov.kz/x.crl", false},
		{"http://crl.pki.gov.kz/x.crl", "http://pki.gov.kz.example/x.crl", false},
		{"http://ocsp.example/", "http://crl.pki.gov.kz/", false},
		{"http://ocsp.example/", "http://127.0.0.1/", false},
		{"http://ocsp.example/", "file:///etc/passwd", false},
	} {
		err := checkRedirect(request(tt.to), []*http.Request{request(tt.from)})
		if (err == nil) != tt.follows || err != nil && !errors.Is(err, ErrRedirect) {
			t.Errorf("%s → %s: %v", tt.from, tt.to, err)
		}
	}
}

// Without a transport of its own the client uses the guard.
func TestT19Guard(t *testing.T) {
	c, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := c.http.Transport.(*outbound.Guard); !ok {
		t.Errorf("transport %T", c.http.Transport)
	}
}

func TestFallsBackToCRL(t *testing.T) {
	s := serve(t)
	good, revoked, later, removed := s.issue(t, testpki.Profile{}), s.issue(t, testpki.Profile{}), s.issue(t, testpki.Profile{}), s.issue(t, testpki.Profile{})
	s.status.Revoke(revoked, testpki.Revocation{At: now.Add(-48 * time.Hour), Reason: 1, Invalid: now.Add(-72 * time.Hour)})
	s.status.RevokeInDelta(later, testpki.Revocation{At: now.Add(-10 * time.Minute), Reason: -1})
	s.status.Revoke(removed, testpki.Revocation{At: now.Add(-48 * time.Hour), Reason: 6})
	s.status.RevokeInDelta(removed, testpki.Revocation{At: now.Add(-20 * time.Minute), Reason: 8})
	s.status.SetFault(testpki.Down)
	issuer := s.issuer(t, pki.GOST512)
	dir := state.Dir(t.TempDir())
	for _, where := range []state.Dir{"", dir} {
		c := s.client(t, func(o *Options) { o.State = where })
		for name, tt := range map[string]struct {
			certificate *pki.Certificate
			state       State
			reason      Reason
		}{
			"good": {good, Good, None}, "revoked": {revoked, Revoked, KeyCompromise},
			"revoked in the delta": {later, Revoked, None}, "hold lifted by the delta": {removed, Good, None},
		} {
			st, err := c.Check(t.Context(), tt.certificate, issuer)
			if err != nil || st.State != tt.state || st.Reason != tt.reason || st.Source != CRL || !errors.Is(st.Fallback, ErrUnreachable) {
				t.Errorf("%s: %+v, %v", name, st, err)
			}
		}
		st, err := c.Check(t.Context(), revoked, issuer)
		if err != nil || !st.RevokedBy(now.Add(-60*time.Hour)) || st.RevokedBy(now.Add(-80*time.Hour)) {
			t.Errorf("invalidityDate: %+v, %v", st, err)
		}
	}
	// The next run finds the lists on disk, and nobody else has to be there.
	s.status.SetCRLFault(testpki.Down)
	c := s.client(t, func(o *Options) { o.State = dir })
	if st, err := c.Check(t.Context(), later, issuer); err != nil || st.State != Revoked {
		t.Errorf("from disk: %+v, %v", st, err)
	}
	// What lies there is believed no more than what comes from the network.
	if err := dir.Write([]byte("0"), "crl", fileOf(later.CRLs[0])); err != nil {
		t.Fatal(err)
	}
	c = s.client(t, func(o *Options) { o.State = dir })
	if st, err := c.Check(t.Context(), later, issuer); !errors.Is(err, ErrUnreachable) {
		t.Errorf("damaged on disk: %+v, %v", st, err)
	}
}

func TestCRLFaults(t *testing.T) {
	s := serve(t)
	certificate := s.issue(t, testpki.Profile{})
	certificate.OCSP, certificate.DeltaCRLs = nil, nil
	issuer := s.issuer(t, pki.GOST512)
	for _, tt := range []struct {
		fault testpki.Fault
		want  error
		text  string
	}{
		{testpki.WrongSignature, ErrSignature, ""},
		{testpki.Stranger, ErrSignature, ""},
		{testpki.Stale, ErrTime, "good until"},
		{testpki.FutureTime, ErrTime, "it is 2026-11-23"},
		{testpki.OtherIssuer, ErrOther, "another issuer"},
		{testpki.OtherCertificate, ErrScope, "2.5.29.28"},
		{testpki.Truncated, ErrMalformed, ""},
		{testpki.Trailing, ErrMalformed, ""},
		{testpki.Down, ErrUnreachable, "503"},
		{testpki.Slow, ErrUnreachable, ""},
		{testpki.Trickle, ErrUnreachable, ""},
		{testpki.Hangup, ErrUnreachable, ""},
		{testpki.Page, ErrMalformed, ""},
		{testpki.Elsewhere, ErrRedirect, ""},
	} {
		t.Run(string(tt.fault), func(t *testing.T) {
			s.status.SetCRLFault(tt.fault)
			c := s.client(t, func(o *Options) { o.Timeout, o.CRLTimeout = 300*time.Millisecond, time.Second })
			st, err := c.Check(t.Context(), certificate, issuer)
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("%v, %v; want %v", st != nil, err, tt.want)
			}
		})
	}
}

// The chain of a certificate is asked about at once; a revoked authority makes
// all below it worthless.
func TestChecker(t *testing.T) {
	s := serve(t)
	leaf := s.issue(t, testpki.Profile{})
	pool := pki.NewPool(nil)
	pool.AddRoot(s.Root())
	issuing := s.Issuing()
	local := func(c *pki.Certificate) { c.CRLs = []string{s.server.URL + "/crl/root_GOST.crl"} }
	local(issuing)
	pool.AddCertificate(issuing)
	k := &Checker{Client: s.client(t), Pool: pool, Now: func() time.Time { return now }}
	st, err := k.Check(t.Context(), leaf)
	if err != nil || st.State != Good || st.Source != OCSP {
		t.Fatalf("%+v, %v", st, err)
	}
	s.status.Revoke(issuing, testpki.Revocation{At: now.Add(-time.Hour), Reason: 2})
	k.Client = s.client(t)
	st, err = k.Check(t.Context(), leaf)
	if err != nil || st.State != Revoked || st.Reason != CACompromise {
		t.Fatalf("the authority was revoked: %+v, %v", st, err)
	}
	if _, err := (&Checker{Client: s.client(t), Pool: pki.NewPool(nil), Now: k.Now}).Check(t.Context(), leaf); !errors.Is(err, pki.ErrUnknownIssuer) {
		t.Errorf("no chain: %v", err)
	}
	issuing.CRLs = nil
}
