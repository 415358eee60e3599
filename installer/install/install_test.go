//go:build !windows

package install

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"tanba/installer/service"
	"tanba/internal/state"
	"tanba/internal/testdata"
)

// TestMain also is the process that gets killed: with TANBA_INSTALL_TEST it does
// one verb and ends by SIGKILL at the change whose number it is given.
func TestMain(m *testing.M) {
	verb := os.Getenv("TANBA_INSTALL_TEST")
	if verb == "" {
		os.Exit(m.Run())
	}
	killAt, _ := strconv.Atoi(os.Getenv("TANBA_INSTALL_KILL"))
	count := 0
	o := Options{
		State: state.Dir(os.Getenv("TANBA_INSTALL_STATE")), Program: os.Getenv("TANBA_INSTALL_PROGRAM"),
		PolicyRoot: os.Getenv("TANBA_INSTALL_ROOT"), Backend: service.Systemd, NoStart: true, Trust: true, Default: true,
		Portals: []string{"https://portal.example", "https://other.example:8443"},
		Report:  func(e Event) { fmt.Println(e.Action, e.Path, e.Err) },
		At: func(point string) {
			if count++; count == killAt {
				fmt.Println("killed at", point)
				syscall.Kill(os.Getpid(), syscall.SIGKILL)
			}
		},
	}
	var err error
	if verb == "install" {
		err = Install(context.Background(), o)
	} else {
		err = Uninstall(context.Background(), o)
	}
	if errors.Is(err, ErrNotInstalled) {
		os.Exit(3)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(0)
}

// machine is an account with browsers, policies and somebody else's files.
type machine struct {
	t          *testing.T
	home, root string
	bin        string // in front of PATH
	program    string
}

// systemctl stands in for the user's manager: what enabling and disabling do to
// the files is what the real one does (see the test of the service).
const systemctl = `#!/bin/sh
unit=tanba.service
dir=$HOME/.config/systemd/user
case "$1 $2" in
"enable --user")
	for w in graphical-session default; do
		mkdir -p $dir/$w.target.wants && ln -sf $dir/$unit $dir/$w.target.wants/$unit
	done ;;
"disable --user")
	[ -e $dir/$unit ] || { echo "Unit file $unit does not exist." >&2; exit 1; }
	for w in graphical-session default; do
		rm -f $dir/$w.target.wants/$unit; rmdir $dir/$w.target.wants 2>/dev/null
	done
	exit 0 ;;
"is-active "*) echo inactive; exit 3 ;;
"list-unit-files "*) [ -e $dir/$unit ] && echo $unit ;;
esac
exit 0
`

func newMachine(t *testing.T) *machine {
	t.Helper()
	if _, err := exec.LookPath("certutil"); err != nil {
		testdata.Missing(t, "certutil (libnss3-tools)")
	}
	m := &machine{t: t, home: t.TempDir(), root: t.TempDir(), bin: t.TempDir()}
	m.program = filepath.Join(t.TempDir(), "tanba")
	m.put(m.program, "the program", 0o755)
	m.put(filepath.Join(m.bin, "systemctl"), systemctl, 0o755)
	m.put(filepath.Join(m.home, ".profile"), "export A=1\n", 0o644)
	m.put(filepath.Join(m.home, ".local", "bin", "tanba"), "somebody else's tanba", 0o750)
	m.put(filepath.Join(m.home, ".mozilla", "firefox", "profiles.ini"), "[Profile0]\nIsRelative=1\nPath=a\n", 0o600)
	m.put(filepath.Join(m.root, "etc", "firefox", "policies", "policies.json"), `{"policies": {"DisableTelemetry": true}}`, 0o600)
	for _, dir := range []string{".pki/nssdb", ".mozilla/firefox/a"} {
		dir = filepath.Join(m.home, filepath.FromSlash(dir))
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("certutil", "-d", "sql:"+dir, "-N", "--empty-password").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	return m
}

func (m *machine) put(path, text string, mode fs.FileMode) {
	m.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		m.t.Fatal(err)
	}
}

// content is every path with its mode and the hash of what is in it.
func (m *machine) content() []string {
	m.t.Helper()
	var all []string
	for _, top := range []string{m.home, m.root} {
		err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			fi, err := d.Info()
			if err != nil {
				return err
			}
			line := fmt.Sprintf("%s %v", strings.TrimPrefix(path, top), fi.Mode())
			switch {
			case fi.Mode()&fs.ModeSymlink != 0:
				to, err := os.Readlink(path)
				if err != nil {
					return err
				}
				line += " " + to
			case fi.Mode().IsRegular():
				data, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				line += " " + sum(data)
			}
			all = append(all, line)
			return nil
		})
		if err != nil {
			m.t.Fatal(err)
		}
	}
	return all
}

// run does a verb in a process of its own, which is killed at a change unless
// killAt is 0. killed tells whether that point was reached.
func (m *machine) run(verb string, killAt int) (out string, code int, killed bool) {
	m.t.Helper()
	self, err := os.Executable()
	if err != nil {
		m.t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = []string{
		"HOME=" + m.home, "PATH=" + m.bin + ":" + os.Getenv("PATH"), "TANBA_INSTALL_TEST=" + verb,
		"TANBA_INSTALL_STATE=" + filepath.Join(m.home, ".local", "state", "tanba"), "TANBA_INSTALL_ROOT=" + m.root,
		"TANBA_INSTALL_PROGRAM=" + m.program, "TANBA_INSTALL_KILL=" + strconv.Itoa(killAt),
	}
	data, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		m.t.Fatal(err)
	}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return string(data), -1, true
	}
	return string(data), cmd.ProcessState.ExitCode(), false
}

func (m *machine) must(verb string) string {
	m.t.Helper()
	out, code, _ := m.run(verb, 0)
	if code != 0 {
		m.t.Fatalf("%s: status %d\n%s", verb, code, out)
	}
	return out
}

func diff(before, after []string) string {
	var b strings.Builder
	for _, l := range before {
		if !slices.Contains(after, l) {
			b.WriteString("- " + l + "\n")
		}
	}
	for _, l := range after {
		if !slices.Contains(before, l) {
			b.WriteString("+ " + l + "\n")
		}
	}
	return b.String()
}

// install → uninstall leaves every file and folder as it was, octet for octet.
func TestUninstallIsExact(t *testing.T) {
	m := newMachine(t)
	before := m.content()
	out := m.must("install")
	for _, want := range []string{
		"replace " + m.home + "/.local/bin/tanba", "agent " + m.home + "/.config/systemd/user/tanba.service",
		"trust " + m.home + "/.pki/nssdb", "trust " + m.home + "/.mozilla/firefox/a",
		"file " + m.root + "/etc/chromium/policies/managed/tanba.json", "replace " + m.root + "/etc/firefox/policies/policies.json",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("not reported: %s", want)
		}
	}
	installed := m.content()
	if out := m.must("install"); strings.Contains(out, "file ") || strings.Contains(out, "replace ") || strings.Contains(out, "agent ") {
		t.Errorf("the second install changed something:\n%s", out)
	}
	if d := diff(installed, m.content()); strings.Count(d, "\n") > 2 { // the manifest's own times
		t.Errorf("the second install:\n%s", d)
	}
	unit, err := os.ReadFile(filepath.Join(m.home, ".config/systemd/user/tanba.service"))
	if err != nil || string(unit) != service.Unit(filepath.Join(m.home, ".local/bin/tanba")) {
		t.Errorf("%v\n%s", err, unit)
	}
	m.must("uninstall")
	if d := diff(before, m.content()); d != "" {
		t.Errorf("after uninstall:\n%s", d)
	}
	if out, code, _ := m.run("uninstall", 0); code != 3 {
		t.Errorf("a second uninstall: status %d\n%s", code, out)
	}
}

// Killed at any step of the installation, uninstall leaves nothing (zoom-2019).
func TestKilledInstallIsUndoneExactly_zoom2019(t *testing.T) {
	killedAnywhere(t, 1, func(m *machine, n int) bool {
		_, _, killed := m.run("install", n)
		return killed
	})
}

// Killed at any step of the removal, the next one finishes it.
func TestKilledUninstallIsFinished(t *testing.T) {
	killedAnywhere(t, 2, func(m *machine, n int) bool {
		m.must("install")
		_, _, killed := m.run("uninstall", n)
		return killed
	})
}

func killedAnywhere(t *testing.T, step int, do func(m *machine, n int) bool) {
	t.Helper()
	if testing.Short() {
		step = 7
	}
	m := newMachine(t)
	before := m.content()
	points := 0
	for n := 1; ; n += step {
		killed := do(m, n)
		if out, code, _ := m.run("uninstall", 0); code != 0 && code != 3 {
			t.Fatalf("point %d: uninstall: status %d\n%s", n, code, out)
		}
		if d := diff(before, m.content()); d != "" {
			t.Fatalf("killed at point %d: left\n%s", n, d)
		}
		if !killed {
			break
		}
		points++
	}
	if points < 30/step {
		t.Errorf("only %d points were reached", points)
	}
	t.Logf("%d points", points)
}

// What an administrator has changed since stays; only our values go.
func TestPoliciesOfOthersStay(t *testing.T) {
	m := newMachine(t)
	managed := filepath.Join(m.root, "etc/chromium/policies/managed")
	m.put(filepath.Join(managed, "site.json"), `{"LoopbackNetworkAllowedForUrls": ["https://old.example"], "HomepageLocation": "https://a.example"}`, 0o644)
	m.must("install")
	if _, err := os.Stat(filepath.Join(managed, "tanba.json")); err == nil {
		t.Error("a second file for a policy that another file sets")
	}
	doc := m.policy("etc/chromium/policies/managed/site.json")
	if got := fmt.Sprint(doc["LoopbackNetworkAllowedForUrls"]); got != "[https://old.example https://portal.example https://other.example:8443]" {
		t.Error(got)
	}
	fox := filepath.Join(m.root, "etc/firefox/policies/policies.json")
	doc = m.policy("etc/firefox/policies/policies.json")
	if got := fmt.Sprint(doc); got != "map[policies:map[DisableTelemetry:true LocalNetworkAccess:map[SkipDomains:[portal.example other.example]]]]" {
		t.Error(got)
	}
	m.put(fox, `{"policies": {"LocalNetworkAccess": {"SkipDomains": ["portal.example", "mine.example"]}, "DisablePocket": true}}`, 0o600)
	m.must("uninstall")
	if got := fmt.Sprint(m.policy("etc/firefox/policies/policies.json")); got != "map[policies:map[DisablePocket:true LocalNetworkAccess:map[SkipDomains:[mine.example]]]]" {
		t.Error(got)
	}
	if data, err := os.ReadFile(filepath.Join(managed, "site.json")); err != nil || !strings.HasPrefix(string(data), `{"LoopbackNetworkAllowedForUrls": ["https://old.example"], "Homepage`) {
		t.Errorf("%s, %v", data, err)
	}
}

// Firefox forgets what its vendor decided once there is a file of the machine.
func TestPoliciesOfTheVendorStay(t *testing.T) {
	m := newMachine(t)
	if err := os.Remove(filepath.Join(m.root, "etc/firefox/policies/policies.json")); err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{
		"usr/lib/firefox-esr/distribution": `{"policies": {"DisablePocket": true, "DisableTelemetry": true}}`,
		"usr/lib/firefox/distribution":     `{"policies": {"DisablePocket": false, "OfferToSaveLogins": false}}`,
		"opt/firefox/distribution":         `{"policies": `,
	} {
		m.put(filepath.Join(m.root, path, "policies.json"), text, 0o644)
	}
	m.must("install")
	m.must("install")
	if got := fmt.Sprint(m.policy("etc/firefox/policies/policies.json")); got != "map[policies:map[DisablePocket:true DisableTelemetry:true LocalNetworkAccess:map[SkipDomains:[portal.example other.example]] OfferToSaveLogins:false]]" {
		t.Error(got)
	}
	m.must("uninstall")
	if _, err := os.Stat(filepath.Join(m.root, "etc/firefox/policies/policies.json")); err == nil {
		t.Error("the copy is left")
	}
}

func (m *machine) policy(path string) map[string]any {
	m.t.Helper()
	data, err := os.ReadFile(filepath.Join(m.root, path))
	doc := map[string]any{}
	if err == nil {
		err = json.Unmarshal(data, &doc)
	}
	if err != nil {
		m.t.Fatal(err)
	}
	return doc
}

// Policies name exact origins.
func TestPortalsAreExactOrigins(t *testing.T) {
	for _, good := range []string{"https://egov.kz", "https://portal.example:8443"} {
		if err := checkPortal(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"*", "https://*", "https://[*.]gov.kz", "https://*.gov.kz", "http://egov.kz", "egov.kz", "https://egov.kz/", "https://egov.kz/x", "https://u@egov.kz", "https://egov.kz?x", "https://localhost", ""} {
		if err := checkPortal(bad); !errors.Is(err, ErrPortal) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// A manifest of a later version is not touched.
func TestLaterVersionIsRefused(t *testing.T) {
	dir := state.Dir(t.TempDir())
	if err := dir.Write([]byte(`{"version":2,"changes":[]}`), File); err != nil {
		t.Fatal(err)
	}
	o := Options{State: dir, Program: "/usr/bin/tanba", Home: t.TempDir(), NoStart: true, Backend: service.Autostart}
	for name, err := range map[string]error{"install": Install(t.Context(), o), "uninstall": Uninstall(t.Context(), o)} {
		if !errors.Is(err, ErrNewer) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Where state is somebody's own folder only Tanba's files leave it, and with
// Keep not even what the person decided and signed.
func TestForeignStateFolder(t *testing.T) {
	home, dir := t.TempDir(), state.Dir(t.TempDir())
	program := filepath.Join(t.TempDir(), "tanba")
	if err := os.WriteFile(program, []byte("x"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"letter.odt", "settings.json", "journal.jsonl", "permissions.json", "tls/leaf.key"} {
		if err := dir.Write([]byte("{}"), filepath.FromSlash(name)); err != nil {
			t.Fatal(err)
		}
	}
	o := Options{State: dir, Program: program, Home: home, NoStart: true, Backend: service.Autostart, Keep: true}
	left := func() string {
		entries, err := os.ReadDir(string(dir))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return strings.Join(names, " ")
	}
	for _, step := range []struct {
		keep bool
		want string
	}{{true, "journal.jsonl letter.odt permissions.json settings.json"}, {false, "letter.odt"}} {
		o.Keep = step.keep
		if err := Install(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		if err := Uninstall(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		if got := left(); got != step.want {
			t.Errorf("keep %v: left %q, want %q", step.keep, got, step.want)
		}
	}
	if entries, err := os.ReadDir(home); err != nil || len(entries) != 0 {
		t.Errorf("left at home: %v, %v", entries, err)
	}
}

// A dry run reports everything and changes nothing.
func TestDryRun(t *testing.T) {
	home := t.TempDir()
	program := filepath.Join(t.TempDir(), "tanba")
	if err := os.WriteFile(program, []byte("x"), 0o755); err != nil {
		t.Fatal(err)
	}
	var got []string
	o := Options{
		State: state.Dir(filepath.Join(home, "state")), Program: program, Home: home, Backend: service.Autostart, Dry: true, Trust: true,
		Report: func(e Event) { got = append(got, string(e.Action)+" "+strings.TrimPrefix(e.Path, home)) },
	}
	if err := Install(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	want := []string{"folder /.local", "folder /.local/bin", "file /.local/bin/tanba", "agent /.config/autostart/tanba.desktop", "start autostart", "trust "}
	if !slices.Equal(got, want) {
		t.Errorf("reported\n%q, want\n%q", got, want)
	}
	if entries, err := os.ReadDir(home); err != nil || len(entries) != 0 {
		t.Errorf("changed: %v, %v", entries, err)
	}
}
