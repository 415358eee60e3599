package e2e

import (
	"bytes"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"tanba/internal/testdata"
	"tanba/internal/testoracle"
)

// TestIssuedByAnother: an authority that shares no code with us issues from the
// requests of `tanba csr`, for each algorithm; what `tanba import` makes of the
// answer signs, and the same stranger accepts the signature.
func TestIssuedByAnother(t *testing.T) {
	folder := testdata.Shared(t, "oracle-pki")
	trust := filepath.Join(folder, "trust")
	base := testoracle.Serve(t, folder)
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	write := func(name string, data []byte) {
		t.Helper()
		if err := os.WriteFile(at(name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(t *testing.T, args ...string) {
		t.Helper()
		cmd := exec.Command(release.binary(t), append(args, "--lang", "en", "--state", at("state"), "--password-file", at("password"))...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%q: %v\n%s", args, err, out)
		}
	}
	write("password", []byte("canary-Aa1234"))
	write("act.txt", []byte("Акт № 1"))
	var roots []byte
	for _, name := range []string{"root_gost_oracle.cer", "nca_gost256_oracle.cer", "root_rsa_oracle.cer"} {
		der, err := os.ReadFile(filepath.Join(trust, name))
		if err != nil {
			t.Fatal(err)
		}
		roots = append(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	write("roots.pem", roots)

	for alg, issuing := range map[string]string{
		"gost512": "nca_gost_oracle.cer", "gost256": "nca_gost256_oracle.cer", "rsa2048": "nca_rsa_oracle.cer",
	} {
		t.Run(alg, func(t *testing.T) {
			run(t, "csr", "--alg", alg, "--subject", "CN=ТЕСТОВ ТЕСТ,SURNAME=ТЕСТОВ,SERIALNUMBER=IIN123456789011,C=KZ",
				"--out", at(alg+".csr"), "--key-out", at(alg+".p12"))
			request, err := os.ReadFile(at(alg + ".csr"))
			if err != nil {
				t.Fatal(err)
			}
			block, _ := pem.Decode(request)
			if block == nil {
				t.Fatalf("no request: %.80q", request)
			}
			write(alg+".cer", testoracle.Issue(t, base, block.Bytes))
			run(t, "import", "--cert", at(alg+".cer"), "--cert", filepath.Join(trust, issuing), "--key", at(alg+".p12"),
				"--roots", at("roots.pem"), "--out", at(alg+".new.p12"))
			run(t, "sign", "--key", at(alg+".new.p12"), "--out", at(alg+".cms"), at("act.txt"))
			if r := testoracle.Java(t, "cms-verify", at(alg+".cms"), "--trust", trust); !r.Valid {
				t.Errorf("the oracle refuses the signature: %s", r.Output)
			}
			signed, err := os.ReadFile(at(alg + ".cms"))
			if err != nil {
				t.Fatal(err)
			}
			write("changed.cms", bytes.Replace(signed, []byte("Акт № 1"), []byte("Акт № 2"), 1))
			if r := testoracle.Java(t, "cms-verify", at("changed.cms"), "--trust", trust); r.Valid {
				t.Error("the oracle accepts a changed document")
			}
		})
	}
}
