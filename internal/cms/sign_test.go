package cms

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"tanba/internal/pki"
)

func mustParse(t testing.TB, der []byte) *SignedData {
	t.Helper()
	sd, err := Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	return sd
}

func TestSignEveryFamily(t *testing.T) {
	content := []byte("Договор № 42: деньги против стульев")
	for _, f := range families {
		t.Run(f.String(), func(t *testing.T) {
			s := signer(t, f, 0)
			for _, detached := range []bool{false, true} {
				der, err := s.Sign(content, Options{Detached: detached, Time: signingTime})
				if err != nil {
					t.Fatal(err)
				}
				sd := mustParse(t, der)
				if sd.Detached != detached || !detached && !bytes.Equal(sd.Content, content) {
					t.Errorf("detached %v, content %q", sd.Detached, sd.Content)
				}
				var given []byte
				if detached {
					given = content
				}
				verdicts, err := sd.Verify(given)
				if err != nil {
					t.Fatal(err)
				}
				v := verdicts[0]
				if !v.Time.Equal(signingTime) || !bytes.Equal(v.Certificate.Raw, s.Certificate().Raw) || v.TimestampToken != nil {
					t.Errorf("verdict %+v", v)
				}
			}
		})
	}
}

// The given octets are the digest, whatever their number: NCALayer signs 68 and
// 3 octets as well. The order of the attributes follows the length.
func TestSignDigestOfAnyLength(t *testing.T) {
	for _, f := range families {
		s := signer(t, f, 0)
		for _, n := range []int{1, 3, 20, 32, 64, 68, 100, 127, 128, 200, 256, 70000} {
			digest := bytes.Repeat([]byte{0xa5}, n)
			der, err := s.SignDigest(digest, Options{Time: signingTime})
			if err != nil {
				t.Fatal(err)
			}
			sd := mustParse(t, der)
			si := sd.Signers[0]
			if !sd.Detached || !bytes.Equal(si.MessageDigest, digest) {
				t.Errorf("%v: %d octets came out as %d", f, n, len(si.MessageDigest))
			}
			if _, err := sd.VerifyDigest(map[pki.Family][]byte{f: digest}); err != nil {
				t.Errorf("%v: %d octets: %v", f, n, err)
			}
			for i, a := range si.SignedAttributes[1:] {
				if bytes.Compare(si.SignedAttributes[i].Raw, a.Raw) >= 0 {
					t.Errorf("%v: %d octets: attributes out of order", f, n)
				}
			}
		}
		if _, err := s.SignDigest(nil, Options{}); !errors.Is(err, ErrContentMissing) {
			t.Errorf("no digest: %v", err)
		}
	}
}

func TestSigningTime(t *testing.T) {
	s := signer(t, pki.GOST256, 0)
	for _, tt := range []struct {
		time time.Time
		want string // the element
	}{
		{time.Date(2026, 1, 2, 3, 4, 5, 999, time.UTC), "\x17\x0d260102030405Z"},
		{time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 5*3600)), "\x17\x0d260101220405Z"},
		{time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC), "\x17\x0d500101000000Z"},
		{time.Date(2049, 12, 31, 23, 59, 59, 0, time.UTC), "\x17\x0d491231235959Z"},
		{time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC), "\x18\x0f20500101000000Z"},
		{time.Date(1949, 12, 31, 0, 0, 0, 0, time.UTC), "\x18\x0f19491231000000Z"},
	} {
		der, err := s.Sign(nil, Options{Time: tt.time})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(der, []byte(tt.want)) {
			t.Errorf("%v is not written as %q", tt.time, tt.want)
		}
		verdicts, err := mustParse(t, der).Verify(nil)
		if err != nil || !verdicts[0].Time.Equal(tt.time.Truncate(time.Second)) {
			t.Errorf("%v read as %v: %v", tt.time, verdicts[0].Time, err)
		}
	}
	if _, err := s.Sign(nil, Options{Time: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}); err == nil {
		t.Error("the year 10000 was signed")
	}
	der, err := s.Sign(nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if age := time.Since(mustParse(t, der).Signers[0].SigningTime); age < 0 || age > time.Minute {
		t.Errorf("no time given: signed %v ago", age)
	}
}

func TestContentType(t *testing.T) {
	s := signer(t, pki.GOST512, 0)
	tstInfo := pki.OID{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	der, err := s.Sign([]byte("x"), Options{Time: signingTime, ContentType: tstInfo})
	if err != nil {
		t.Fatal(err)
	}
	sd := mustParse(t, der)
	if !sd.ContentType.Equal(tstInfo) || sd.Version != 3 {
		t.Errorf("content type %v, version %d", sd.ContentType, sd.Version)
	}
	if _, err := sd.Verify(nil); err != nil {
		t.Error(err)
	}
	if _, err := s.Sign(nil, Options{ContentType: pki.OID{9, 9}}); err == nil {
		t.Error("an impossible content type was taken")
	}
}

func TestSignReader(t *testing.T) {
	s := signer(t, pki.GOST512, 0)
	content := bytes.Repeat([]byte("0123456789abcdef"), 20000)
	der, err := s.SignReader(iotest.HalfReader(bytes.NewReader(content)), Options{Time: signingTime})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := mustParse(t, der).Verify(content); err != nil {
		t.Error(err)
	}
	if _, err := mustParse(t, der).VerifyReader(bytes.NewReader(content)); err != nil {
		t.Error(err)
	}
	broken := errors.New("disk gone")
	if _, err := s.SignReader(io.MultiReader(bytes.NewReader(content), iotest.ErrReader(broken)), Options{}); !errors.Is(err, broken) {
		t.Errorf("a broken reader: %v", err)
	}
	if _, err := mustParse(t, der).VerifyReader(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("a broken reader: %v", err)
	}
}

func TestAppendKeepsWhatIsThere(t *testing.T) {
	s := signer(t, pki.GOST512, 0)
	dst, err := s.Append([]byte("before"), []byte("content"), Options{Time: signingTime})
	if err != nil {
		t.Fatal(err)
	}
	rest, ok := bytes.CutPrefix(dst, []byte("before"))
	if !ok {
		t.Fatalf("%q", dst[:10])
	}
	if _, err := mustParse(t, rest).Verify(nil); err != nil {
		t.Error(err)
	}
}

func TestSignerNeedsItsOwnCertificate(t *testing.T) {
	a, b := identity(t, pki.GOST512, 0), identity(t, pki.GOST512, 1)
	if _, err := NewSigner(a.Key, b.Certificate); !errors.Is(err, pki.ErrKeyMismatch) {
		t.Errorf("another certificate: %v", err)
	}
	if _, err := NewSigner(a.Key, identity(t, pki.RSA, 0).Certificate); !errors.Is(err, pki.ErrKeyMismatch) {
		t.Errorf("a certificate of another family: %v", err)
	}
	if _, err := NewSigner(nil, b.Certificate); err == nil {
		t.Error("no key")
	}
	if _, err := NewSigner(a.Key, nil); err == nil {
		t.Error("no certificate")
	}
}

func TestChainGoesIn(t *testing.T) {
	id := identity(t, pki.GOST512, 0)
	root, issuing := issued.authority.Root(), issued.authority.Issuing()
	s, err := NewSigner(id.Key, id.Certificate, issuing, root, nil, id.Certificate, root)
	if err != nil {
		t.Fatal(err)
	}
	der, err := s.Sign(nil, Options{Time: signingTime})
	if err != nil {
		t.Fatal(err)
	}
	sd := mustParse(t, der)
	if len(sd.Certificates) != 3 {
		t.Errorf("%d certificates", len(sd.Certificates))
	}
	for i, c := range sd.Certificates[1:] {
		if bytes.Compare(sd.Certificates[i].Raw, c.Raw) >= 0 {
			t.Error("certificates are not in DER order")
		}
	}
	if verdicts, err := sd.Verify(nil); err != nil || !bytes.Equal(verdicts[0].Certificate.Raw, id.Certificate.Raw) {
		t.Errorf("verdict %v", err)
	}
}

// wrong is a device that returns a signature of the right length, but not ours.
type wrong struct {
	crypto.Signer
	length int
	err    error
}

func (k wrong) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return bytes.Repeat([]byte{7}, k.length), k.err
}

func TestKeyThatFails(t *testing.T) {
	id := identity(t, pki.GOST512, 0)
	gone := errors.New("token removed")
	for _, tt := range []struct {
		name   string
		key    wrong
		verify bool
		want   error
		text   string
	}{
		{"wrong signature", wrong{id.Key, 128, nil}, true, ErrSignature, "cms: wrong signature: what the key returned: signature does not verify"},
		{"wrong length", wrong{id.Key, 127, nil}, false, ErrSignature, "cms: wrong signature: the key gave 127 octets, want 128"},
		{"error", wrong{id.Key, 0, gone}, false, gone, "cms: signing: token removed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := NewSigner(tt.key, id.Certificate)
			if err != nil {
				t.Fatal(err)
			}
			dst, err := s.Append([]byte("kept"), nil, Options{VerifyAfter: tt.verify})
			if !errors.Is(err, tt.want) || err.Error() != tt.text {
				t.Errorf("%v", err)
			}
			if string(dst) != "kept" {
				t.Errorf("dst is %q", dst)
			}
		})
	}
}

func TestSignerIsConcurrent(t *testing.T) {
	s := signer(t, pki.GOST512, 0)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 5 {
				content := []byte(strings.Repeat(fmt.Sprintf("%d/%d ", i, j), 200*(i+1)))
				der, err := s.Append(nil, content, Options{Time: signingTime})
				if err != nil {
					t.Error(err)
					return
				}
				sd, err := Parse(der)
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := sd.Verify(content); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

// still is a software key whose primitive costs nothing, so that what remains is
// the cost of this package.
type still struct {
	crypto.Signer
	length int
}

func (k still) AppendSignature(dst, _ []byte) ([]byte, error) {
	for range k.length {
		dst = append(dst, 7)
	}
	return dst, nil
}

// raceDetector is set where allocations cannot be counted; the tests without it
// count them.
var raceDetector bool

// The signing path allocates nothing of its own when dst has room, and with the
// GOST primitive nothing at all.
func TestAllocations(t *testing.T) {
	if raceDetector {
		t.Skip("counted without the race detector")
	}
	content := bytes.Repeat([]byte("x"), 10<<10)
	digest := bytes.Repeat([]byte{1}, 64)
	dst := make([]byte, 0, 32<<10)
	for _, f := range families {
		own := signer(t, f, 0)
		stilled, err := NewSigner(still{own.key, own.signatureLen}, own.certificate)
		if err != nil {
			t.Fatal(err)
		}
		limit := 0.0
		if f == pki.RSA {
			limit = 10 // of crypto/rsa
		}
		for _, tt := range []struct {
			name  string
			s     *Signer
			limit float64
		}{{"own", own, limit}, {"without the primitive", stilled, 0}} {
			for _, detached := range []bool{false, true} {
				o := Options{Detached: detached, Time: signingTime}
				if n := testing.AllocsPerRun(20, func() {
					if _, err := tt.s.Append(dst, content, o); err != nil {
						t.Fatal(err)
					}
				}); n > tt.limit {
					t.Errorf("%v %s: Append, detached %v: %v allocations, want at most %v", f, tt.name, detached, n, tt.limit)
				}
			}
			if n := testing.AllocsPerRun(20, func() {
				if _, err := tt.s.AppendDigest(dst, digest[:f.HashSize()], Options{Time: signingTime}); err != nil {
					t.Fatal(err)
				}
			}); n > tt.limit {
				t.Errorf("%v %s: AppendDigest: %v allocations, want at most %v", f, tt.name, n, tt.limit)
			}
		}
	}
}
