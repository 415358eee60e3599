package timestamp

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"tanba/internal/cms"
	"tanba/internal/pki"
	"tanba/internal/testpki"
)

// cosigned adds a signer of another family to a signature.
func cosigned(t *testing.T, der []byte, f pki.Family) []byte {
	t.Helper()
	id, err := authority(t).Issue(testpki.Profile{Family: f})
	if err != nil {
		t.Fatal(err)
	}
	s, err := cms.NewSigner(id.Key, id.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.AddTo(der, nil, cms.Options{Time: now})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// tokens returns, for each signer by its family, its token; the signatures and
// what the tokens cover are checked.
func tokens(t *testing.T, der []byte) map[pki.Family][]byte {
	t.Helper()
	sd, err := cms.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sd.Verify(nil); err != nil {
		t.Error(err)
	}
	out := map[pki.Family][]byte{}
	for _, si := range sd.Signers {
		f, _ := pki.FamilyOfSignature(si.SignatureAlgorithm)
		out[f] = si.TimestampToken()
		if out[f] == nil {
			continue
		}
		token, err := ParseToken(out[f])
		if err != nil {
			t.Fatal(err)
		}
		if err := token.Covers(si.Signature); err != nil {
			t.Errorf("%v: %v", f, err)
		}
		if len(si.UnsignedAttributes) != 1 {
			t.Errorf("%v: %d unsigned attributes", f, len(si.UnsignedAttributes))
		}
	}
	return out
}

func TestAdd(t *testing.T) {
	tsa, c := service(t)
	one := signed(t, pki.GOST512, []byte("акт"), cms.Options{})
	first, err := Add(t.Context(), c, one)
	if err != nil {
		t.Fatal(err)
	}
	if got := tokens(t, first); len(got) != 1 || got[pki.GOST512] == nil {
		t.Errorf("one signer: %v", got)
	}

	// A second signer: the first keeps what it has.
	two := cosigned(t, first, pki.RSA)
	before := tokens(t, two)
	if before[pki.RSA] != nil {
		t.Fatal("a new signer with a token")
	}
	second, err := Add(t.Context(), c, two)
	if err != nil {
		t.Fatal(err)
	}
	got := tokens(t, second)
	if got[pki.RSA] == nil || !bytes.Equal(got[pki.GOST512], before[pki.GOST512]) {
		t.Error("the second signer's token is missing, or the first's was changed")
	}
	tsa.SetFault(testpki.NoFault)
	if again, err := Add(t.Context(), c, second); err != nil || !bytes.Equal(again, second) || tsa.Requests() != 0 {
		t.Errorf("nothing lacks: %v, %d requests, changed %v", err, tsa.Requests(), !bytes.Equal(again, second))
	}
	both, err := Add(t.Context(), c, cosigned(t, one, pki.GOST2004))
	if err != nil {
		t.Fatal(err)
	}
	if got := tokens(t, both); got[pki.GOST512] == nil || got[pki.GOST2004] == nil {
		t.Errorf("both: %v", got)
	}
}

func TestAddToNew(t *testing.T) {
	_, c := service(t)
	one := signed(t, pki.GOST512, []byte("акт"), cms.Options{})
	alone, err := AddToNew(t.Context(), c, one, nil)
	if err != nil || tokens(t, alone)[pki.GOST512] == nil {
		t.Errorf("a signature of its own: %v", err)
	}
	two, err := AddToNew(t.Context(), c, cosigned(t, one, pki.RSA), one)
	if err != nil {
		t.Fatal(err)
	}
	if got := tokens(t, two); got[pki.RSA] == nil || got[pki.GOST512] != nil {
		t.Error("the new signer's token is missing, or the old signer got one")
	}
}

func TestAddFails(t *testing.T) {
	tsa, c := service(t)
	tsa.SetFault(testpki.Refusal)
	one := signed(t, pki.GOST512, []byte("акт"), cms.Options{})
	for name, tt := range map[string]struct {
		der []byte
		err error
	}{
		"refused":        {one, ErrRefused},
		"no signature":   {[]byte("акт"), cms.ErrNotSignedData},
		"no octets":      {nil, cms.ErrNotSignedData},
		"unknown key":    {bytes.ReplaceAll(one, pki.GOST512.SignatureAlgorithm(), bytes.Replace(pki.GOST512.SignatureAlgorithm(), []byte{2, 3, 2}, []byte{2, 3, 9}, 1)), cms.ErrAlgorithm},
		"cut off":        {one[:len(one)-1], cms.ErrNotSignedData},
		"before is junk": {one, cms.ErrNotSignedData},
	} {
		var err error
		if name == "before is junk" {
			_, err = AddToNew(t.Context(), c, tt.der, []byte("junk"))
		} else {
			_, err = Add(t.Context(), c, tt.der)
		}
		if !errors.Is(err, tt.err) {
			t.Errorf("%s: %v, want %v", name, err, tt.err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Add(ctx, c, one); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
