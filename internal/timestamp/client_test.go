package timestamp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"tanba/internal/pki"
	"tanba/internal/testpki"
)

var now = time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)

var signature = bytes.Repeat([]byte{0x42, 0x13}, 64)

var families = []pki.Family{pki.GOST512, pki.GOST256, pki.GOST2004, pki.RSA}

var made struct {
	sync.Once
	authority *testpki.Authority
	err       error
}

// authority is made once: RSA keys take their time.
func authority(t testing.TB) *testpki.Authority {
	t.Helper()
	made.Do(func() {
		made.authority, made.err = testpki.New(nil, now)
		if made.err == nil {
			_, _, made.err = made.authority.RSA()
		}
	})
	if made.err != nil {
		t.Fatal(made.err)
	}
	return made.authority
}

// service starts a time-stamping authority and returns a client of it that waits
// for nothing.
func service(t testing.TB, change ...func(*Options)) (*testpki.TSA, *Client) {
	t.Helper()
	a := authority(t)
	tsa := a.NewTSA(func() time.Time { return now })
	server := httptest.NewServer(tsa)
	t.Cleanup(server.Close)
	return tsa, client(t, append([]func(*Options){func(o *Options) { o.Addresses = []string{server.URL} }}, change...)...)
}

func client(t testing.TB, change ...func(*Options)) *Client {
	t.Helper()
	o := Options{
		Trust: Trust{Pool: authority(t).Pool(), RequireChain: true},
		Now:   func() time.Time { return now },
		Wait:  func(context.Context, time.Duration) error { return nil },
	}
	for _, c := range change {
		c(&o)
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.http.CloseIdleConnections)
	return c
}

func TestStamp(t *testing.T) {
	for _, f := range families {
		for _, v2 := range []bool{false, true} {
			tsa, c := service(t)
			tsa.V2 = v2
			der, err := c.Stamp(t.Context(), f, signature)
			if err != nil {
				t.Fatalf("%v: %v", f, err)
			}
			token, err := ParseToken(der)
			if err != nil {
				t.Fatal(err)
			}
			if err := token.Covers(signature); err != nil {
				t.Error(err)
			}
			if got, _ := pki.FamilyOfDigest(token.Hash); got != f || !token.Policy.Equal(Policy(f)) || !token.Time.Equal(now) {
				t.Errorf("%v: hash of %v, policy %v, time %v", f, got, token.Policy, token.Time)
			}
		}
	}
}

// Each thing that can be wrong has its own reason, and none of them gives a token.
func TestFaults(t *testing.T) {
	tsa, c := service(t, func(o *Options) { o.Timeout = 2 * time.Second })
	for _, tt := range []struct {
		fault    testpki.Fault
		err      error
		text     string
		attempts int
	}{
		{testpki.OtherNonce, ErrNonce, "wrong nonce", 1},
		{testpki.NoNonce, ErrNonce, "wrong nonce", 1},
		{testpki.OtherImprint, ErrImprint, "wrong imprint", 1},
		{testpki.OtherHash, ErrImprint, "wrong imprint", 1},
		{testpki.OtherPolicy, ErrPolicy, "wrong policy: 1.2.398.3.3.2.6.3 instead of 1.2.398.3.3.2.6.4", 1},
		{testpki.OldTime, ErrChain, "certificate is not valid yet", 1},
		{testpki.FutureTime, ErrTime, "implausible time: the authority says 2026-11-25T12:00:00Z, this computer 2026-11-23T12:00:00Z", 1},
		{testpki.Refusal, ErrRefused, `rejection, badAlg: algorithm not supported: "сынақ "`, 1},
		{testpki.Busy, ErrRefused, "systemFailure", 3},
		{testpki.NoToken, ErrMalformed, "granted, but no token", 1},
		{testpki.WrongSignature, ErrSignature, "wrong signature", 1},
		{testpki.NotForStamps, ErrSigner, "not for time stamps alone", 1},
		{testpki.MorePurposes, ErrSigner, "not for time stamps alone", 1},
		{testpki.NotCritical, ErrSigner, "its purpose is not critical", 1},
		{testpki.NoCertificate, ErrSigner, "no certificate of the signer", 1},
		{testpki.OtherESS, ErrSigner, "signing certificate differs", 1},
		{testpki.NoESS, ErrSigner, "no signing-certificate attribute", 1},
		{testpki.Stranger, ErrChain, "issuer is not known", 1},
		{testpki.ExpiredService, ErrChain, "certificate has expired", 1},
		{testpki.Truncated, ErrMalformed, "response", 1},
		{testpki.Trailing, ErrMalformed, "response", 1},
		{testpki.Oversized, ErrTooLarge, "more than 1048576 octets", 1},
		{testpki.Elsewhere, ErrRedirect, "to http://elsewhere.invalid", 1},
		{testpki.Seized, ErrRedirect, "redirected", 1},
		{testpki.Down, ErrUnreachable, "status 503", 3},
		{testpki.NotFound, ErrUnreachable, "status 404", 1},
		{testpki.Hangup, ErrUnreachable, "EOF", 3},
		{testpki.Page, ErrMalformed, "text/html", 1},
	} {
		t.Run(string(tt.fault), func(t *testing.T) {
			tsa.SetFault(tt.fault)
			token, err := c.Stamp(t.Context(), pki.GOST512, signature)
			if token != nil || !errors.Is(err, tt.err) || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("%v, want %v with %q", err, tt.err, tt.text)
			}
			if n := tsa.Requests(); n != tt.attempts {
				t.Errorf("%d attempts, want %d", n, tt.attempts)
			}
			for _, other := range []error{ErrUnreachable, ErrRefused, ErrRedirect, ErrTooLarge, ErrMalformed, ErrNonce,
				ErrImprint, ErrPolicy, ErrTime, ErrSigner, ErrSignature, ErrChain} {
				if other != tt.err && errors.Is(err, other) {
					t.Errorf("also %v: %v", other, err)
				}
			}
		})
	}
	tsa.SetFault(testpki.NoType)
	if _, err := c.Stamp(t.Context(), pki.GOST512, signature); err != nil {
		t.Errorf("a good answer without its type: %v", err)
	}
	tsa.SetFault(testpki.Flapping)
	for range 5 {
		if _, err := c.Stamp(t.Context(), pki.GOST512, signature); err != nil {
			t.Errorf("a service that fails every other time: %v", err)
		}
	}
}

// A token whose time is long gone is refused for its time if its authority was
// valid then.
func TestOldTime(t *testing.T) {
	tsa, c := service(t, func(o *Options) { o.Now = func() time.Time { return now.AddDate(0, 0, 2) } })
	_, err := c.Stamp(t.Context(), pki.GOST512, signature)
	if !errors.Is(err, ErrTime) {
		t.Errorf("%v, want %v", err, ErrTime)
	}
	_ = tsa
}

func TestSlow(t *testing.T) {
	tsa, c := service(t, func(o *Options) { o.Timeout = 50 * time.Millisecond })
	for _, fault := range []testpki.Fault{testpki.Slow, testpki.Trickle} {
		tsa.SetFault(fault)
		started := time.Now()
		if _, err := c.Stamp(t.Context(), pki.GOST512, signature); !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "deadline") {
			t.Errorf("%s: %v", fault, err)
		}
		if n, took := tsa.Requests(), time.Since(started); n != 3 || took > 5*time.Second {
			t.Errorf("%s: %d attempts in %v", fault, n, took)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		stop := errors.New("the person pressed Stop")
		time.AfterFunc(20*time.Millisecond, func() { cancel(stop) })
		if _, err := c.Stamp(ctx, pki.GOST512, signature); !errors.Is(err, stop) || errors.Is(err, ErrUnreachable) {
			t.Errorf("%s: %v, want the reason of the context", fault, err)
		}
	}
}

// The pauses grow, are never equal for all, and end with the context.
func TestPauses(t *testing.T) {
	var pauses []time.Duration
	tsa, c := service(t, func(o *Options) {
		o.Retries = 3
		o.Wait = func(_ context.Context, d time.Duration) error { pauses = append(pauses, d); return nil }
	})
	tsa.SetFault(testpki.Down)
	if _, err := c.Stamp(t.Context(), pki.GOST512, signature); !errors.Is(err, ErrUnreachable) {
		t.Error(err)
	}
	if len(pauses) != 3 {
		t.Fatalf("pauses %v", pauses)
	}
	for i, base := range []time.Duration{400, 800, 1600} {
		base *= time.Millisecond
		if pauses[i] < base/2 || pauses[i] > base*3/2 {
			t.Errorf("pause %d is %v", i+1, pauses[i])
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	c.o.Wait = wait
	time.AfterFunc(20*time.Millisecond, cancel)
	started := time.Now()
	if _, err := c.Stamp(ctx, pki.GOST512, signature); !errors.Is(err, context.Canceled) || time.Since(started) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(started))
	}
}

// The next address is asked when one fails, in order, and a wrong answer of the
// first does not spoil the second's.
func TestAddresses(t *testing.T) {
	a := authority(t)
	first, second := a.NewTSA(func() time.Time { return now }), a.NewTSA(func() time.Time { return now })
	one, two := httptest.NewServer(first), httptest.NewServer(second)
	defer one.Close()
	defer two.Close()
	c := client(t, func(o *Options) { o.Addresses = []string{one.URL, two.URL} })

	for _, fault := range []testpki.Fault{testpki.Down, testpki.OtherNonce, testpki.Refusal, testpki.Stranger} {
		first.SetFault(fault)
		second.SetFault(testpki.NoFault)
		if _, err := c.Stamp(t.Context(), pki.GOST512, signature); err != nil {
			t.Errorf("%s: %v", fault, err)
		}
		if first.Requests() != 1 || second.Requests() != 1 {
			t.Errorf("%s: asked %d and %d times", fault, first.Requests(), second.Requests())
		}
	}
	first.SetFault(testpki.OtherPolicy)
	second.SetFault(testpki.Down)
	_, err := c.Stamp(t.Context(), pki.GOST512, signature)
	if !errors.Is(err, ErrPolicy) || !errors.Is(err, ErrUnreachable) ||
		!strings.Contains(err.Error(), one.URL) || !strings.Contains(err.Error(), two.URL) {
		t.Errorf("both fail: %v", err)
	}
	if first.Requests() != 1 || second.Requests() != 3 {
		t.Errorf("asked %d and %d times: a wrong answer is final", first.Requests(), second.Requests())
	}
	first.SetFault(testpki.NoFault)
	second.SetFault(testpki.NoFault)
	if _, err := c.Stamp(t.Context(), pki.GOST512, signature); err != nil || second.Requests() != 0 {
		t.Errorf("%v, the second was asked %d times", err, second.Requests())
	}
}

func TestRedirects(t *testing.T) {
	tsa := authority(t).NewTSA(func() time.Time { return now })
	mux := http.NewServeMux()
	mux.Handle("/tsp/", tsa)
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/tsp/", http.StatusPermanentRedirect)
	})
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/loop", http.StatusTemporaryRedirect)
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	mux.HandleFunc("/port", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://127.0.0.1:1/tsp/", http.StatusTemporaryRedirect)
	})
	for path, want := range map[string]error{"/moved": nil, "/loop": ErrRedirect, "/port": ErrRedirect} {
		c := client(t, func(o *Options) { o.Addresses = []string{server.URL + path} })
		if _, err := c.Stamp(t.Context(), pki.GOST512, signature); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
	}
}

// No more requests are under way at once than allowed.
func TestParallel(t *testing.T) {
	tsa := authority(t).NewTSA(func() time.Time { return now })
	var mu sync.Mutex
	var under, most int
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		under++
		most = max(most, under)
		mu.Unlock()
		time.Sleep(10 * time.Millisecond)
		tsa.ServeHTTP(w, r)
		mu.Lock()
		under--
		mu.Unlock()
	}))
	defer server.Close()
	c := client(t, func(o *Options) { o.Addresses, o.Parallel = []string{server.URL}, 3 })
	var wg sync.WaitGroup
	for range 24 {
		wg.Go(func() {
			if _, err := c.Stamp(t.Context(), pki.GOST2004, signature); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if most != 3 {
		t.Errorf("%d requests at once", most)
	}
}

// A pinned anchor without its certificate proves nothing: it is let pass for RSA
// where that is allowed, and refused where a chain is required.
func TestPinnedAnchor(t *testing.T) {
	a := authority(t)
	_, issuing, err := a.RSA()
	if err != nil {
		t.Fatal(err)
	}
	pin := pki.Anchor{Name: "pin", Subject: issuing.Subject, KeyID: issuing.SubjectKeyID}
	gost := pki.Anchor{Name: "pin", Subject: a.Issuing().Subject, KeyID: a.Issuing().SubjectKeyID}
	withCertificate := pki.NewPool([]pki.Anchor{pin})
	withCertificate.AddCertificate(issuing)
	for _, tt := range []struct {
		name  string
		trust Trust
		f     pki.Family
		chain bool
		err   error
	}{
		{"pin alone", Trust{Pool: pki.NewPool([]pki.Anchor{pin})}, pki.RSA, false, nil},
		{"pin alone, chain required", Trust{Pool: pki.NewPool([]pki.Anchor{pin}), RequireChain: true}, pki.RSA, false, ErrChain},
		{"pin with its certificate", Trust{Pool: withCertificate, RequireChain: true}, pki.RSA, true, nil},
		{"another pin", Trust{Pool: pki.NewPool([]pki.Anchor{gost})}, pki.RSA, false, ErrChain},
		{"no exception for GOST", Trust{Pool: pki.NewPool([]pki.Anchor{gost})}, pki.GOST512, false, ErrChain},
		{"no pool", Trust{}, pki.GOST512, false, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, c := service(t, func(o *Options) { o.Trust = tt.trust })
			der, err := c.Stamp(t.Context(), tt.f, signature)
			if !errors.Is(err, tt.err) {
				t.Fatalf("%v, want %v", err, tt.err)
			}
			if err != nil {
				return
			}
			token, err := ParseToken(der)
			if err != nil {
				t.Fatal(err)
			}
			v, err := token.Verify(tt.trust)
			if err != nil || (v.Chain != nil) != tt.chain {
				t.Errorf("%+v, %v", v, err)
			}
		})
	}
	if wanted := pki.NewPool(pki.Anchors(true, false)).Wanted(); len(wanted) != 1 || wanted[0].Name != "NCA RSA 2022" {
		t.Errorf("the built-in anchor that lacks its certificate: %v", wanted)
	}
}

// Nonces are two's complement numbers in the shortest form, also below zero.
func TestNonces(t *testing.T) {
	for _, tt := range []struct{ random, nonce string }{
		{"\x00\x00\x00\x00\x00\x00\x00\x00", "\x00"},
		{"\x00\x00\x00\x00\x00\x00\x00\x7f", "\x7f"},
		{"\x00\x00\x00\x00\x00\x00\x00\x80", "\x00\x80"},
		{"\xff\xff\xff\xff\xff\xff\xff\xff", "\xff"},
		{"\xff\xff\xff\xff\xff\xff\xff\x7f", "\xff\x7f"},
		{"\x80\x00\x00\x00\x00\x00\x00\x01", "\x80\x00\x00\x00\x00\x00\x00\x01"},
		{"\x9a\x01\x02\x03\x04\x05\x06\x07", "\x9a\x01\x02\x03\x04\x05\x06\x07"},
	} {
		_, c := service(t, func(o *Options) { o.Rand = io.MultiReader(strings.NewReader(tt.random), rand.NewChaCha8([32]byte{})) })
		der, err := c.Stamp(t.Context(), pki.GOST512, signature)
		if err != nil {
			t.Errorf("%x: %v", tt.random, err)
			continue
		}
		if token, err := ParseToken(der); err != nil || string(token.Nonce) != tt.nonce {
			t.Errorf("%x: %v, nonce %x", tt.random, err, token.Nonce)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, address := range []string{"", "tsp.pki.gov.kz", "file:///etc/passwd", "ftp://tsp.pki.gov.kz", "http://", "http://a:b@tsp.pki.gov.kz", "http://[::1"} {
		if _, err := New(Options{Addresses: []string{address}}); err == nil {
			t.Errorf("%q accepted", address)
		}
	}
	c, err := New(Options{})
	if err != nil || len(c.addresses) != 1 || c.addresses[0] != DefaultAddress {
		t.Errorf("%v, %v", c, err)
	}
	if _, err := c.Stamp(t.Context(), 0, signature); !errors.Is(err, pki.ErrAlgorithm) {
		t.Errorf("unknown family: %v", err)
	}
	if _, err := c.Stamp(t.Context(), pki.RSA, nil); err == nil {
		t.Error("no signature, no error")
	}
	failing, err := New(Options{Rand: strings.NewReader("short")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := failing.Stamp(t.Context(), pki.RSA, signature); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("no randomness: %v", err)
	}
}

// The proxy of the environment is used, and not for loopback.
func TestProxy(t *testing.T) {
	transport, ok := client(t).o.Transport.(*http.Transport)
	if !ok || transport.Proxy == nil {
		t.Fatal("no proxy function")
	}
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:18080/tsp/", nil)
	if u, err := transport.Proxy(r); u != nil || err != nil {
		t.Errorf("loopback through %v, %v", u, err)
	}
}
