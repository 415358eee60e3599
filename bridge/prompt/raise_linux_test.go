package prompt

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tanba/internal/state"
	"tanba/internal/testdata"
)

// screen starts a display with a window manager and points DISPLAY to it.
func screen(t *testing.T) {
	t.Helper()
	for _, name := range []string{"Xvfb", "openbox"} {
		if _, err := exec.LookPath(name); err != nil {
			testdata.Missing(t, name)
		}
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	server := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", "1024x768x24", "-nolisten", "tcp", "-noreset")
	server.ExtraFiles = []*os.File{w}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	t.Cleanup(func() { server.Process.Kill(); server.Wait() })
	number, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatalf("Xvfb: %v", err)
	}
	t.Setenv("DISPLAY", ":"+strings.TrimSpace(number))
	t.Setenv("XAUTHORITY", "")
	manager := exec.Command("openbox")
	if err := manager.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { manager.Process.Kill(); manager.Wait() })
}

// front is the process group whose window is in front, 0 = none.
func front(t *testing.T) int {
	t.Helper()
	x, err := openX11(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer x.conn.Close()
	active, err := x.property(x.root, "_NET_ACTIVE_WINDOW")
	if err != nil || len(active) == 0 || active[0] == 0 {
		return 0
	}
	pid, err := x.property(active[0], "_NET_WM_PID")
	if err != nil || len(pid) == 0 {
		return 0
	}
	group, err := unix.Getpgid(int(pid[0]))
	if err != nil {
		return 0
	}
	return group
}

// TestRaiseOnX11: the window comes to the front by itself when it opens, and again
// from behind another one (R-FRONT: _NET_ACTIVE_WINDOW is ours).
func TestRaiseOnX11(t *testing.T) {
	screen(t)
	path := findBrowser()
	if path == "" {
		testdata.Missing(t, "chromium")
	}
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "<title>x</title>") }))
	defer page.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var windows []*app
	defer func() {
		cancel()
		for _, a := range windows {
			<-a.closed
		}
	}()
	eventually := func(group int, what string) {
		t.Helper()
		for i := range 900 {
			if front(t) == group {
				return
			}
			if i%200 == 199 { // the machine is so busy that the first try gave up
				raise(ctx, group)
			}
			time.Sleep(100 * time.Millisecond)
		}
		t.Fatalf("%s: in front is %d, want %d", what, front(t), group)
	}
	for range 2 {
		a, err := start(ctx, Launch{Browser: path, State: state.Dir(t.TempDir()), Args: []string{"--disable-gpu"}}, page.URL)
		if err != nil {
			t.Fatal(err)
		}
		windows = append(windows, a)
		eventually(a.group, "a new window")
	}
	// A browser that is slow to start may put its window in front once more.
	for tries := 0; tries < 10 && front(t) != windows[0].group; tries++ {
		raise(ctx, windows[0].group)
		for waits := 0; waits < 30 && front(t) != windows[0].group; waits++ {
			time.Sleep(100 * time.Millisecond)
		}
	}
	eventually(windows[0].group, "a window from behind")
	x, err := openX11(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer x.conn.Close()
	if _, err := x.idle(); err != nil {
		t.Error(err)
	}
}

func TestDisplayOfAnotherMachine(t *testing.T) {
	for display, want := range map[string]string{":0": "0", ":12.3": "12", "unix:1": "1", "host:0": "", "": "", ":": "", ":x": "", "127.0.0.1:10.0": ""} {
		if got, ok := displayNumber(display); ok != (want != "") || ok && got != want {
			t.Errorf("%q: %q, %t", display, got, ok)
		}
	}
	t.Setenv("DISPLAY", "host.example:0")
	if _, err := openX11(context.Background()); err == nil || !strings.Contains(err.Error(), "no local display") {
		t.Error(err)
	}
	raise(context.Background(), 1) // ends at once
}

func entry(display, name, value string) []byte {
	b := []byte{1, 0}
	for _, s := range []string{"host", display, name, value} {
		b = append(append(b, byte(len(s)>>8), byte(len(s))), s...)
	}
	return b
}

func TestCookie(t *testing.T) {
	file := bytes.Join([][]byte{entry("7", "MIT-MAGIC-COOKIE-1", "seven"), entry("1", "XDM", "other"), entry("1", "MIT-MAGIC-COOKIE-1", "one"), entry("", "MIT-MAGIC-COOKIE-1", "any")}, nil)
	for number, want := range map[string]string{"7": "seven", "1": "one", "9": "any"} {
		if got := findCookie(file, number); string(got) != want {
			t.Errorf("display %s: %q", number, got)
		}
	}
}

func FuzzCookie(f *testing.F) {
	f.Add(entry("7", "MIT-MAGIC-COOKIE-1", "seven"), "7")
	f.Fuzz(func(t *testing.T, data []byte, number string) {
		if c := findCookie(data, number); len(c) > len(data) {
			t.Error("more than there is")
		}
	})
}
