package timestamp

import (
	"bytes"
	"testing"
	"time"

	"tanba/internal/pki"
	"tanba/internal/testpki"
)

// FuzzParseResponse: whatever comes, there is a token or a reason, and a token
// that was not signed by a service of ours is never believed.
func FuzzParseResponse(f *testing.F) {
	a, err := testpki.New(nil, now) // without RSA, which would take every worker its time
	if err != nil {
		f.Fatal(err)
	}
	trust := Trust{Pool: a.Pool(), RequireChain: true}
	tsa := a.NewTSA(func() time.Time { return now })
	for i, family := range families[:3] {
		r, err := NewRequest(bytes.NewReader([]byte{byte(i), 1, 2, 3, 4, 5, 6, 7}), family, signature)
		if err != nil {
			f.Fatal(err)
		}
		query, err := r.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		answer, err := tsa.Respond(query)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(answer)
	}
	f.Add([]byte("\x30\x0a\x30\x08\x02\x01\x02\x03\x03\x01\x00\x02"))
	f.Add([]byte("<html>"))
	h := pki.GOST512.NewHash()
	h.Write(signature)
	imprint := h.Sum(nil)
	f.Fuzz(func(t *testing.T, answer []byte) {
		der, err := ParseResponse(answer)
		if (err == nil) != (der != nil) {
			t.Fatalf("token %x, error %v", der, err)
		}
		if err != nil {
			_ = err.Error()
			return
		}
		token, err := ParseToken(der)
		if err != nil {
			return
		}
		if !bytes.Equal(token.Raw, der) {
			t.Error("another token")
		}
		covers := token.Covers(signature) == nil
		if _, err := token.Verify(trust); err == nil && !covers {
			t.Errorf("believed, over %x with hash %v, instead of %x", token.Imprint, token.Hash, imprint)
		}
	})
}
