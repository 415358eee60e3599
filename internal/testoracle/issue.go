package testoracle

import (
	"bytes"
	"io"
	"net/http"
	"testing"
)

// Issue asks the authority behind an address that Serve returned for a person's
// certificate, by a request in DER, and returns the certificate in DER.
func Issue(t testing.TB, base string, request []byte) []byte {
	t.Helper()
	answer, err := http.Post(base+"/issue?profile=individual", "application/pkcs10", bytes.NewReader(request))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("issue: %s %q %v", answer.Status, body, err)
	}
	return body
}
