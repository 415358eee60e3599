package timestamp

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"tanba/internal/cms"
	"tanba/internal/pki"
	"tanba/internal/testdata"
)

func fixture(t testing.TB, path ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(testdata.Shared(t, path...))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// stamped is a real signature and its token.
func stamped(t testing.TB, path ...string) (*Token, []byte) {
	t.Helper()
	sd, err := cms.ParseAny(fixture(t, path...))
	if err != nil {
		t.Fatal(err)
	}
	der := sd.Signers[0].TimestampToken()
	if der == nil {
		t.Fatal("no token")
	}
	token, err := ParseToken(der)
	if err != nil {
		t.Fatal(err)
	}
	return token, sd.Signers[0].Signature
}

// Tokens of the national services, with the chain to the built-in anchors.
func TestRealTokens(t *testing.T) {
	production := Trust{Pool: pki.NewPool(pki.Anchors(true, false))}
	test := Trust{Pool: pki.NewPool(pki.Anchors(false, true))}
	for _, tt := range []struct {
		name    string
		path    []string
		policy  string
		trust   Trust
		anchor  string
		foreign Trust // must not believe it
	}{
		{"NCALayer, production, attached", []string{"cms", "skarm", "individual_attached.cms"}, "1.2.398.3.3.2.6.4", production, "NCA GOST 2022", test},
		{"NCALayer, production, detached", []string{"cms", "skarm", "individual_detached.cms"}, "1.2.398.3.3.2.6.4", production, "NCA GOST 2022", test},
		{"NCANode, test system, GOST 2004 for a GOST512 signer", []string{"cms", "mitwork", "gost512_attached_tsp_2024.cms"}, "1.2.398.3.3.2.6.1", test, "Test NCA GOST 3.0 2023", production},
	} {
		t.Run(tt.name, func(t *testing.T) {
			token, signature := stamped(t, tt.path...)
			if err := token.Covers(signature); err != nil {
				t.Error(err)
			}
			other := bytes.Clone(signature)
			other[0] ^= 1
			if err := token.Covers(other); !errors.Is(err, ErrImprint) {
				t.Errorf("another signature: %v", err)
			}
			if token.Policy.String() != tt.policy {
				t.Errorf("policy %v", token.Policy)
			}
			v, err := token.Verify(tt.trust)
			if err != nil {
				t.Fatal(err)
			}
			if v.Chain == nil || v.Chain.Anchor != tt.anchor {
				t.Errorf("chain %+v", v.Chain)
			}
			if _, err := token.Verify(tt.foreign); !errors.Is(err, ErrChain) {
				t.Errorf("under foreign anchors: %v", err)
			}
		})
	}
}

// The test system's answer of 2022: SHA-1, GOST 2004.
func TestRealResponse(t *testing.T) {
	der, err := ParseResponse(fixture(t, "tsp", "tsp_response_sha1.tsr"))
	if err != nil {
		t.Fatal(err)
	}
	if alone := fixture(t, "tsp", "tsp_token.cms"); !bytes.Equal(alone, der) {
		t.Log("the token kept beside is another one")
		if token, err := ParseToken(alone); err != nil {
			t.Error(err)
		} else if _, err := token.Verify(Trust{}); err != nil {
			t.Error(err)
		}
	}
	token, err := ParseToken(der)
	if err != nil {
		t.Fatal(err)
	}
	if err := token.Covers([]byte{0xca, 0xfe, 0xba, 0xbe}); err != nil {
		t.Error(err)
	}
	if want := time.Date(2022, 9, 18, 13, 20, 14, 0, time.UTC); !token.Time.Equal(want) {
		t.Errorf("time %v", token.Time)
	}
	if v, err := token.Verify(Trust{Pool: pki.NewPool(pki.Anchors(false, true))}); err != nil {
		t.Error(err)
	} else if v.Chain.Anchor != "Test NCA GOST 3.0" {
		t.Errorf("anchor %s", v.Chain.Anchor)
	}
}

// Requests that Kalkan made, and answers that it accepted.
func TestKalkan(t *testing.T) {
	pool := oraclePool(t)
	for name, family := range map[string]pki.Family{"gost512": pki.GOST512, "gost95": pki.GOST2004, "sha256": pki.RSA} {
		t.Run(name, func(t *testing.T) {
			query := fixture(t, "kalkan", "tsp", name+".tsq")
			data := fixture(t, "kalkan", "data.bin")
			nonce := nonceOf(t, query)
			r := &Request{Family: family, Policy: Policy(family), Nonce: nonce}
			h := family.NewHash()
			h.Write(data)
			r.Imprint = h.Sum(nil)
			// Our request differs in the nonce alone.
			ours, err := r.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(ours, query) {
				t.Errorf("request %x\n want %x", ours, query)
			}
			der, err := ParseResponse(fixture(t, "kalkan", "tsp", name+".tsr"))
			if err != nil {
				t.Fatal(err)
			}
			token, err := ParseToken(der)
			if err != nil {
				t.Fatal(err)
			}
			if err := token.Answers(r); err != nil {
				t.Error(err)
			}
			if _, err := token.Verify(Trust{Pool: pool, RequireChain: true}); err != nil {
				t.Error(err)
			}
			for what, change := range map[error]func(*Request){
				ErrNonce:   func(r *Request) { r.Nonce = []byte{1} },
				ErrImprint: func(r *Request) { r.Imprint = bytes.Repeat([]byte{1}, len(r.Imprint)) },
				ErrPolicy:  func(r *Request) { r.Policy = pki.OID{1, 2, 398, 3, 3, 2, 6, 3} },
			} {
				changed := *r
				change(&changed)
				if err := token.Answers(&changed); !errors.Is(err, what) {
					t.Errorf("%v, want %v", err, what)
				}
			}
		})
	}
}

// Every octet of the production token counts.
func TestFlippedBits(t *testing.T) {
	token, signature := stamped(t, "cms", "skarm", "individual_attached.cms")
	trust := Trust{Pool: pki.NewPool(pki.Anchors(true, false))}
	for i := range token.Raw {
		for _, bit := range []byte{1, 0x80} {
			flipped := bytes.Clone(token.Raw)
			flipped[i] ^= bit
			other, err := ParseToken(flipped)
			if err != nil {
				continue
			}
			if other.Covers(signature) != nil {
				continue
			}
			if _, err := other.Verify(trust); err == nil {
				t.Errorf("octet %d, bit %#x: accepted", i, bit)
			}
		}
	}
}

func nonceOf(t *testing.T, query []byte) []byte {
	t.Helper()
	in := cryptobyte.String(query)
	var s, skip, nonce cryptobyte.String
	var oid pki.OID
	if !in.ReadASN1(&s, cbasn1.SEQUENCE) || !s.SkipASN1(cbasn1.INTEGER) || !s.ReadASN1(&skip, cbasn1.SEQUENCE) ||
		!s.ReadASN1ObjectIdentifier(&oid) || !s.ReadASN1(&nonce, cbasn1.INTEGER) {
		t.Fatal("request of Kalkan")
	}
	return nonce
}

// oraclePool trusts the generated test PKI of the fixtures.
func oraclePool(t testing.TB) *pki.Pool {
	t.Helper()
	dir := testdata.Shared(t, "oracle-pki", "trust")
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	pool := pki.NewPool(nil)
	for _, e := range entries {
		data, err := os.ReadFile(dir + "/" + e.Name())
		if err != nil {
			t.Fatal(err)
		}
		c, err := pki.ParseCertificatePEM(data)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(e.Name(), "root_") {
			pool.AddRoot(c)
		} else {
			pool.AddCertificate(c)
		}
	}
	return pool
}
