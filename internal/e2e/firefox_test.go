package e2e

import (
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tanba/internal/testdata"
)

// firefoxPrefs: portal.test is this machine, and nothing is fetched from anywhere
// else. No setting about certificates.
const firefoxPrefs = `
user_pref("network.dns.forceResolve", "127.0.0.1");
user_pref("network.proxy.type", 0);
user_pref("app.update.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("browser.startup.homepage_override.mstone", "ignore");
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("services.settings.server", "data:,");
user_pref("toolkit.telemetry.enabled", false);
`

// firefoxAsks: Mozilla has the check of sockets built in and not yet switched on.
const firefoxAsks = `
user_pref("network.lna.websocket.enabled", true);
`

// firefoxPublic makes a server of this machine one of the internet for Firefox.
func firefoxPublic(s *httptest.Server) string {
	return fmt.Sprintf("user_pref(\"network.lna.address_space.public.override\", %q);\n", s.Listener.Addr())
}

// startFirefox runs a headless Firefox ESR with the profile given.
func startFirefox(t testing.TB, home, profile string) *bidi {
	t.Helper()
	return startFirefoxWith(t, home, profile)
}

func startFirefoxWith(t testing.TB, home, profile string, prefs ...string) *bidi {
	t.Helper()
	path, err := exec.LookPath("firefox-esr")
	if err != nil {
		testdata.Missing(t, "firefox-esr")
	}
	if err := os.WriteFile(filepath.Join(profile, "user.js"), []byte(firefoxPrefs+strings.Join(prefs, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0")
	cmd.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "MOZ_HEADLESS=1", "MOZ_CRASHREPORTER_DISABLE=1"}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { endFirefox(cmd) })

	type address struct {
		url string
		err error
	}
	found := make(chan address, 1)
	go func() {
		url, err := bidiListening(stderr)
		found <- address{url, err}
	}()
	select {
	case a := <-found:
		if a.err != nil {
			t.Fatal(a.err)
		}
		driver, err := dialBidi(strings.TrimSpace(a.url))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(driver.close)
		return driver
	case <-time.After(60 * time.Second):
		t.Fatal("firefox did not name its address within 60 s")
		return nil
	}
}

// endFirefox waits for the browser that was asked to close, and ends it otherwise.
func endFirefox(cmd *exec.Cmd) {
	ended := make(chan struct{})
	go func() {
		cmd.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		cmd.Process.Kill()
		<-ended
	}
}

// firefoxSession opens the portal and lets its page run a session.
func firefoxSession(t testing.TB, driver *bidi, p *portal, b *bridge, calls []call) session {
	t.Helper()
	tab, err := driver.open(p.Origin + "/")
	if err != nil {
		t.Fatal(err)
	}
	text, err := driver.evaluate(tab, sessionScript(t, b, calls))
	if err != nil {
		t.Fatal(err)
	}
	return readSession(t, []byte(text))
}
