package gost3410

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"testing"
)

// Key, digest and randomness give one signature on every processor and in every
// build, one by one and in a batch. CI runs this on amd64 with features left out,
// without assembly, for GOAMD64=v1 and v3, and on arm64.
func TestSameEverywhere(t *testing.T) {
	for c, want := range map[*Curve]string{
		TC26A512():   "4c793f4695f2fa95fff701c578020e765570e50af83a645cd0c405a138972cd8",
		TC26A256():   "7d825c2e341544e28a3001b37504daae73f91439d1181e7e477f9a3906ddde0e",
		CryptoProA(): "586d8bfe9988c9b5b9ae446c8aa3a258662973ed9e2ad7cb44e1c2d435294b1e",
	} {
		k, err := NewPrivateKey(c, bytes.Repeat([]byte{0x2a}, c.size))
		if err != nil {
			t.Fatal(err)
		}
		var digests, seeds, all []byte
		for i := range 20 {
			digest := bytes.Repeat([]byte{byte(255 - i)}, c.size)
			seed := bytes.Repeat([]byte{byte(i)}, c.size)
			sig, err := k.Sign(bytes.NewReader(seed), digest, nil)
			if err != nil {
				t.Fatal(err)
			}
			all, digests, seeds = append(all, sig...), append(digests, digest...), append(seeds, seed...)
		}
		sum := sha256.Sum256(all)
		if got := hex.EncodeToString(sum[:]); got != want {
			t.Errorf("%s: signatures with the hash %s, want %s", c, got, want)
		}
		batch, err := k.SignBatch(bytes.NewReader(seeds), nil, digests)
		if err != nil || !bytes.Equal(batch, all) {
			t.Errorf("%s: another signature in a batch: %v", c, err)
		}
	}
}
