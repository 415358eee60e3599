package cms

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"tanba/internal/pki"
)

var content = []byte("to be signed by several")

func sign(t testing.TB, s *Signer, o Options) []byte {
	t.Helper()
	o.Time = signingTime
	der, err := s.Sign(content, o)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestAddTo(t *testing.T) {
	for _, detached := range []bool{false, true} {
		var given []byte
		if detached {
			given = content
		}
		der := sign(t, signer(t, pki.GOST512, 0), Options{Detached: detached})
		for n, s := range []*Signer{signer(t, pki.GOST512, 1), signer(t, pki.RSA, 0), signer(t, pki.GOST2004, 0), signer(t, pki.GOST512, 0)} {
			before := mustParse(t, der)
			var err error
			if der, err = s.AddTo(der, given, Options{Time: signingTime}); err != nil {
				t.Fatal(err)
			}
			sd := mustParse(t, der)
			verdicts, err := sd.Verify(given)
			if err != nil {
				t.Fatalf("after signer %d: %v", n+2, err)
			}
			if len(verdicts) != n+2 || len(sd.parts.digestAlgorithms) != n+2 {
				t.Errorf("%d signers, %d digest algorithms, want %d of both", len(verdicts), len(sd.parts.digestAlgorithms), n+2)
			}
			for _, old := range before.Signers {
				if !slices.ContainsFunc(sd.Signers, func(si *SignerInfo) bool { return bytes.Equal(si.Raw, old.Raw) }) {
					t.Error("an earlier SignerInfo has changed")
				}
			}
			if !bytes.Equal(sd.parts.encap, before.parts.encap) || !bytes.Equal(sd.parts.version, before.parts.version) {
				t.Error("the content has changed")
			}
			for _, set := range [][][]byte{sd.parts.signers, sd.parts.certificates, sd.parts.digestAlgorithms} {
				if !slices.IsSortedFunc(set, bytes.Compare) {
					t.Error("a SET is not in DER order")
				}
			}
		}
		// The fifth signer was there already: its certificate is not repeated.
		if n := len(mustParse(t, der).Certificates); n != 4 {
			t.Errorf("%d certificates, want 4", n)
		}
	}
}

func TestAddToWithoutContent(t *testing.T) {
	first := signer(t, pki.GOST512, 0)
	detached := sign(t, first, Options{Detached: true})

	// Same hash: over the digest of the first signer.
	der, err := signer(t, pki.GOST512, 1).AddTo(detached, nil, Options{Time: signingTime})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := mustParse(t, der).Verify(content); err != nil {
		t.Error(err)
	}
	// Another hash: nothing to go by.
	if _, err := signer(t, pki.GOST256, 0).AddTo(detached, nil, Options{}); !errors.Is(err, ErrContentMissing) {
		t.Errorf("another hash: %v", err)
	}
	// A digest nobody stands for.
	if _, err := signer(t, pki.GOST512, 1).AddTo(flip(detached, len(detached)-1), nil, Options{}); !errors.Is(err, ErrContentMissing) {
		t.Errorf("a broken signature: %v", err)
	}
	// Two that disagree.
	other, err := signer(t, pki.GOST512, 1).AddTo(detached, []byte("something else"), Options{Time: signingTime})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.AddTo(other, nil, Options{}); !errors.Is(err, ErrDigestMismatch) {
		t.Errorf("signers over different contents: %v", err)
	}
	// By a digest given from outside.
	h := pki.GOST256.NewHash()
	h.Write(content)
	if der, err = signer(t, pki.GOST256, 0).AddDigest(detached, h.Sum(nil), Options{Time: signingTime}); err != nil {
		t.Fatal(err)
	}
	if _, err := mustParse(t, der).Verify(content); err != nil {
		t.Error(err)
	}
	if _, err := first.AddDigest(detached, nil, Options{}); !errors.Is(err, ErrContentMissing) {
		t.Errorf("no digest: %v", err)
	}
}

func TestAddToRefuses(t *testing.T) {
	s := signer(t, pki.GOST512, 1)
	attached := sign(t, signer(t, pki.GOST512, 0), Options{})
	if _, err := s.AddTo(attached, []byte("other"), Options{}); !errors.Is(err, ErrDigestMismatch) {
		t.Errorf("another content than inside: %v", err)
	}
	if _, err := s.AddDigest(attached, []byte("digest"), Options{}); !errors.Is(err, ErrDigestMismatch) {
		t.Errorf("a digest for an attached one: %v", err)
	}
	for name, bad := range map[string][]byte{"nothing": nil, "text": []byte("0123"), "cut": attached[:100], "longer": append(slices.Clone(attached), 0)} {
		if _, err := s.AddTo(bad, nil, Options{}); !errors.Is(err, ErrNotSignedData) {
			t.Errorf("%s: %v", name, err)
		}
		if IsSignedData(bad) {
			t.Errorf("%s is taken for SignedData", name)
		}
	}
	if !IsSignedData(attached) {
		t.Error("our own output is not taken for SignedData")
	}
}

func TestAddTimestamp(t *testing.T) {
	der := sign(t, signer(t, pki.GOST512, 0), Options{})
	der, err := signer(t, pki.RSA, 0).AddTo(der, nil, Options{Time: signingTime})
	if err != nil {
		t.Fatal(err)
	}
	// Any SignedData serves as a token here: this package does not judge it.
	token := sign(t, signer(t, pki.GOST512, 1), Options{})
	if der, err = AddTimestamp(der, 1, token); err != nil {
		t.Fatal(err)
	}
	verdicts, err := mustParse(t, der).Verify(nil)
	if err != nil {
		t.Fatal(err)
	}
	if stamped := slices.ContainsFunc(verdicts, func(v Verified) bool { return bytes.Equal(v.TimestampToken, token) }); !stamped {
		t.Error("no token came out")
	}
	again, err := AddTimestamp(der, 0, token)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := mustParse(t, again).Verify(nil); err != nil {
		t.Error(err)
	}
	if _, err := AddTimestamp(der, 2, token); !errors.Is(err, ErrNoSigner) {
		t.Errorf("a signer that is not there: %v", err)
	}
	if _, err := AddTimestamp(der, 0, []byte("token")); !errors.Is(err, ErrNotSignedData) {
		t.Errorf("a token that is none: %v", err)
	}
}

// flip returns a copy with the lowest bit of one octet changed.
func flip(in []byte, at int) []byte {
	out := slices.Clone(in)
	out[at] ^= 1
	return out
}
