package e2e

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"tanba/internal/pki"
	"tanba/internal/testdata"
)

// TestInstall: "tanba install" is run once, and pages reach the bridge in a
// Chromium with a fresh and with a used database, in a Firefox whose profile was
// there, and in one whose profile is made afterwards. "tanba uninstall" leaves
// what the browsers have made themselves and nothing else.
func TestInstall(t *testing.T) {
	b := newBridge(t, freePort(t))
	// No systemd manages this session: the desktop's autostart it is.
	b.env = []string{fmt.Sprintf("NCALAYERPORT=%d", b.port), "XDG_RUNTIME_DIR=" + t.TempDir()}
	p := startPortal(t)
	profile := firefoxProfile(t, b.Home)
	for _, d := range []string{chromiumNSS(b.Home), profile} {
		trustInNSS(t, d, p.CA)
	}
	before := tree(t, b.Home)

	program := release.binary(t)
	run := func(name string, args ...string) string {
		t.Helper()
		out, status := b.runToEnd(t, program, append([]string{name, "--state", b.State, "--lang", "en"}, args...)...)
		if status != 0 {
			t.Fatalf("tanba %s: status %d\n%s", name, status, out)
		}
		return out
	}
	if plan := run("install", "--dry-run"); !strings.Contains(plan, "autostart/tanba.desktop") || difference(tree(t, b.Home), before) != "" {
		t.Errorf("a dry run changed something, or kept something to itself:\n%s", plan)
	}
	uninstalled := false
	t.Cleanup(func() {
		if !uninstalled {
			b.runToEnd(t, program, "uninstall", "--state", b.State)
		}
	})
	if out := run("install", "--yes"); strings.Count(out, "checked: a browser with this store can connect") != 2 {
		t.Errorf("install checked\n%s", out)
	}
	if out := run("status"); !strings.Contains(out, b.URL) {
		t.Errorf("status: %s", out)
	}
	if !freshChromiumConnects(t, p, b) {
		t.Error("chromium: no connection after install")
	}
	plan := []step{{"active tokens", call{"getActiveTokens", nil}, wantStrings()}}
	t.Run("Firefox", func(t *testing.T) {
		judge(t, firefoxSession(t, startFirefox(t, b.Home, profile), p, b, calls(plan)), plan)
	})
	t.Run("Firefox profile made later", func(t *testing.T) {
		later := laterProfile(t, b.Home)
		awaitRoot(t, later)
		trustInNSS(t, later, p.CA)
		judge(t, firefoxSession(t, startFirefox(t, b.Home, later), p, b, calls(plan)), plan)
	})

	awaitClosed(t, filepath.Join(chromiumNSS(b.Home), "cert9.db"))
	out := run("uninstall")
	uninstalled = true
	if !strings.Contains(out, "given back exactly as it was ("+chromiumNSS(b.Home)+")") {
		t.Errorf("uninstall said\n%s", out)
	}
	if out, status := b.runToEnd(t, program, "status", "--state", b.State); status != 3 {
		t.Errorf("status after uninstall: %d\n%s", status, out)
	}
	for _, gone := range strings.Split(difference(before, tree(t, b.Home)), "\n") {
		if strings.HasPrefix(gone, "/.pki") {
			t.Errorf("not what it was: %.60s", gone)
		}
	}
	for _, left := range strings.Split(difference(tree(t, b.Home), before), "\n") {
		if strings.Contains(left, "tanba") || strings.Contains(left, "Tanba") {
			t.Errorf("left: %.200s", left)
		}
	}
	if content := nssContent(t, profile); strings.Contains(content, "Tanba") {
		t.Errorf("left in Firefox: %s", content)
	}
}

// laterProfile lets Firefox make a profile.
func laterProfile(t *testing.T, home string) string {
	t.Helper()
	firefox, err := exec.LookPath("firefox-esr")
	if err != nil {
		testdata.Missing(t, "firefox-esr")
	}
	cmd := exec.Command(firefox, "--headless", "--no-remote", "-CreateProfile", "later")
	cmd.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "MOZ_HEADLESS=1"}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, root := range []string{".config/mozilla/firefox", ".mozilla/firefox"} {
		if found, _ := filepath.Glob(filepath.Join(home, filepath.FromSlash(root), "*.later")); len(found) == 1 {
			return found[0]
		}
	}
	t.Fatal("Firefox made no profile")
	return ""
}

// awaitRoot waits until the bridge has noticed a database.
func awaitRoot(t *testing.T, database string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		out, err := exec.Command("certutil", "-d", "sql:"+database, "-L").CombinedOutput()
		if err == nil && strings.Contains(string(out), "Tanba ") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the bridge has not noticed %s: %s", database, out)
		}
	}
}

// awaitClosed waits until no process has a file open: browsers take a moment to
// end.
func awaitClosed(t *testing.T, path string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		holders := ""
		links, _ := filepath.Glob("/proc/[0-9]*/fd/*")
		for _, l := range links {
			if target, err := os.Readlink(l); err == nil && target == path {
				holders += " " + l
			}
		}
		if holders == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is still open:%s", path, holders)
		}
	}
}

// tree is every path below a folder with the octets of small files.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		line := strings.TrimPrefix(path, dir)
		if fi, err := d.Info(); err == nil && fi.Mode().IsRegular() && fi.Size() < 1<<20 {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			line += fmt.Sprintf(" %x", data)
		}
		all = append(all, line)
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return strings.Join(all, "\n")
}

// TestStopFinishesOpenRequests: a bridge that is to be replaced finishes what
// somebody is just deciding, sends idle pages away in order, takes no new ones,
// and its successor is there for all of them.
func TestStopFinishesOpenRequests(t *testing.T) {
	k := throwawayKey(t, pki.GOST512)
	b := startBridge(t, approve(k).after(4*time.Second))
	const origin = "https://egov.kz"
	busy, idle := b.dial(t, origin), b.dial(t, origin)
	request := basicsRequest(t, map[string]any{"decode": true}, map[string]any{"extKeyUsageOids": []string{}, "chain": []string{}})
	if err := busy.WriteMessage(websocket.TextMessage, []byte(request)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second) // the question is open
	if err := b.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	idle.SetReadDeadline(time.Now().Add(time.Minute))
	if _, _, err := idle.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseGoingAway) {
		t.Errorf("an idle page: %v, want close 1001", err)
	}
	if late, err := b.open(origin); err == nil {
		late.Close()
		t.Error("a new page was taken")
	}
	busy.SetReadDeadline(time.Now().Add(time.Minute))
	_, reply, err := busy.ReadMessage()
	if err != nil || !strings.Contains(string(reply), `"result"`) {
		t.Errorf("the open request: %.200s, %v", reply, err)
	}
	if err := <-b.ended; err != nil {
		t.Errorf("ended with %v", err)
	}
	script := filepath.Join(t.TempDir(), "script.json")
	if err := os.WriteFile(script, []byte(`[{"approve":false}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	b.run(t, scripted.binary(t), "--script", script)
	b.dial(t, origin)
}
