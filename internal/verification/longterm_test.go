package verification_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"tanba/internal/cms"
	"tanba/internal/pki"
	"tanba/internal/revocation"
	"tanba/internal/testoracle"
	"tanba/internal/testpki"
	"tanba/internal/timestamp"
	"tanba/internal/verification"
)

// world is an authority with all its services, and a clock that a test moves.
type world struct {
	*testpki.Authority
	tsa    *testpki.TSA
	status *testpki.Status
	server *httptest.Server
	roots  []*pki.Certificate

	mu   sync.Mutex
	time time.Time
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.time
}

func (w *world) set(t time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.time = t
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{time: now}
	mux := http.NewServeMux()
	w.server = httptest.NewServer(mux)
	t.Cleanup(w.server.Close)
	a, err := testpki.NewAt(nil, now, w.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	rsaRoot, _, err := a.RSA()
	if err != nil {
		t.Fatal(err)
	}
	w.Authority, w.roots = a, []*pki.Certificate{a.Root(), rsaRoot}
	w.tsa, w.status = a.NewTSA(w.now), a.NewStatus(w.now)
	mux.Handle("/tsp/", w.tsa)
	mux.Handle("/", w.status)
	return w
}

func (w *world) host() string { return strings.TrimPrefix(w.server.URL, "http://") }

func (w *world) stamper(t testing.TB) timestamp.Stamper {
	t.Helper()
	pool := w.Pool()
	c, err := timestamp.New(timestamp.Options{
		Addresses: []string{w.server.URL + "/tsp/"}, Trust: timestamp.Trust{Pool: pool, RequireChain: true}, Now: w.now,
		Wait: func(context.Context, time.Duration) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (w *world) online(t testing.TB) *verification.Verifier {
	t.Helper()
	c, err := revocation.New(revocation.Options{
		Addresses: []string{w.host()}, Now: w.now, Retries: -1,
		Wait: func(context.Context, time.Duration) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return verification.New(verification.Trust{Roots: w.roots, Revocation: c, Now: w.now})
}

func (w *world) offline() *verification.Verifier {
	return verification.New(verification.Trust{Roots: w.roots, Now: w.now})
}

func (w *world) identity(t testing.TB, f pki.Family) *testpki.Identity {
	t.Helper()
	id, err := w.Issue(testpki.Profile{Family: f, NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (w *world) sign(t testing.TB, id *testpki.Identity, content []byte, detached bool) []byte {
	t.Helper()
	// The certificate of the issuing authority comes from the key store.
	chain := []*pki.Certificate{w.Issuing()}
	if id.Certificate.PublicKey.Family == pki.RSA {
		_, issuing, err := w.RSA()
		if err != nil {
			t.Fatal(err)
		}
		chain[0] = issuing
	}
	s, err := cms.NewSigner(id.Key, id.Certificate, chain...)
	if err != nil {
		t.Fatal(err)
	}
	der, err := s.Sign(content, cms.Options{Time: w.now(), Detached: detached})
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// A signature carried to LT and LTA is good two years later, with the network
// cut off and all certificates of people and services expired; the oracle sees
// the same levels.
func TestLongTerm(t *testing.T) {
	for _, f := range []pki.Family{pki.GOST512, pki.RSA} {
		for _, detached := range []bool{false, true} {
			name := f.KalkanName()
			if detached {
				name += " detached"
			}
			t.Run(name, func(t *testing.T) {
				w := newWorld(t)
				content := []byte("Договор № 44")
				signed := w.sign(t, w.identity(t, f), content, detached)
				levels := map[verification.Level][]byte{verification.LevelB: signed}
				for _, level := range []verification.Level{verification.LevelT, verification.LevelLT, verification.LevelLTA} {
					der, err := w.online(t).Upgrade(t.Context(), signed, verification.Upgrade{Level: level, Stamper: w.stamper(t), Content: content})
					if err != nil {
						t.Fatalf("%s: %v", level, err)
					}
					levels[level] = der
				}
				contentFile := testoracle.File(t, "content", content)
				for level, der := range levels {
					args := []string{"cms-verify", testoracle.File(t, "s.cms", der)}
					if detached {
						args = append(args, "--content", contentFile)
					}
					r := testoracle.Java(t, args...)
					if !r.Valid || level != verification.LevelB && !strings.Contains(strings.ReplaceAll(r.Output, " ", ""), `"level":"`+string(level)+`"`) {
						t.Errorf("oracle, %s: %s", level, r.Output)
					}
				}
				if r := testoracle.OpenSSL(t, append([]string{"cms-verify", testoracle.File(t, "s.cms", levels[verification.LevelLTA])}, map[bool][]string{true: {"--content", contentFile}}[detached]...)...); !r.Valid {
					t.Errorf("openssl: %s", r.Output)
				}
				w.server.Close()
				for later, want := range map[time.Duration]map[verification.Level]bool{
					time.Hour:                {verification.LevelB: true, verification.LevelT: true, verification.LevelLT: true, verification.LevelLTA: true},
					2 * 365 * 24 * time.Hour: {verification.LevelB: false, verification.LevelT: true, verification.LevelLT: true, verification.LevelLTA: true},
				} {
					w.set(now.Add(later))
					for level, der := range levels {
						r, err := w.offline().CMS(t.Context(), der, verification.Options{Content: content})
						if err != nil {
							t.Fatal(err)
						}
						s := r.Signers[0]
						if !r.Good() || r.Trusted() != want[level] || s.Level != level {
							t.Errorf("%v later, %s: good %v, trusted %v, level %s: %+v", later, level, r.Good(), r.Trusted(), s.Level, s)
						}
						if lasting := level == verification.LevelLT || level == verification.LevelLTA; lasting != (s.Status != nil) || lasting && s.Evidence != verification.FromSignature {
							t.Errorf("%v later, %s: status %v from %q", later, level, s.Status != nil, s.Evidence)
						}
						if level != verification.LevelB && !s.Proven().Equal(now) {
							t.Errorf("%s: proven %v", level, s.Proven())
						}
					}
				}
				w.set(now.Add(time.Hour))
				tampered(t, w, levels[verification.LevelLTA], content)
			})
		}
	}
}

// tampered flips bits of an LTA signature: none is found good at its level
// afterwards, wherever the bit was.
func tampered(t *testing.T, w *world, der, content []byte) {
	t.Helper()
	for i := 0; i < len(der); i += 61 {
		changed := append([]byte(nil), der...)
		changed[i] ^= 1 << (i % 8)
		r, err := w.offline().CMS(t.Context(), changed, verification.Options{Content: content})
		if err == nil && r.Good() && r.Trusted() && r.Signers[0].Level == verification.LevelLTA {
			t.Errorf("octet %d of %d changed, and still LTA", i, len(der))
		}
	}
}

// Two signers of different families, nested in a third's signature.
func TestSeveralAndNested(t *testing.T) {
	w := newWorld(t)
	content := []byte("Акт")
	two := w.sign(t, w.identity(t, pki.GOST512), content, false)
	second := w.identity(t, pki.RSA)
	s, err := cms.NewSigner(second.Key, second.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	if two, err = s.AddTo(two, nil, cms.Options{Time: now}); err != nil {
		t.Fatal(err)
	}
	_, rsaIssuing, err := w.RSA()
	if err != nil {
		t.Fatal(err)
	}
	w.roots = append(w.roots, rsaIssuing)
	lta, err := w.online(t).Upgrade(t.Context(), two, verification.Upgrade{Level: verification.LevelLTA, Stamper: w.stamper(t)})
	if err != nil {
		t.Fatal(err)
	}
	r, err := w.offline().CMS(t.Context(), lta, verification.Options{})
	if err != nil || len(r.Signers) != 2 || !r.Good() || !r.Trusted() {
		t.Fatalf("%+v, %v", r, err)
	}
	for i := range r.Signers {
		if r.Signers[i].Level != verification.LevelLTA {
			t.Errorf("signer %d: level %s", i+1, r.Signers[i].Level)
		}
	}
	if o := testoracle.Java(t, "cms-verify", testoracle.File(t, "two.cms", lta)); !o.Valid {
		t.Errorf("oracle: %s", o.Output)
	}
	nested := w.sign(t, w.identity(t, pki.GOST512), lta, false)
	r, err = w.offline().CMS(t.Context(), nested, verification.Options{})
	if err != nil || r.Inner == nil || len(r.Inner.Signers) != 2 || !r.Good() || !r.Trusted() {
		t.Fatalf("nested: %+v, %v", r, err)
	}
	// A bad signature inside makes the whole bad.
	bad := append([]byte(nil), two...)
	bad[len(bad)-5] ^= 1
	r, err = w.offline().CMS(t.Context(), w.sign(t, w.identity(t, pki.GOST512), bad, false), verification.Options{})
	if err != nil || r.Inner == nil || r.Good() {
		t.Errorf("a bad one inside: %+v, %v", r, err)
	}
}

// Then and now, by the time of the stamp and the reason.
func TestRevokedAfterwards(t *testing.T) {
	for _, tt := range []struct {
		name        string
		r           testpki.Revocation
		stamped     bool
		then, state verification.CertificateState
		trusted     bool
	}{
		{"replaced later", testpki.Revocation{At: now.Add(time.Hour), Reason: 4}, true, verification.Trusted, verification.Revoked, true},
		{"stolen later", testpki.Revocation{At: now.Add(time.Hour), Reason: 1}, true, verification.Trusted, verification.Revoked, false},
		{"no reason given", testpki.Revocation{At: now.Add(time.Hour), Reason: -1}, true, verification.Trusted, verification.Revoked, false},
		{"replaced before", testpki.Revocation{At: now.Add(-time.Hour), Reason: 4}, true, verification.Revoked, verification.Revoked, false},
		{"replaced, no stamp", testpki.Revocation{At: now.Add(time.Hour), Reason: 4}, false, "", verification.Revoked, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			id := w.identity(t, pki.GOST512)
			der := w.sign(t, id, []byte("Акт"), false)
			if tt.stamped {
				var err error
				if der, err = timestamp.Add(t.Context(), w.stamper(t), der); err != nil {
					t.Fatal(err)
				}
			}
			w.status.Revoke(id.Certificate, tt.r)
			w.set(now.Add(2 * time.Hour))
			r, err := w.online(t).CMS(t.Context(), der, verification.Options{})
			if err != nil {
				t.Fatal(err)
			}
			s := r.Signers[0]
			if !r.Good() || s.Then != tt.then || s.State != tt.state || r.Trusted() != tt.trusted || s.Evidence != verification.FromService {
				t.Errorf("then %q, now %q, trusted %v, from %q: %v", s.Then, s.State, r.Trusted(), s.Evidence, s.StatusErr)
			}
			// Asked about an hour before, it was not revoked yet.
			if tt.r.At.After(now) {
				if r, err = w.online(t).CMS(t.Context(), der, verification.Options{At: now}); err != nil || r.Signers[0].State != verification.Trusted {
					t.Errorf("at the time: %q, %v", r.Signers[0].State, err)
				}
			}
		})
	}
}

// A stamp that is wrong makes the signature wrong, one of an unknown authority
// does not prove anything.
func TestStamps(t *testing.T) {
	w := newWorld(t)
	der := w.sign(t, w.identity(t, pki.GOST512), []byte("Акт"), false)
	other := w.sign(t, w.identity(t, pki.GOST512), []byte("Иной акт"), false)
	stamped, err := timestamp.Add(t.Context(), w.stamper(t), other)
	if err != nil {
		t.Fatal(err)
	}
	sd, err := cms.Parse(stamped)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := cms.AddTimestamp(der, 0, sd.Signers[0].TimestampToken())
	if err != nil {
		t.Fatal(err)
	}
	r, err := w.offline().CMS(t.Context(), foreign, verification.Options{})
	if err != nil || r.Good() || !errors.Is(r.Signers[0].Stamp.Err, timestamp.ErrImprint) {
		t.Errorf("a stamp of another signature: good %v, %v", r.Good(), err)
	}
	w.roots = []*pki.Certificate{w.Issuing()}
	r, err = w.offline().CMS(t.Context(), stamped, verification.Options{})
	if err != nil || !r.Good() || !r.Trusted() {
		t.Fatalf("%+v, %v", r, err)
	}
	w.roots = nil
	r, err = w.offline().CMS(t.Context(), stamped, verification.Options{})
	if err != nil || !r.Good() || r.Trusted() || !errors.Is(r.Signers[0].Stamp.Err, timestamp.ErrChain) || !r.Signers[0].Proven().IsZero() {
		t.Errorf("of an unknown authority: %+v, %v", r.Signers[0].Stamp, err)
	}
}

// Services out of reach are said to be so, and are no fault of the signature;
// without evidence there is no LT.
func TestOutOfReach(t *testing.T) {
	w := newWorld(t)
	der := w.sign(t, w.identity(t, pki.GOST512), []byte("Акт"), false)
	w.status.SetFault(testpki.Down)
	w.status.SetCRLFault(testpki.Down)
	r, err := w.online(t).CMS(t.Context(), der, verification.Options{})
	if err != nil || !r.Good() || !r.Trusted() || !r.Unchecked() || !errors.Is(r.Signers[0].StatusErr, revocation.ErrUnreachable) {
		t.Errorf("%+v, %v", r, err)
	}
	_, err = w.online(t).Upgrade(t.Context(), der, verification.Upgrade{Level: verification.LevelLT, Stamper: w.stamper(t)})
	if !errors.Is(err, verification.ErrUnproved) {
		t.Errorf("LT without evidence: %v", err)
	}
	w.tsa.SetFault(testpki.Down)
	_, err = w.online(t).Upgrade(t.Context(), der, verification.Upgrade{Level: verification.LevelT, Stamper: w.stamper(t)})
	if !errors.Is(err, timestamp.ErrUnreachable) {
		t.Errorf("T without a stamp: %v", err)
	}
	// The CRL serves where OCSP does not.
	w.status.SetCRLFault(testpki.NoFault)
	w.tsa.SetFault(testpki.NoFault)
	lt, err := w.online(t).Upgrade(t.Context(), der, verification.Upgrade{Level: verification.LevelLT, Stamper: w.stamper(t)})
	if err != nil {
		t.Fatal(err)
	}
	r, err = w.offline().CMS(t.Context(), lt, verification.Options{})
	if err != nil || r.Signers[0].Level != verification.LevelLT || r.Signers[0].Status.Source != revocation.CRL {
		t.Errorf("by CRL: %+v, %v", r.Signers[0], err)
	}
}

// What is not good is not carried on.
func TestUpgradeRefuses(t *testing.T) {
	w := newWorld(t)
	id := w.identity(t, pki.GOST512)
	der := w.sign(t, id, []byte("Акт"), false)
	upgrade := verification.Upgrade{Level: verification.LevelLT, Stamper: w.stamper(t)}
	bad := append([]byte(nil), der...)
	bad[len(bad)-5] ^= 1
	if _, err := w.online(t).Upgrade(t.Context(), bad, upgrade); !errors.Is(err, verification.ErrNotGood) {
		t.Errorf("a bad signature: %v", err)
	}
	w.status.Revoke(id.Certificate, testpki.Revocation{At: now.Add(-time.Hour), Reason: 4})
	if _, err := w.online(t).Upgrade(t.Context(), der, upgrade); !errors.Is(err, verification.ErrNotGood) || !strings.Contains(err.Error(), "revoked on") {
		t.Errorf("a revoked certificate: %v", err)
	}
	if _, err := w.online(t).Upgrade(t.Context(), []byte("text"), upgrade); !errors.Is(err, cms.ErrNotSignedData) {
		t.Errorf("no signature: %v", err)
	}
}
