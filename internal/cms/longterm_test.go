package cms

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"tanba/internal/pki"
)

// validated is a signature with a second certificate, a list and a response.
func validated(t testing.TB) (before, after []byte) {
	t.Helper()
	before = sign(t, signer(t, pki.GOST512, 0), Options{})
	after, err := AddValidation(before, Validation{
		Certificates: [][]byte{identity(t, pki.RSA, 0).Certificate.Raw, identity(t, pki.GOST512, 0).Certificate.Raw},
		CRLs:         [][]byte{element(tagSequence, []byte{tagNull, 0})},
		Responses:    [][]byte{element(tagSequence, []byte{0x0a, 1, 0})},
	})
	if err != nil {
		t.Fatal(err)
	}
	return before, after
}

func TestAddValidation(t *testing.T) {
	before, after := validated(t)
	old, err := Parse(before)
	if err != nil {
		t.Fatal(err)
	}
	sd, err := Parse(after)
	if err != nil {
		t.Fatal(err)
	}
	if len(sd.Certificates) != len(old.Certificates)+1 || len(sd.CRLs) != 1 || len(sd.OCSPResponses()) != 1 || sd.Version != 5 {
		t.Errorf("%d certificates, %d lists, %d responses, version %d", len(sd.Certificates), len(sd.CRLs), len(sd.OCSPResponses()), sd.Version)
	}
	if !bytes.Equal(sd.Signers[0].Raw, old.Signers[0].Raw) {
		t.Error("the signer changed")
	}
	if _, err := sd.Verify(nil); err != nil {
		t.Error(err)
	}
	again, err := AddValidation(after, Validation{CRLs: sd.CRLs, Responses: sd.OCSPResponses(), Certificates: sd.parts.certificates})
	if err != nil || !bytes.Equal(again, after) {
		t.Errorf("the same once more is put in twice: %v", err)
	}
	for name, v := range map[string]Validation{
		"certificate": {Certificates: [][]byte{{0x30, 0}}},
		"list":        {CRLs: [][]byte{{0x31, 0}}},
		"response":    {Responses: [][]byte{nil}},
	} {
		if _, err := AddValidation(before, v); err == nil {
			t.Errorf("a wrong %s is taken", name)
		}
	}
}

// token is a stand-in for a time-stamp token: a signature of its own.
func token(t testing.TB) []byte { return sign(t, signer(t, pki.GOST512, 0), Options{}) }

func TestArchive(t *testing.T) {
	_, der := validated(t)
	sd, err := Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	digest := sd.Signers[0].MessageDigest
	a, err := sd.NewArchive(0, pki.GOST512, digest)
	if err != nil {
		t.Fatal(err)
	}
	der, err = a.AddArchive(der, 0, token(t))
	if err != nil {
		t.Fatal(err)
	}
	if sd, err = Parse(der); err != nil {
		t.Fatal(err)
	}
	tokens := sd.Signers[0].ArchiveTokens()
	if len(tokens) != 1 {
		t.Fatalf("%d archive tokens", len(tokens))
	}
	imprint, err := sd.ArchiveImprint(0, tokens[0], digest)
	if err != nil || !bytes.Equal(imprint, a.Imprint) {
		t.Errorf("not what was to be stamped: %v", err)
	}
	// More may come later; nothing may go.
	more, err := AddValidation(der, Validation{Certificates: [][]byte{identity(t, pki.GOST256, 0).Certificate.Raw}})
	if err != nil {
		t.Fatal(err)
	}
	later, err := Parse(more)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := later.ArchiveImprint(0, tokens[0], digest); err != nil {
		t.Errorf("with one more certificate: %v", err)
	}
	for what, take := range map[string]func(*parts){
		"certificates":    func(p *parts) { p.certificates = p.certificates[:1] },
		"revocation data": func(p *parts) { p.crls = nil },
	} {
		cut, err := Parse(der)
		if err != nil {
			t.Fatal(err)
		}
		take(&cut.parts)
		less, err := Parse(cut.parts.encode())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := less.ArchiveImprint(0, tokens[0], digest); !errors.Is(err, ErrArchive) || !strings.Contains(err.Error(), what) {
			t.Errorf("without %s: %v", what, err)
		}
	}
	if _, err := sd.ArchiveImprint(0, token(t), digest); !errors.Is(err, ErrArchive) {
		t.Errorf("a token without an index: %v", err)
	}
	if _, err := sd.NewArchive(1, pki.GOST512, digest); !errors.Is(err, ErrNoSigner) {
		t.Errorf("no such signer: %v", err)
	}
	if _, err := sd.NewArchive(0, pki.RSA, digest); !errors.Is(err, ErrAlgorithm) {
		t.Errorf("a digest of another length: %v", err)
	}
}

func FuzzArchiveImprint(f *testing.F) {
	_, der := validated(f)
	sd, err := Parse(der)
	if err != nil {
		f.Fatal(err)
	}
	a, err := sd.NewArchive(0, pki.GOST512, sd.Signers[0].MessageDigest)
	if err != nil {
		f.Fatal(err)
	}
	whole, err := a.AddArchive(der, 0, token(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Fuzz(func(t *testing.T, in []byte) {
		sd, err := Parse(in)
		if err != nil {
			return
		}
		sd.OCSPResponses()
		for i, si := range sd.Signers {
			for _, token := range si.ArchiveTokens() {
				_, _ = sd.ArchiveImprint(i, token, si.MessageDigest)
			}
		}
	})
}
