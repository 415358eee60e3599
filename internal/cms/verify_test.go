package cms

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"tanba/internal/pki"
)

// A detached signature is never good without its content, and the verdict says
// whether the rest is.
func TestDetachedWithoutContent(t *testing.T) {
	der := sign(t, signer(t, pki.GOST512, 0), Options{Detached: true})
	sd := mustParse(t, der)
	digest := digestOf(pki.GOST512, content)
	only := func(f pki.Family, d []byte) map[pki.Family][]byte { return map[pki.Family][]byte{f: d} }
	for _, tt := range []struct {
		name   string
		verify func() ([]Verified, error)
		want   error
	}{
		{"nothing", func() ([]Verified, error) { return sd.Verify(nil) }, ErrContentMissing},
		{"content", func() ([]Verified, error) { return sd.Verify(content) }, nil},
		{"empty content", func() ([]Verified, error) { return sd.Verify([]byte{}) }, ErrDigestMismatch},
		{"reader", func() ([]Verified, error) { return sd.VerifyReader(bytes.NewReader(content)) }, nil},
		{"longer reader", func() ([]Verified, error) {
			return sd.VerifyReader(io.MultiReader(bytes.NewReader(content), bytes.NewReader([]byte{0})))
		}, ErrDigestMismatch},
		{"empty reader", func() ([]Verified, error) { return sd.VerifyReader(bytes.NewReader(nil)) }, ErrDigestMismatch},
		{"digest", func() ([]Verified, error) { return sd.VerifyDigest(only(pki.GOST512, digest)) }, nil},
		{"shorter digest", func() ([]Verified, error) { return sd.VerifyDigest(only(pki.GOST512, digest[:63])) }, ErrDigestMismatch},
		{"digest of another hash", func() ([]Verified, error) { return sd.VerifyDigest(only(pki.RSA, digestOf(pki.RSA, content))) }, ErrContentMissing},
		{"empty digest", func() ([]Verified, error) { return sd.VerifyDigest(only(pki.GOST512, []byte{})) }, ErrContentMissing},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := tt.verify(); !errors.Is(err, tt.want) || tt.want == nil && err != nil {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
	// ErrContentMissing speaks of the content alone.
	if _, err := mustParse(t, flip(der, len(der)-1)).Verify(nil); !errors.Is(err, ErrSignature) {
		t.Errorf("wrong signature, no content: %v", err)
	}
}

func TestEmptyContent(t *testing.T) {
	s := signer(t, pki.GOST2004, 0)
	for _, detached := range []bool{false, true} {
		der, err := s.Sign(nil, Options{Detached: detached, Time: signingTime})
		if err != nil {
			t.Fatal(err)
		}
		sd := mustParse(t, der)
		if _, err := sd.Verify([]byte{}); err != nil {
			t.Errorf("detached %v: %v", detached, err)
		}
		if _, err := sd.Verify(nil); detached != errors.Is(err, ErrContentMissing) {
			t.Errorf("detached %v, no content: %v", detached, err)
		}
	}
}

func TestAttachedAgainstAnother(t *testing.T) {
	sd := mustParse(t, sign(t, signer(t, pki.GOST512, 0), Options{}))
	if _, err := sd.Verify(content); err != nil {
		t.Errorf("the same content: %v", err)
	}
	if _, err := sd.Verify([]byte("other")); !errors.Is(err, ErrDigestMismatch) {
		t.Errorf("another content: %v", err)
	}
	if _, err := sd.VerifyReader(bytes.NewReader(content)); err != nil {
		t.Errorf("the same content from a reader: %v", err)
	}
	if _, err := sd.VerifyReader(bytes.NewReader([]byte("other"))); !errors.Is(err, ErrDigestMismatch) {
		t.Errorf("another content from a reader: %v", err)
	}
}

// Without signed attributes only the whole content tells whether it is one.
func TestDirectNeedsTheContent(t *testing.T) {
	sd := mustParse(t, craft{id: identity(t, pki.GOST512, 0), direct: true}.encode(t))
	if _, err := sd.Verify(nil); err != nil {
		t.Error(err)
	}
	if _, err := sd.VerifyDigest(map[pki.Family][]byte{pki.GOST512: digestOf(pki.GOST512, content)}); !errors.Is(err, ErrContentMissing) {
		t.Errorf("by digest: %v", err)
	}
}

// A certificate that is named but was not meant may be there beside the right
// one; a crowd of them may not.
func TestCertificatesOfOneName(t *testing.T) {
	id, c := identity(t, pki.GOST512, 0), identity(t, pki.GOST512, 0).Certificate
	twin := flip(c.Raw, len(c.Raw)-1) // of the CA's signature, which is not looked at here
	for n, want := range map[int]error{0: nil, maxCandidates - 1: nil, maxCandidates: ErrSigningCertificate} {
		certs := [][]byte{c.Raw}
		for range n {
			certs = append([][]byte{twin}, certs...)
		}
		verdicts, err := mustParse(t, craft{id: id, certs: certs}.encode(t)).Verify(nil)
		if !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("%d others: %v, want %v", n, err, want)
		}
		if want == nil && !bytes.Equal(verdicts[0].Certificate.Raw, c.Raw) {
			t.Errorf("%d others: the wrong certificate came out", n)
		}
	}
}

// Large content is looked at where it lies.
func TestContentIsAView(t *testing.T) {
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	der, err := signer(t, pki.RSA, 0).Sign(large, Options{Time: signingTime})
	if err != nil {
		t.Fatal(err)
	}
	sd := mustParse(t, der)
	if &sd.Content[0] != &der[bytes.Index(der, large)] {
		t.Error("the content was copied")
	}
	if _, err := sd.Verify(nil); err != nil {
		t.Error(err)
	}
}
