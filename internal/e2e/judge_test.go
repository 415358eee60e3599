package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"os"
	"testing"
	"time"

	"tanba/internal/cms"
	"tanba/internal/pki"
	"tanba/internal/testoracle"
)

// judges decide whether a signature is one. Ours always does; others are asked as
// well, each a function that fails the test.
type judges struct {
	others []otherJudge
}

// otherJudge is a verifier that shares no code with us. content is nil when the
// signature holds it.
type otherJudge func(t *testing.T, k key, der, content []byte)

// signature judges what a call returned: one signer, with the key that was
// chosen, over exactly this document, made just now.
func (j judges) signature(t *testing.T, k key, text string, document []byte, detached bool) {
	t.Helper()
	signed, err := cms.ParseAny([]byte(text))
	if err != nil {
		t.Fatalf("%v in %.200s", err, text)
	}
	if signed.Detached != detached {
		t.Errorf("detached is %v, want %v", signed.Detached, detached)
	}
	var content []byte
	if detached {
		content = document
	} else if !bytes.Equal(signed.Content, document) {
		t.Errorf("the signature holds %q, want %q", signed.Content, document)
	}
	results, err := signed.Verify(content)
	if err != nil {
		t.Fatalf("verify: %v", err)
	}
	if len(results) != 1 {
		t.Fatalf("%d signers, want 1", len(results))
	}
	r := results[0]
	if r.Err != nil {
		t.Errorf("verify: %v", r.Err)
	}
	if r.Certificate == nil || r.Certificate.Fingerprint() != k.Certificate.Fingerprint() {
		t.Error("signed with another certificate than the chosen one")
	}
	if age := time.Since(r.Time); age < -time.Minute || age > 5*time.Minute {
		t.Errorf("signing time %v is not now", r.Time)
	}
	if detached {
		if again, err := signed.Verify(append(bytes.Clone(content), '!')); err == nil && again[0].Err == nil {
			t.Error("verifies over another document, too")
		}
	}
	der := derOf(t, text)
	for _, other := range j.others {
		other(t, k, der, content)
	}
}

// everybody is openssl and the two verifiers of the shared material.
func everybody() judges {
	return judges{others: []otherJudge{
		opensslJudge,
		oracleJudge("java", testoracle.Java),
		oracleJudge("openssl", testoracle.OpenSSL),
	}}
}

func oracleJudge(name string, verify func(testing.TB, ...string) testoracle.Result) otherJudge {
	return func(t *testing.T, _ key, der, content []byte) {
		t.Helper()
		args := []string{"cms-verify", testoracle.File(t, "signature.der", der)}
		if content != nil {
			args = append(args, "--content", testoracle.File(t, "document", content))
		}
		if r := verify(t, args...); !r.Valid {
			t.Errorf("the %s oracle: %s", name, r.Output)
		}
	}
}

// opensslJudge asks openssl for RSA signatures; it knows no Kazakh GOST.
func opensslJudge(t *testing.T, k key, der, content []byte) {
	t.Helper()
	if k.family() != pki.RSA {
		return
	}
	// -noverify leaves the certificate chain aside, not the signature.
	args := []string{"cms", "-verify", "-binary", "-noverify", "-inform", "DER",
		"-in", testoracle.File(t, "signature.der", der), "-out", os.DevNull}
	if content != nil {
		args = append(args, "-content", testoracle.File(t, "document", content))
	}
	if r := testoracle.Tool(t, "openssl", args...); !r.Valid {
		t.Errorf("openssl: %s", r.Output)
	}
}

// derOf reads the frame of basics or the bare base64 of commonUtils.
func derOf(t *testing.T, text string) []byte {
	t.Helper()
	if block, _ := pem.Decode([]byte(text)); block != nil {
		return block.Bytes
	}
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatalf("%v in %.200s", err, text)
	}
	return der
}
