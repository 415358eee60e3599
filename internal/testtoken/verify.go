//go:build linux

package testtoken

import (
	"bufio"
	"fmt"
	"io"
	"math/big"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tanba/internal/pki"
)

// Verifier is Botan's opinion of signatures.
type Verifier struct {
	in  io.Writer
	out *bufio.Reader
}

// NewVerifier starts the program; it ends with the test.
func NewVerifier(t testing.TB) *Verifier {
	t.Helper()
	cmd := exec.Command(filepath.Join(built(t), verifierName))
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("verifier: %v", err)
		}
	})
	return &Verifier{in, bufio.NewReader(out)}
}

// Valid tells whether a signature, in the national order, is one of the digest
// under the key.
func (v *Verifier) Valid(t testing.TB, public *pki.PublicKey, digest, signature []byte) bool {
	t.Helper()
	kind, key := "rsa", ""
	switch public.Family {
	case pki.GOST512:
		kind = "512"
	case pki.GOST256:
		kind = "256"
	case pki.GOST2004:
		kind = "2001"
	}
	if public.Family == pki.RSA {
		key = fmt.Sprintf("%x:%x", public.RSA.N.Bytes(), big.NewInt(int64(public.RSA.E)).Bytes())
	} else {
		key = fmt.Sprintf("%x", public.GOST.Bytes())
	}
	if _, err := fmt.Fprintf(v.in, "%s %s %x %x\n", kind, key, digest, signature); err != nil {
		t.Fatal(err)
	}
	answer, err := v.out.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(answer) == "valid"
}
