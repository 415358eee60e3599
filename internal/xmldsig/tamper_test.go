package xmldsig

import (
	"bytes"
	"os"
	"testing"

	"tanba/internal/pki"
)

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Every bit of a small signed document is flipped once. What still verifies
// must say the same: same signed octets, same certificate. (White space in
// KeyInfo, comments, the declaration and quotes are not signed.)
func TestEveryBit(t *testing.T) {
	for name, o := range map[string]Options{
		"whole": {}, "compact": {Compact: true}, "by id": {Element: "//*[@Id='t']"},
	} {
		t.Run(name, func(t *testing.T) {
			s := signer(t, pki.RSA, 0) // the quickest to verify
			document := []byte(signed(t, s, `<r xmlns:p="urn:p"><!--c--><p:a Id="t" v="1">текст</p:a><?p d?></r>`, o))
			want, err := Verify(document)
			if err != nil {
				t.Fatal(err)
			}
			cert := bytes.Index(document, []byte("<ds:X509Certificate>"))
			end := bytes.Index(document, []byte("</ds:X509Certificate>"))
			inside := func(at int) bool { return at > cert+40 && at < end-40 && at%16 != 0 }
			accepted := 0
			for at := range document {
				if inside(at) {
					continue // every sixteenth octet of the certificate is enough
				}
				for bit := range 8 {
					document[at] ^= 1 << bit
					got, err := Verify(document)
					if err == nil {
						accepted++
						if len(got) != 1 || len(got[0].Parts) != 1 || !bytes.Equal(got[0].Parts[0].Bytes, want[0].Parts[0].Bytes) {
							t.Errorf("octet %d bit %d: accepted with other content", at, bit)
						}
						if !got[0].Certificate.PublicKey.Equal(want[0].Certificate.PublicKey) {
							t.Errorf("octet %d bit %d: accepted with another key", at, bit)
						}
					}
					document[at] ^= 1 << bit
				}
			}
			t.Logf("%d octets, %d flips change nothing that was signed", len(document), accepted)
		})
	}
}
