package pki_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"testing"

	"tanba/internal/pki"
	"tanba/internal/testpki"
)

func TestSignAndVerify(t *testing.T) {
	a := newAuthority(t)
	for _, family := range families {
		id := issue(t, a, testpki.Profile{Family: family})
		h := family.NewHash()
		h.Write([]byte("таңба"))
		digest := h.Sum(nil)
		if len(digest) != family.HashSize() {
			t.Errorf("%v: hash of %d octets", family, len(digest))
		}
		public := id.Certificate.PublicKey
		for range 2 {
			sig, err := pki.SignDigest(id.Key, nil, digest)
			if err != nil {
				t.Fatal(err)
			}
			if err := public.VerifyDigest(digest, sig); err != nil {
				t.Errorf("%v: %v", family, err)
			}
			for _, bad := range [][]byte{nil, sig[1:], append(bytes.Clone(sig), 0), flip(sig), make([]byte, len(sig))} {
				if err := public.VerifyDigest(digest, bad); !errors.Is(err, pki.ErrBadSignature) {
					t.Errorf("%v: bad signature: %v", family, err)
				}
			}
			for _, bad := range [][]byte{nil, digest[1:], append(bytes.Clone(digest), 0), flip(digest)} {
				if err := public.VerifyDigest(bad, sig); !errors.Is(err, pki.ErrBadSignature) {
					t.Errorf("%v: bad digest: %v", family, err)
				}
			}
		}
		if _, err := pki.SignDigest(id.Key, nil, digest[1:]); err == nil {
			t.Errorf("%v: signed a short digest", family)
		}
	}
}

func flip(in []byte) []byte {
	out := bytes.Clone(in)
	out[len(out)/2] ^= 1
	return out
}

func TestPrivateKeyRoundTrip(t *testing.T) {
	a := newAuthority(t)
	for _, family := range families {
		for range 8 { // scalars with and without a top bit
			id := issue(t, a, testpki.Profile{Family: family})
			pkcs8, err := pki.MarshalPrivateKey(id.Key)
			if err != nil {
				t.Fatal(err)
			}
			before := bytes.Clone(pkcs8)
			key, err := pki.ParsePrivateKey(pkcs8)
			if err != nil {
				t.Fatalf("%v: %v", family, err)
			}
			if !bytes.Equal(pkcs8, before) {
				t.Errorf("%v: the caller's octets were changed", family)
			}
			if err := pki.Owns(key, id.Certificate); err != nil {
				t.Errorf("%v: %v", family, err)
			}
			if err := pki.Owns(key, a.Issuing()); !errors.Is(err, pki.ErrKeyMismatch) {
				t.Errorf("%v: %v", family, err)
			}
			public, err := pki.ParsePublicKey(id.Certificate.PublicKey.SPKI())
			if err != nil || !public.Equal(id.Certificate.PublicKey) {
				t.Errorf("%v: public key: %v", family, err)
			}
			if family == pki.RSA {
				break
			}
		}
	}
}

func TestPrivateKeyErrors(t *testing.T) {
	const (
		head512 = "306c020100302306092a830e030a010102023016060a2a830e030a010102020106082a830e030a0103030442"
	)
	zeros := bytes.Repeat([]byte{0}, 64)
	ones := bytes.Repeat([]byte{0xff}, 64)
	algorithm2004 := pki.GOST2004.KeyAlgorithm()
	key2004 := func(content string) []byte {
		inner, _ := hex.DecodeString(content)
		body := append([]byte{2, 1, 0}, algorithm2004...)
		body = append(append(body, 4, byte(len(inner))), inner...)
		return append([]byte{0x30, byte(len(body))}, body...)
	}
	key512 := func(scalar []byte) []byte {
		der, _ := hex.DecodeString(head512 + "0440")
		return append(der, scalar...)
	}
	for _, test := range []struct {
		name string
		der  []byte
		want error
	}{
		{"nothing", nil, pki.ErrMalformed},
		{"zero", key512(zeros), pki.ErrMalformed},
		{"beyond the order", key512(ones), pki.ErrMalformed},
		{"cut", key512(ones[:63]), pki.ErrMalformed},
		{"trailing", append(key512(zeros), 0), pki.ErrMalformed},
		{"2004: negative", key2004("0201ff"), pki.ErrMalformed},
		{"2004: zero", key2004("020100"), pki.ErrMalformed},
		{"2004: not minimal", key2004("02020001"), pki.ErrMalformed},
		{"2004: too long", key2004("0222" + hex.EncodeToString(append([]byte{1}, zeros[:33]...))), pki.ErrMalformed},
		{"2004: octets", key2004("0420" + hex.EncodeToString(ones[:32])), pki.ErrMalformed},
		{"too large", make([]byte, 1<<16), pki.ErrMalformed},
	} {
		if _, err := pki.ParsePrivateKey(test.der); !errors.Is(err, test.want) {
			t.Errorf("%s: error %v, want %v", test.name, err, test.want)
		}
	}
	if _, err := pki.ParsePrivateKey(key2004("020105")); err != nil {
		t.Errorf("small scalar: %v", err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pki.PublicKeyOf(ec); !errors.Is(err, pki.ErrAlgorithm) {
		t.Errorf("elliptic curve of others: %v", err)
	}
	if _, err := pki.MarshalPrivateKey(ec); !errors.Is(err, pki.ErrAlgorithm) {
		t.Errorf("elliptic curve of others: %v", err)
	}
	if _, err := pki.SignDigest(ec, nil, zeros); !errors.Is(err, pki.ErrAlgorithm) {
		t.Errorf("elliptic curve of others: %v", err)
	}
}

// TestAlgorithmTable pins the octets that go into every signature.
func TestAlgorithmTable(t *testing.T) {
	for _, test := range []struct {
		family                 pki.Family
		kalkan                 string
		key, digest, signature string
	}{
		{pki.GOST512, "ECGOST3410-2015-512",
			"302306092a830e030a010102023016060a2a830e030a010102020106082a830e030a010303",
			"300c06082a830e030a0103030500", "300e060a2a830e030a01010203020500"},
		{pki.GOST256, "ECGOST3410-2015-256",
			"302306092a830e030a010102013016060a2a830e030a010102010106082a830e030a010302",
			"300c06082a830e030a0103020500", "300e060a2a830e030a01010203010500"},
		{pki.GOST2004, "ECGOST34310",
			"302506092a830e030a010101013018060a2a830e030a0101010101060a2a830e030a0103010100",
			"300c06082a830e030a0103010500", "300d06092a830e030a010101020500"},
		{pki.RSA, "RSA", "300d06092a864886f70d0101010500",
			"300d06096086480165030402010500", "300d06092a864886f70d01010b0500"},
	} {
		for _, algorithm := range []struct {
			what string
			got  []byte
			want string
		}{
			{"key", test.family.KeyAlgorithm(), test.key},
			{"digest", test.family.DigestAlgorithm(), test.digest},
			{"signature", test.family.SignatureAlgorithm(), test.signature},
		} {
			if got := hex.EncodeToString(algorithm.got); got != algorithm.want {
				t.Errorf("%v %s: %s, want %s", test.family, algorithm.what, got, algorithm.want)
			}
		}
		if test.family.KalkanName() != test.kalkan {
			t.Errorf("%v: %s", test.family, test.family.KalkanName())
		}
	}
	var none pki.Family
	if none.Known() || none.String() != "?" || none.HashSize() != 0 || none.KeyAlgorithm() != nil {
		t.Error("the zero family is known")
	}
}

func TestAliases(t *testing.T) {
	for _, test := range []struct {
		what   string
		lookup func(pki.OID) (pki.Family, bool)
		oid    pki.OID
		want   pki.Family
	}{
		{"C library, 2004", pki.FamilyOfSignature, pki.OIDKey2004, pki.GOST2004},
		{"C library, RSA", pki.FamilyOfSignature, pki.OIDRSA, pki.RSA},
		{"C library, 512", pki.FamilyOfSignature, pki.OIDKey512, pki.GOST512},
		{"Gamma signature", pki.FamilyOfSignature, pki.OIDGammaSignature, pki.GOST2004},
		{"Gamma hash", pki.FamilyOfDigest, pki.OIDGammaHash, pki.GOST2004},
		{"Gamma key", pki.FamilyOfKey, pki.OIDGammaKey, pki.GOST2004},
		{"SHA-1 with RSA", pki.FamilyOfSignature, pki.OIDSHA1WithRSA, 0},
		{"SHA-1", pki.FamilyOfDigest, pki.OIDSHA1, 0},
		{"Russian", pki.FamilyOfKey, pki.OID{1, 2, 643, 7, 1, 1, 1, 2}, 0},
	} {
		if got, ok := test.lookup(test.oid); got != test.want || ok != (test.want != 0) {
			t.Errorf("%s: %v, %v", test.what, got, ok)
		}
	}
}
