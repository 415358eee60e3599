package trust

import (
	"bytes"
	"context"
	"crypto/tls"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tanba/internal/testdata"
)

// TestChromiumTrusts is the last word on Chromium: without the root the real
// browser refuses the bridge's certificate, with it the page is shown, and after
// removal it is refused again. No certificate-error flags.
func TestChromiumTrusts(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser six times")
	}
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		testdata.Missing(t, "chromium")
	}
	for name, prepare := range map[string]func(*home){
		"no database":  func(*home) {},
		"XDG database": func(h *home) { h.database(".local", "share", "pki", "nssdb") },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t)
			prepare(h)
			url, _, _ := h.serve()
			if page := h.visit(chromium, url); strings.Contains(page, marker) {
				t.Fatal("trusted before installation")
			}
			h.install()
			if page := h.visit(chromium, url); !strings.Contains(page, marker) {
				t.Errorf("not trusted after installation: %.300s", page)
			}
			h.remove()
			if page := h.visit(chromium, url); strings.Contains(page, marker) {
				t.Error("still trusted after removal")
			}
		})
	}
}

const marker = "tanba answered"

// serve is a bridge as far as a browser's trust goes.
func (h *home) serve() (url string, requests, refusals *atomic.Int32) {
	h.t.Helper()
	requests, refusals = new(atomic.Int32), new(atomic.Int32)
	c, err := h.bundle.TLS()
	if err != nil {
		h.t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		h.t.Fatal(err)
	}
	s := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			requests.Add(1)
			w.Write([]byte(marker))
		}),
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{*c}},
		ErrorLog:  log.New(counter{refusals}, "", 0),
	}
	go s.ServeTLS(l, "", "")
	h.t.Cleanup(func() { s.Close() })
	return "https://" + l.Addr().String() + "/", requests, refusals
}

// counter counts the server's complaints about handshakes.
type counter struct{ refusals *atomic.Int32 }

func (c counter) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("TLS handshake error")) {
		c.refusals.Add(1)
	}
	return len(b), nil
}

// visit opens a page in a fresh profile whose home is ours.
func (h *home) visit(chromium, url string) string {
	h.t.Helper()
	profile := h.t.TempDir()
	ctx, cancel := context.WithTimeout(h.t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
		"--user-data-dir="+profile, "--timeout=10000", "--dump-dom", url)
	cmd.Env = []string{"HOME=" + h.dir, "PATH=" + os.Getenv("PATH"), "XDG_CONFIG_HOME=" + filepath.Join(profile, "config"), "XDG_CACHE_HOME=" + filepath.Join(profile, "cache")}
	out, err := cmd.Output()
	if err != nil {
		h.t.Fatalf("chromium: %v", err)
	}
	return string(out)
}

// TestFirefoxTrusts does the same with a real Firefox and a profile that has
// never run: a request arrives only when the certificate is trusted, an alert
// when it is not.
func TestFirefoxTrusts(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser three times")
	}
	firefox, err := exec.LookPath("firefox")
	if err != nil {
		testdata.Missing(t, "firefox")
	}
	h := newHome(t)
	h.firefoxIn(".config/mozilla/firefox", false)
	url, requests, refusals := h.serve()
	visit := func() bool {
		t.Helper()
		accepted, refused := requests.Load(), refusals.Load()
		cmd := exec.Command(firefox, "--headless", "--no-remote", "--profile", h.firefox[0], url)
		cmd.Env = []string{"HOME=" + h.dir, "PATH=" + os.Getenv("PATH"), "XDG_CACHE_HOME=" + t.TempDir()}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() {
			cmd.Process.Signal(os.Interrupt)
			time.AfterFunc(10*time.Second, func() { cmd.Process.Kill() })
			cmd.Wait()
		}()
		for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
			switch {
			case requests.Load() > accepted:
				return true
			case refusals.Load() > refused:
				return false
			}
		}
		t.Fatal("Firefox did not connect within a minute")
		return false
	}
	if results := h.install(); len(results) != 2 {
		t.Fatalf("%+v", results)
	}
	if !visit() {
		t.Error("not trusted after installation into a fresh profile")
	}
	h.remove()
	if visit() {
		t.Error("still trusted after removal")
	}
	h.install()
	if !visit() {
		t.Error("not trusted after installation into a used profile")
	}
}
