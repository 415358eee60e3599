package trust

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"tanba/internal/testdata"
)

// The store of a Java, changed by its own keytool, is given back octet for octet.
func TestJavaStore(t *testing.T) {
	keytool, err := exec.LookPath("keytool")
	if err != nil {
		testdata.Missing(t, "keytool (a Java runtime)")
	}
	h := newHome(t)
	h.database(".pki", "nssdb")
	home := filepath.Join(h.dir, "java")
	for _, dir := range []string{"bin", "lib/security"} {
		if err := os.MkdirAll(filepath.Join(home, filepath.FromSlash(dir)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(keytool, filepath.Join(home, "bin", "keytool")); err != nil {
		t.Fatal(err)
	}
	store := filepath.Join(home, "lib", "security", "cacerts")
	if out, err := exec.Command(keytool, "-genkeypair", "-keyalg", "EC", "-alias", "a", "-dname", "CN=a", "-storetype", "PKCS12",
		"-keystore", store, "-storepass", javaPassword).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Setenv("JAVA_HOME", home)
	before := h.content()
	h.o.Java = true
	results := h.install()
	i := slices.IndexFunc(results, func(r Result) bool { return r.Kind == Java })
	if i < 0 || !results[i].Trusted || results[i].Path != store {
		t.Fatalf("%+v", results)
	}
	h.remove()
	if after := h.content(); !slices.Equal(before, after) {
		t.Errorf("after\n%q\nbefore\n%q", after, before)
	}
}

func TestNoJava(t *testing.T) {
	h := newHome(t)
	t.Setenv("JAVA_HOME", filepath.Join(h.dir, "none"))
	bin := t.TempDir()
	certutil, err := exec.LookPath("certutil")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(certutil, filepath.Join(bin, "certutil")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin)
	h.o.Java = true
	if _, err := Install(t.Context(), h.o); !errors.Is(err, ErrNoJava) {
		t.Errorf("err = %v", err)
	}
}
