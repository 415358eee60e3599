package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// ErrNoBrowser: there is no browser that can be opened with the demo's
// certificate; the person is told what to do by hand.
var ErrNoBrowser = errors.New("demo: no browser to open")

// Browser is a browser with a home of its own inside the demo's folder, so that
// it trusts the demo's certificate without the person's browsers being touched.
type Browser struct {
	Dir string // of the demo
	CA  string // PEM file of the bridge's local CA
}

// Open shows url and returns a channel that is closed when the window is gone.
func (b *Browser) Open(ctx context.Context, url string) (<-chan struct{}, error) {
	certutil, err := exec.LookPath("certutil")
	if err != nil {
		return nil, fmt.Errorf("%w: certutil is missing", ErrNoBrowser)
	}
	home := filepath.Join(b.Dir, "browser")
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge", "brave-browser"} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		if err := b.database(certutil, filepath.Join(home, ".pki", "nssdb")); err != nil {
			return nil, err
		}
		args := []string{"--user-data-dir=" + filepath.Join(home, "profile"), "--no-first-run", "--no-default-browser-check", "--disable-sync"}
		if os.Geteuid() == 0 {
			args = append(args, "--no-sandbox") // Chromium refuses to start as root otherwise
		}
		return start(ctx, home, path, append(args, url))
	}
	for _, name := range []string{"firefox", "firefox-esr"} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		profile := filepath.Join(home, "firefox")
		if err := b.database(certutil, profile); err != nil {
			return nil, err
		}
		return start(ctx, home, path, []string{"--no-remote", "--profile", profile, url})
	}
	return nil, ErrNoBrowser
}

// database makes an NSS database that trusts the demo's CA.
func (b *Browser) database(certutil, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	for _, args := range [][]string{
		{"-N", "--empty-password"},
		{"-A", "-n", "Tanba demo", "-t", "C,,", "-i", b.CA},
	} {
		out, err := exec.Command(certutil, append([]string{"-d", "sql:" + dir}, args...)...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("demo: certutil %s: %w: %s", args[0], err, strings.TrimSpace(string(out)))
		}
	}
	return nil
}

func start(ctx context.Context, home, path string, args []string) (<-chan struct{}, error) {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), "HOME="+home, "XDG_CONFIG_HOME="+filepath.Join(home, ".config"), "XDG_DATA_HOME="+filepath.Join(home, ".local", "share"))
	// Asked to end, a browser takes its helper processes along; killed, it
	// leaves them writing into the folder that is about to be removed.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 3 * time.Second
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		cmd.Wait()
	}()
	return closed, nil
}
