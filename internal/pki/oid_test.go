package pki_test

import (
	"testing"

	"tanba/internal/pki"
)

func TestParseOID(t *testing.T) {
	if oid, ok := pki.ParseOID("1.2.398.3.3.4.1.1"); !ok || oid.String() != "1.2.398.3.3.4.1.1" {
		t.Errorf("%v, %v", oid, ok)
	}
	for _, text := range []string{"", "1", "3.1", "1.40", "1.2.", "1..2", "1.-2", "1.2.99999999999", "a.b", "1.+2"} {
		if oid, ok := pki.ParseOID(text); ok {
			t.Errorf("%q: %v", text, oid)
		}
	}
}
