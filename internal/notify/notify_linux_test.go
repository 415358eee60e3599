package notify

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/godbus/dbus/v5"

	"tanba/internal/testdata"
)

// shelf is a desktop that notes what it was told to show.
type shelf struct {
	mu      sync.Mutex
	shown   []string
	buttons []string // of each, as name=label
	gone    []uint32
	can     []string // what the service says it can
}

func (s *shelf) actions() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buttons
}

func (s *shelf) Notify(app string, replaces uint32, icon, title, body string, actions []string, hints map[string]dbus.Variant, timeout int32) (uint32, *dbus.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown = append(s.shown, app+"|"+title+"|"+body+"|"+hints["urgency"].String())
	var pairs []string
	for pair := range slices.Chunk(actions, 2) {
		pairs = append(pairs, strings.Join(pair, "="))
	}
	s.buttons = append(s.buttons, strings.Join(pairs, " "))
	if replaces != 0 {
		return replaces, nil
	}
	return uint32(len(s.shown)), nil
}

func (s *shelf) CloseNotification(id uint32) *dbus.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone = append(s.gone, id)
	return nil
}

func sessionBus(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("dbus-daemon")
	if err != nil {
		testdata.Missing(t, "dbus-daemon")
	}
	cmd := exec.Command(path, "--session", "--nofork", "--print-address")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(address)
}

func TestNotesReachTheDesktop(t *testing.T) {
	address := sessionBus(t)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", address)
	c, err := dbus.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s := &shelf{}
	if err := c.Export(s, servicePath, service); err != nil {
		t.Fatal(err)
	}
	if _, err := c.RequestName(service, dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}
	n, err := New()
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	id, err := n.Show(ctx, Note{Title: "egov.kz", Body: "<b>x</b> & y"}, 0)
	if err != nil || id != 1 {
		t.Fatalf("%d, %v", id, err)
	}
	if again, err := n.Show(ctx, Note{Title: "egov.kz", Body: "z", Urgent: true}, id); err != nil || again != id {
		t.Errorf("%d, %v", again, err)
	}
	if err := n.Withdraw(ctx, id); err != nil {
		t.Error(err)
	}
	if err := n.Withdraw(ctx, 0); err != nil {
		t.Error(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.shown) != 2 || s.shown[0] != "Tanba|egov.kz|&lt;b&gt;x&lt;/b&gt; &amp; y|@y 0x1" || !strings.HasSuffix(s.shown[1], "0x2") || len(s.gone) != 1 || s.gone[0] != 1 {
		t.Errorf("%q, gone %v", s.shown, s.gone)
	}
}

// TestNotesThroughTheProgram: without a service, and with a title that looks like
// an option.
func TestNotesThroughTheProgram(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+filepath.Join(dir, "none"))
	send := filepath.Join(dir, "notify-send")
	os.WriteFile(send, []byte("#!/bin/sh\nprintf '%s\\n' \"$@\" > "+filepath.Join(dir, "out")+"\n"), 0o700)
	if _, err := (&desktop{send: send}).Show(context.Background(), Note{Title: "--help; $(x)", Body: "y"}, 0); err != nil {
		t.Fatal(err)
	}
	got, _ := os.ReadFile(filepath.Join(dir, "out"))
	if string(got) != "--app-name=Tanba\n--urgency=normal\n--\n--help; $(x)\ny\n" {
		t.Errorf("%q", got)
	}
	if _, err := (&desktop{send: filepath.Join(dir, "nothing")}).Show(context.Background(), Note{}, 0); !errors.Is(err, ErrUnsupported) {
		t.Errorf("nothing at all: %v", err)
	}
}

func TestNoSessionNoNotes(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	t.Setenv("XDG_RUNTIME_DIR", "")
	if _, err := New(); !errors.Is(err, ErrUnsupported) {
		t.Errorf("err = %v", err)
	}
}
