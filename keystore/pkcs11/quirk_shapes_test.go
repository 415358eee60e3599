//go:build linux

package pkcs11_test

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"
	"time"

	"tanba/internal/pki"
	"tanba/internal/testpki"
	"tanba/internal/testtoken"
)

// How modules show keys and certificates: whatever it is, each key gets its own
// certificate and signs.
func TestShapesOfObjects(t *testing.T) {
	for _, quirks := range []string{
		"",
		"wrapped=1",
		"params512=1",
		"strictattributes=1",
		"nocertid=1",
		"nocertid=1 strictattributes=1 wrapped=1",
		"nocertid=1 params512=1 gzip=1",
		"gzip=1",
		"privatecerts=1",
		"privatecerts=1 gzip=1 nocertid=1 wrapped=1 params512=1",
		"onlyrsa=1", // a mechanism list is not to be believed: mechanisms that are missing there work
	} {
		t.Run(quirks, func(t *testing.T) {
			r := plug(t, strings.Fields(quirks)...)
			token := r.only(t)
			visible := 4
			if strings.Contains(quirks, "privatecerts") {
				visible = 0
			}
			if len(token.Certificates) != visible {
				t.Errorf("%d certificates before login, want %d", len(token.Certificates), visible)
			}
			if token.Serial != "00c0ffee" || token.Label != "Test token" || token.Model != "Botan" || token.PIN.Min != 4 || token.PIN.Max != 32 || token.PIN.Left != -1 {
				t.Errorf("token %+v", token)
			}
			if n := r.logins(t); n != 0 {
				t.Errorf("%d logins before anybody typed a PIN", n)
			}
			_, keys := r.unlockAll(t)
			for _, f := range families {
				r.signs(t, keys[f])
			}
			if n := r.logins(t); n != 1 {
				t.Errorf("%d logins, want 1", n)
			}
		})
	}
}

// Two certificates for one key, as after a renewal of the same key, and ones
// without a key: none of them takes another's key.
func TestSeveralCertificatesOfOneKey(t *testing.T) {
	a, err := testpki.New(nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, quirks := range []string{"", "nocertid=1"} {
		t.Run(quirks, func(t *testing.T) {
			r := plugEmpty(t, strings.Fields(quirks)...)
			first, err := a.Issue(testpki.Profile{Family: pki.GOST512})
			if err != nil {
				t.Fatal(err)
			}
			second, err := a.Certify(first.Certificate.PublicKey, testpki.Profile{CommonName: "ВТОРОЙ СЕРТИФИКАТ"})
			if err != nil {
				t.Fatal(err)
			}
			stranger, err := a.Issue(testpki.Profile{Family: pki.GOST512})
			if err != nil {
				t.Fatal(err)
			}
			id := r.Add(t, 0, first)
			r.AddCertificate(t, 0, second, id)
			r.AddCertificate(t, 0, stranger.Certificate, id) // another key's, under this key's name
			r.AddCertificate(t, 0, a.Issuing(), []byte("issuer"))
			store := r.open(t)
			keys, err := store.Unlock(t.Context(), []byte(testtoken.PIN))
			if err != nil {
				t.Fatal(err)
			}
			if len(keys) != 2 {
				t.Fatalf("%d keys, want one for each certificate of the key", len(keys))
			}
			for _, k := range keys {
				if !k.Certificate().PublicKey.Equal(first.Certificate.PublicKey) {
					t.Errorf("%s has a certificate of another key", k.Alias())
				}
				if c := k.Chain(); len(c) != 1 || !bytes.Equal(c[0].Raw, a.Issuing().Raw) {
					t.Errorf("%s has a chain of %d", k.Alias(), len(c))
				}
				r.signs(t, k)
			}
		})
	}
}

func TestKeyWithoutCertificateAndCertificateWithoutKey(t *testing.T) {
	r := plugEmpty(t)
	id := r.AddPair(t, 0, person(t, pki.GOST512).Key, "waiting")
	r.AddCertificate(t, 0, person(t, pki.GOST256).Certificate, []byte("nobody's"))
	store := r.open(t)
	keys, err := store.Unlock(t.Context(), []byte(testtoken.PIN))
	if err != nil || len(keys) != 1 || keys[0].Certificate() != nil || keys[0].Alias() != "waiting" {
		t.Errorf("%d keys, %v; want the one that waits, without a certificate", len(keys), err)
	}
	report, err := r.tokens.Report(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Modules) != 1 || len(report.Modules[0].Slots) != 1 || report.Modules[0].Slots[0].Token == nil {
		t.Fatalf("report %+v", report)
	}
	troubles := 0
	for _, k := range report.Modules[0].Slots[0].Token.Keys {
		troubles += len(k.Troubles)
	}
	if troubles == 0 {
		t.Error("the report finds nothing wrong")
	}
	pending, err := store.Pending(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(pending) != 1 || !bytes.Equal(pending[0].ID, id) || pending[0].Label != "waiting" || !pending[0].Public.Equal(person(t, pki.GOST512).Certificate.PublicKey) {
		t.Errorf("pending %+v", pending)
	}
}

// A certificate that is no certificate, or unpacks without end, is left out and
// harms nothing.
func TestUnreadableCertificates(t *testing.T) {
	r := plug(t)
	broken := *person(t, pki.GOST512).Certificate
	for _, raw := range [][]byte{{}, []byte("no certificate"), append([]byte{0x1f, 0x8b, 8}, make([]byte, 30)...), bomb(t), person(t, pki.GOST512).Certificate.Raw[:200]} {
		broken.Raw = raw
		r.AddCertificate(t, 0, &broken, []byte("broken"))
	}
	_, keys := r.unlockAll(t)
	for _, f := range families {
		r.signs(t, keys[f])
	}
}

// bomb is a few octets that unpack to many.
func bomb(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(make([]byte, 16<<20)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
