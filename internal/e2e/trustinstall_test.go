package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestTrustInstall is a person's afternoon: pages cannot reach the bridge, "tanba
// trust install" is run once, pages in both browsers can; "tanba trust remove"
// leaves the databases with what was in them before.
func TestTrustInstall(t *testing.T) {
	b := startBridge(t)
	p := startPortal(t)
	profile := firefoxProfile(t, b.Home)
	databases := []string{chromiumNSS(b.Home), profile}
	var before []string
	for _, d := range databases {
		trustInNSS(t, d, p.CA)
		before = append(before, nssContent(t, d))
	}
	if freshChromiumConnects(t, p, b) {
		t.Fatal("a page connected before the local CA was trusted")
	}

	b.trust(t, "install")
	if !freshChromiumConnects(t, p, b) {
		t.Error("chromium: no connection after trust install")
	}
	plan := []step{{"active tokens", call{"getActiveTokens", nil}, wantStrings()}}
	judge(t, firefoxSession(t, startFirefox(t, b.Home, profile), p, b, calls(plan)), plan)

	b.trust(t, "install") // once more changes nothing
	b.trust(t, "remove")
	for i, d := range databases {
		if after := nssContent(t, d); after != before[i] {
			t.Errorf("%s after remove:\n%s\nbefore install:\n%s", d, after, before[i])
		}
	}
	if freshChromiumConnects(t, p, b) {
		t.Error("a page connected after trust remove")
	}
}

// TestTrustInstallFreshHome: on an account where no browser ever ran, the database
// is made where Chromium will look for it, and goes again.
func TestTrustInstallFreshHome(t *testing.T) {
	b := startBridge(t)
	b.trust(t, "install")
	p := startPortal(t)
	made := chromiumDatabases(b.Home)
	if len(made) != 1 {
		t.Fatalf("databases made: %q, want one", made)
	}
	b.trust(t, "remove")
	if left := chromiumDatabases(b.Home); len(left) != 0 {
		t.Errorf("databases left: %q", left)
	}
	b.trust(t, "install")
	trustInNSS(t, made[0], p.CA)
	if !freshChromiumConnects(t, p, b) {
		t.Errorf("chromium does not read %s", made[0])
	}
}

func (b *bridge) trust(t testing.TB, verb string) {
	t.Helper()
	if _, err := exec.LookPath("certutil"); err != nil {
		trustInNSS(t, "") // says what is missing
	}
	out, status := b.runToEnd(t, scripted.binary(t), "trust", verb, "--state", b.State)
	if status != 0 {
		t.Fatalf("tanba trust %s: status %d\n%s", verb, status, out)
	}
}

// firefoxProfile lays out a home as Firefox ESR does, with one profile.
func firefoxProfile(t testing.TB, home string) string {
	t.Helper()
	root := filepath.Join(home, ".config", "mozilla", "firefox")
	profile := filepath.Join(root, "abcd1234.default-esr")
	if err := os.MkdirAll(profile, 0o700); err != nil {
		t.Fatal(err)
	}
	ini := fmt.Sprintf("[Profile0]\nName=default-esr\nIsRelative=1\nPath=%s\n\n[General]\nStartWithLastProfile=1\nVersion=2\n", filepath.Base(profile))
	if err := os.WriteFile(filepath.Join(root, "profiles.ini"), []byte(ini), 0o600); err != nil {
		t.Fatal(err)
	}
	return profile
}

func chromiumDatabases(home string) []string {
	var found []string
	for _, place := range []string{".pki/nssdb", ".local/share/pki/nssdb"} {
		dir := filepath.Join(home, filepath.FromSlash(place))
		if _, err := os.Stat(filepath.Join(dir, "cert9.db")); err == nil {
			found = append(found, dir)
		}
	}
	return found
}

func nssContent(t testing.TB, database string) string {
	t.Helper()
	out, err := exec.Command("certutil", "-d", "sql:"+database, "-L").CombinedOutput()
	if err != nil {
		t.Fatalf("certutil -L: %v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}
