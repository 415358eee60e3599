package gost3410

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"
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

func TestVectors(t *testing.T) {
	for _, set := range vectorSets(t) {
		c := curveOf(set.Curve)
		for i, v := range set.Signatures {
			xy := append(reversed(unhex(t, v.PublicX)), reversed(unhex(t, v.PublicY))...)
			pub, err := NewPublicKey(c, xy)
			if err != nil {
				t.Fatalf("%s %d: %v", set.Name, i, err)
			}
			if !pub.Verify(unhex(t, v.Hash), unhex(t, v.Signature)) {
				t.Errorf("%s %d: does not verify", set.Name, i)
			}
			k, err := NewPrivateKey(c, reversed(unhex(t, v.D)))
			if err != nil {
				t.Fatalf("%s %d: %v", set.Name, i, err)
			}
			if !k.PublicKey().Equal(pub) {
				t.Errorf("%s %d: another public key", set.Name, i)
			}
			sig, err := k.Sign(nil, unhex(t, v.Hash), nil)
			if err != nil || !pub.Verify(unhex(t, v.Hash), sig) {
				t.Errorf("%s %d: own signature: %v", set.Name, i, err)
			}
		}
	}
}
