package e2e

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tanba/internal/testdata"
)

// policyInside tells the test that it runs where /etc is a copy of its own.
const policyInside = "TANBA_E2E_OWN_ETC"

// What an administrator's installation writes to is the machine's: in a mount
// namespace it is a copy. $0 is the test, $1 an empty folder.
const ownEtc = `set -e
room=$1; shift
mount -t tmpfs none "$room"
cp -a /etc "$room/etc"
mkdir "$room/bin" "$room/lib" "$room/distribution"
mount --bind "$room/etc" /etc
mount --bind "$room/bin" /usr/local/bin
mount --bind "$room/lib" /var/lib
mount --bind "$room/distribution" "$(readlink -f /usr/lib/firefox-esr/distribution)"
exec "$0" "$@"`

// TestPolicies: an administrator installs for everybody and names a portal. Both
// browsers then read, where a real one looks for them, the policies that were
// written: the portal's page on a public address reaches the bridge without a
// question, and no other page does. The person did nothing, not even for the
// certificate. Afterwards the machine's files are what they were.
func TestPolicies(t *testing.T) {
	if os.Getenv(policyInside) == "" {
		inOwnEtc(t)
		return
	}
	// What the vendor of Firefox and another administrator have decided stays.
	write(t, "/usr/lib/firefox-esr/distribution/policies.json", `{"policies": {"DisablePocket": true, "DisableTelemetry": true}}`)
	write(t, "/etc/chromium/policies/managed/site.json", `{"BookmarkBarEnabled": true}`)
	before := machineFiles(t)
	tanba := func(args ...string) {
		t.Helper()
		if out, err := exec.Command(release.binary(t), args...).CombinedOutput(); err != nil {
			t.Fatalf("tanba %v: %v\n%s", args, err, out)
		}
	}
	tanba("install", "--machine", "--yes", "--no-start")
	b := newBridge(t, freePort(t))
	p := startLNAPortals(t, b.port)
	site, stranger := p.at(p.site), p.at(p.embedded)+"/site"
	profile := firefoxProfile(t, b.Home)
	databases := []string{chromiumNSS(b.Home), profile}
	for _, d := range databases {
		trustInNSS(t, d, p.ca)
	}
	b.run(t, release.binary(t))
	t.Cleanup(func() { b.stop(t) })
	for _, d := range databases {
		awaitRoot(t, d) // by the agent, as the machine's settings say
	}
	ask := func(wait time.Duration) string {
		return fmt.Sprintf(diagnose, fmt.Sprintf("{port: %d, wait: %d}", b.port, wait.Milliseconds()))
	}
	const patient, unanswered = 25 * time.Second, 3 * time.Second
	chromium := func(name string, check func(c *lnaBrowser)) {
		t.Run(name, func(t *testing.T) { check(&lnaBrowser{t, startChromium(t, b.Home, p.public()), site}) })
	}
	firefox := func(name string, wait time.Duration, want string, ok bool, run func(read func(expression string) string)) {
		t.Run(name, func(t *testing.T) {
			driver := startFirefoxWith(t, b.Home, profile, firefoxAsks, firefoxPublic(p.site))
			tab, err := driver.open(site)
			if err != nil {
				t.Fatal(err)
			}
			read := func(expression string) string {
				text, err := driver.evaluate(tab, expression)
				if err != nil {
					t.Fatal(err)
				}
				return text
			}
			wantDiagnosis(t, readDiagnosis(t, read(ask(wait))), want, ok)
			run(read)
		})
	}
	blocked := func(c *lnaBrowser) { wantDiagnosis(c.t, c.run(site, ask(patient)), "LNA_BLOCKED.prompt", false) }

	chromium("Chromium without policy", blocked)
	firefox("Firefox without policy", unanswered, "LNA_BLOCKED.prompt", false, func(func(string) string) {})

	tanba("install", "--machine", "--yes", "--no-start", "--enterprise", "--portal", site)
	chromium("Chromium with policy", func(c *lnaBrowser) {
		wantDiagnosis(c.t, c.run(site, ask(patient)), "OK", true)
		wantDiagnosis(c.t, c.run(site+"/frame", frame(p.at(p.embedded), "loopback-network")), "OK", true)
		wantDiagnosis(c.t, c.run(site+"/frame", frame(p.at(p.embedded), "")), "LNA_BLOCKED.frame", false)
		wantDiagnosis(c.t, c.run(stranger, ask(patient)), "LNA_BLOCKED.prompt", false)
		wantDiagnosis(c.t, c.run(p.at(p.plain), ask(patient)), "LNA_BLOCKED.insecure", false)
	})
	firefox("Firefox with policy", patient, "OK", true, func(read func(string) string) {
		health := fmt.Sprintf(`fetch('https://127.0.0.1:%d/health').then(r => r.text())`, b.port)
		if text := read(health); !strings.Contains(text, `"tanba"`) {
			t.Errorf("/health: %s", text)
		}
	})
	if text, err := os.ReadFile("/etc/firefox/policies/policies.json"); err != nil || !strings.Contains(string(text), "DisablePocket") {
		t.Errorf("the vendor's policies no longer apply: %s, %v", text, err)
	}

	tanba("uninstall", "--machine")
	if after := machineFiles(t); after != before {
		t.Errorf("left or lost:\n%s\n%s", difference(after, before), difference(before, after))
	}
	chromium("Chromium after removal", blocked)
}

func inOwnEtc(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		testdata.Missing(t, "root, for a mount namespace")
	}
	for _, program := range []string{"unshare", "chromium", "firefox-esr", "certutil"} {
		if _, err := exec.LookPath(program); err != nil {
			testdata.Missing(t, program)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private",
		"sh", "-c", ownEtc, self, t.TempDir(), "-test.run", "^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), policyInside+"=1", scripted.env+"="+scripted.binary(t), release.env+"="+release.binary(t))
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()+" ") {
		t.Errorf("inside: %v", err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// machineFiles is what lies in the places of the machine: modes, links and
// digests.
func machineFiles(t *testing.T) string {
	t.Helper()
	var all []string
	for _, place := range []string{"/etc", "/usr/local/bin", "/var/lib", "/usr/lib/firefox-esr/distribution/"} {
		err := filepath.WalkDir(place, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			line := path + " " + info.Mode().String()
			switch {
			case info.Mode()&fs.ModeSymlink != 0:
				target, err := os.Readlink(path)
				if err != nil {
					return err
				}
				line += " " + target
			case info.Mode().IsRegular():
				data, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				line += fmt.Sprintf(" %x", sha256.Sum256(data))
			}
			all = append(all, line)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}
