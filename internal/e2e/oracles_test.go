package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"tanba/internal/testdata"
)

// everybody is openssl and the two verifiers of the shared material.
func everybody(t testing.TB) judges {
	java := []string{testdata.SharedRoot(t, "oracle", "oracle"), "cms-verify"}
	openssl := []string{"/usr/bin/python3", testdata.SharedRoot(t, "oracle", "openssl", "kzossl.py"), "cms-verify"}
	return judges{others: []otherJudge{opensslJudge, commandJudge(java...), commandJudge(openssl...)}}
}

func commandJudge(command ...string) otherJudge {
	return func(t *testing.T, _ key, der, content []byte) {
		t.Helper()
		dir := t.TempDir()
		file := filepath.Join(dir, "signature.der")
		if err := os.WriteFile(file, der, 0o600); err != nil {
			t.Fatal(err)
		}
		args := append(append([]string{}, command[1:]...), file)
		if content != nil {
			document := filepath.Join(dir, "document")
			if err := os.WriteFile(document, content, 0o600); err != nil {
				t.Fatal(err)
			}
			args = append(args, "--content", document)
		}
		if out, err := exec.Command(command[0], args...).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", filepath.Base(command[len(command)-2]), err, out)
		}
	}
}
