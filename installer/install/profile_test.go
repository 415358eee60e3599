//go:build unix

package install

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tanba/internal/state"
	"tanba/internal/testdata"
)

// An independent reader of property lists takes the profile apart.
func TestProfileIsAPropertyList(t *testing.T) {
	if _, err := exec.LookPath("plistutil"); err != nil {
		testdata.Missing(t, "plistutil (libplist-utils)")
	}
	path := filepath.Join(t.TempDir(), "p.mobileconfig")
	if err := os.WriteFile(path, profileOf([]string{"https://portal.example", "https://portal.example:8443", `https://a.example/&<"`}), 0o600); err != nil {
		t.Fatal(err)
	}
	// To its binary form and back.
	binary := path + ".bin"
	if out, err := exec.Command("plistutil", "-i", path, "-o", binary, "-f", "bin").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	out, err := exec.Command("plistutil", "-i", binary, "-f", "xml").Output()
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(string(out)), "")
	for _, want := range []string{
		"<key>PayloadType</key><string>Configuration</string>",
		"<key>PayloadType</key><string>com.google.Chrome</string>",
		"<key>PayloadType</key><string>com.microsoft.Edge</string>",
		"<key>" + chromiumPolicy + "</key><array><string>https://portal.example</string><string>https://portal.example:8443</string><string>https://a.example/&amp;&lt;",
		"<key>EnterprisePoliciesEnabled</key><true/>",
		"<key>LocalNetworkAccess</key><dict><key>SkipDomains</key><array><string>portal.example</string><string>a.example</string></array></dict>",
		"<key>Certificates</key><dict><key>ImportEnterpriseRoots</key><true/></dict>",
		"<key>PayloadVersion</key><integer>1</integer>",
		"<key>PayloadRemovalDisallowed</key><false/>",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("not there: %s\n%s", want, out)
			break
		}
	}
	if n := strings.Count(text, "<key>PayloadUUID</key>"); n != 6 {
		t.Errorf("%d identifiers", n)
	}
}

// The profile grows with the portals, and goes with the rest.
func TestProfileIsWrittenAndRemoved(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "policies", "portals.mobileconfig")
	var said []string
	run := func(portals ...string) *manifest {
		o := Options{State: state.Dir(filepath.Join(dir, "state")), Program: "tanba", Portals: portals, Report: func(e Event) { said = append(said, string(e.Action)) }}
		if err := o.complete(); err != nil {
			t.Fatal(err)
		}
		m, err := open(&o)
		if err == nil && len(portals) > 0 {
			err = m.profile(path)
		}
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	run("https://portal.example")
	run("https://other.example", "https://portal.example")
	got, err := os.ReadFile(path)
	if err != nil || string(got) != string(profileOf([]string{"https://portal.example", "https://other.example"})) {
		t.Errorf("%v\n%s", err, got)
	}
	if want := "[folder folder file profile replace profile]"; fmt.Sprint(said) != want {
		t.Errorf("%v, want %s", said, want)
	}
	m := run()
	for i := len(m.Changes) - 1; i >= 0; i-- {
		if err := m.undo(t.Context(), m.Changes[i], nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(filepath.Dir(path)); !os.IsNotExist(err) {
		t.Errorf("left: %v", err)
	}
}
