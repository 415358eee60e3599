package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"tanba/internal/testdata"
)

// trustInNSS puts CA certificates into an NSS database the way an administrator
// does, creating the database if need be. Chromium reads HOME/.pki/nssdb, Firefox
// the folder of its profile.
func trustInNSS(t testing.TB, database string, files ...string) {
	t.Helper()
	if _, err := exec.LookPath("certutil"); err != nil {
		testdata.Missing(t, "certutil (libnss3-tools)")
	}
	certutil := func(args ...string) {
		t.Helper()
		args = append([]string{"-d", "sql:" + database}, args...)
		if out, err := exec.Command("certutil", args...).CombinedOutput(); err != nil {
			t.Fatalf("certutil %v: %v\n%s", args, err, out)
		}
	}
	if _, err := os.Stat(filepath.Join(database, "cert9.db")); err != nil {
		if err := os.MkdirAll(database, 0o700); err != nil {
			t.Fatal(err)
		}
		certutil("-N", "--empty-password")
	}
	for _, file := range files {
		certutil("-A", "-n", filepath.Base(file), "-t", "C,,", "-i", file)
	}
}

func chromiumNSS(home string) string { return filepath.Join(home, ".pki", "nssdb") }
