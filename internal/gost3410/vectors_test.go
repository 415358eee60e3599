package gost3410

import (
	"bytes"
	"encoding/asn1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"os"
	"strings"
	"testing"

	"tanba/internal/gost341194"
	"tanba/internal/streebog"
	"tanba/internal/testdata"
)

type vectorSet struct {
	Curve, Name string
	Signatures  []struct {
		D, K, Message, Hash, R, S, Signature, PublicX, PublicY string
	}
}

func curveOf(oid string) *Curve {
	return map[string]*Curve{
		"1.2.398.3.10.1.1.1.1.1": CryptoProA(),
		"1.2.398.3.10.1.1.2.1.1": TC26A256(),
		"1.2.398.3.10.1.1.2.2.1": TC26A512(),
	}[oid]
}

func vectorSets(t testing.TB) (sets []vectorSet) {
	t.Helper()
	text, err := os.ReadFile("testdata/kz-gost-signatures.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &sets); err != nil {
		t.Fatal(err)
	}
	if len(sets) != 3 {
		t.Fatalf("%d sets", len(sets))
	}
	return sets
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func reversed(b []byte) []byte {
	r := make([]byte, len(b))
	for i, v := range b {
		r[len(b)-1-i] = v
	}
	return r
}

// Every published signature comes out of its d and k, verifies, and fails once
// any bit of it, or of the digest, is flipped.
func TestVectors(t *testing.T) {
	for _, set := range vectorSets(t) {
		c := curveOf(set.Curve)
		for i, v := range set.Signatures {
			name := fmt.Sprintf("%s %d", c, i)
			xy := append(reversed(unhex(t, v.PublicX)), reversed(unhex(t, v.PublicY))...)
			digest, sig := unhex(t, v.Hash), unhex(t, v.Signature)
			pub, err := NewPublicKey(c, xy)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if !bytes.Equal(pub.Bytes(), xy) {
				t.Errorf("%s: public key comes back as %x", name, pub.Bytes())
			}
			k, err := NewPrivateKey(c, reversed(unhex(t, v.D)))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if !k.PublicKey().Equal(pub) {
				t.Errorf("%s: public key of d is %x", name, k.PublicKey().Bytes())
			}
			if got := k.signWith(t, reversed(unhex(t, v.K)), digest); !bytes.Equal(got, sig) {
				t.Errorf("%s: signature of k is %x", name, got)
			}
			if !pub.Verify(digest, sig) {
				t.Errorf("%s: does not verify", name)
			}
			for bit := range 8 * len(sig) {
				sig[bit/8] ^= 1 << (bit % 8)
				if pub.Verify(digest, sig) {
					t.Errorf("%s: verifies with bit %d of the signature flipped", name, bit)
				}
				sig[bit/8] ^= 1 << (bit % 8)
			}
			for bit := 0; bit < 8*len(digest); bit += 7 {
				digest[bit/8] ^= 1 << (bit % 8)
				if pub.Verify(digest, sig) {
					t.Errorf("%s: verifies with bit %d of the digest flipped", name, bit)
				}
				digest[bit/8] ^= 1 << (bit % 8)
			}
		}
	}
}

// signWith signs with a chosen nonce.
func (k *PrivateKey) signWith(t testing.TB, nonce, digest []byte) []byte {
	t.Helper()
	c := k.pub.curve
	sig := make([]byte, 2*c.size)
	var retry bool
	var err error
	if c.c512 != nil {
		e, n := c.c512.digest(digest), scalar512(nonce)
		retry, err = c.c512.sign(sig, &k.d512, &e, &n)
	} else {
		e, n := c.c256.digest(digest), scalar256(nonce)
		retry, err = c.c256.sign(sig, &k.d256, &e, &n)
	}
	if retry || err != nil {
		t.Fatalf("sign: retry %v, %v", retry, err)
	}
	return sig
}

// The reference the other tests compare with is checked by the examples of
// GOST R 34.10-2012 annex A, whose curves the package does not have.
func TestReference(t *testing.T) {
	var examples []struct{ Name, P, A, B, Q, X, Y, D, QX, QY, E, K, R, S string }
	text, err := os.ReadFile("testdata/gost3410-standard-examples.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &examples); err != nil || len(examples) != 2 {
		t.Fatal(len(examples), err)
	}
	for _, x := range examples {
		p := fromHex(x.P)
		c := &reference{x.Name, (p.BitLen() + 7) / 8, p, fromHex(x.A), fromHex(x.B), fromHex(x.Q), fromHex(x.X), fromHex(x.Y)}
		q := c.mul(fromHex(x.D), point{c.gx, c.gy})
		if q.x.Cmp(fromHex(x.QX)) != 0 || q.y.Cmp(fromHex(x.QY)) != 0 {
			t.Errorf("%s: wrong public key", x.Name)
		}
		digest := c.octets(fromHex(x.E))
		sig := c.sign(fromHex(x.D), fromHex(x.K), digest)
		want := append(c.octets(fromHex(x.R)), c.octets(fromHex(x.S))...)
		if !bytes.Equal(sig, want) || !c.verify(q, digest, sig) {
			t.Errorf("%s: wrong signature %x", x.Name, sig)
		}
	}
}

// certificate cuts a certificate into what is signed, the public key octets
// and the signature.
func certificate(t testing.TB, der []byte) (tbs, spki, sig []byte) {
	t.Helper()
	var c struct {
		TBS struct {
			Raw                                          asn1.RawContent
			Version                                      asn1.RawValue `asn1:"explicit,tag:0"`
			Serial, Algorithm, Issuer, Validity, Subject asn1.RawValue
			Key                                          struct {
				Algorithm asn1.RawValue
				Key       asn1.BitString
			}
			Rest asn1.RawValue `asn1:"optional,explicit,tag:3"`
		}
		Algorithm asn1.RawValue
		Signature asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &c); err != nil {
		t.Fatal(err)
	}
	return c.TBS.Raw, c.TBS.Key.Key.Bytes, c.Signature.Bytes
}

// Signatures made by Kalkan itself.
func TestKalkan(t *testing.T) {
	data, err := os.ReadFile(testdata.Shared(t, "kalkan", "data.bin"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]*Curve{"g512": TC26A512(), "legal": TC26A512(), "oracle512": TC26A512(), "g256": TC26A256(), "g2004": CryptoProA()} {
		der, err := os.ReadFile(testdata.Shared(t, "kalkan", "raw", name+".cer"))
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(testdata.Shared(t, "kalkan", "raw", name+".sig.hex"))
		if err != nil {
			t.Fatal(err)
		}
		sig := unhex(t, strings.TrimSpace(string(text)))
		_, key, _ := certificate(t, der)
		pub, err := NewPublicKey(c, key[len(key)-2*c.Size():])
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		h := hashOf(c)
		h.Write(data)
		if !pub.Verify(h.Sum(nil), sig) {
			t.Errorf("%s: does not verify", name)
		}
	}
}

func hashOf(c *Curve) hash.Hash {
	switch c {
	case TC26A512():
		return streebog.New512()
	case TC26A256():
		return streebog.New256()
	}
	return gost341194.New()
}
