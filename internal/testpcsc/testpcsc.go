// Package testpcsc runs a real pcscd with two virtual readers for tests, and
// puts cards in and takes them out.
//
// The virtual readers listen on every address of the machine (vpcd, TCP 35963
// and 35964), so that daemon and cards live in a network namespace of their
// own. pcscd knows one place for its socket, /run/pcscd: it sees a folder of the
// test as its root, with copies of the few files it needs, and neither a pcscd
// of the system nor a real reader is touched. The socket can be reached from
// outside; [Readers.Socket] is its path.
//
// Needs Linux with pcscd and vsmartcard-vpcd installed, and the right to make a
// network namespace: root, or user namespaces. A test binary that imports this
// package serves as the process inside when it is started with
// TANBA_TESTPCSC=1; its tests do not run then.
package testpcsc

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"tanba/internal/testdata"
)

const (
	daemon   = "/usr/sbin/pcscd"
	variable = "TANBA_TESTPCSC"
)

var drivers = []string{
	"/usr/lib/pcsc/drivers/serial/libifdvpcd.so",
	"/usr/lib64/pcsc/drivers/serial/libifdvpcd.so",
}

// Readers are two virtual readers, 0 and 1.
type Readers struct {
	Socket string // of pcscd, for PCSCLITE_CSOCK_NAME
	PID    int    // of pcscd

	t     testing.TB
	mu    sync.Mutex
	in    io.WriteCloser
	out   *bufio.Reader
	ended func()
}

// Start runs pcscd until the test ends.
func Start(t testing.TB) *Readers {
	t.Helper()
	driver := ""
	for _, d := range drivers {
		if _, err := os.Stat(d); err == nil {
			driver = d
		}
	}
	if _, err := os.Stat(daemon); err != nil || driver == "" {
		testdata.Missing(t, "packages pcscd and vsmartcard-vpcd")
	}
	// Sockets have short names: not the test's own folder.
	root, err := os.MkdirTemp("", "pcsc-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	if err := furnish(root, driver); err != nil {
		t.Fatal(err)
	}
	r := &Readers{t: t, Socket: filepath.Join(root, "run", "pcscd", "pcscd.comm")}
	r.inside(root)
	t.Cleanup(r.Stop)
	return r
}

// furnish makes the root that pcscd sees.
func furnish(root, driver string) error {
	for _, dir := range []string{"run/pcscd", "etc/reader.conf.d", "dev", "tmp"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			return err
		}
	}
	config := fmt.Sprintf("FRIENDLYNAME \"Virtual PCD\"\nDEVICENAME /dev/null:0x8C7B\nLIBPATH %s\nCHANNELID 0x8C7B\n", driver)
	for name, content := range map[string]string{"dev/null": "", "etc/reader.conf.d/vpcd": config} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(content), 0o644); err != nil {
			return err
		}
	}
	files := map[string]bool{daemon: true, driver: true}
	for _, program := range []string{daemon, driver} {
		out, err := exec.Command("ldd", program).Output()
		if err != nil {
			return fmt.Errorf("ldd %s: %w", program, err)
		}
		for _, word := range strings.Fields(string(out)) {
			if !filepath.IsAbs(word) {
				continue
			}
			files[word] = true
			if strings.HasPrefix(filepath.Base(word), "libc.so.") {
				// Threads end with its help; loaded when the first one does.
				files[filepath.Join(filepath.Dir(word), "libgcc_s.so.1")] = true
			}
		}
	}
	for name := range files {
		if err := copyFile(filepath.Join(root, name), name); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(to, from string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o755)
}

// Insert puts a card that answers with this ATR into a reader, or another in
// the place of one.
func (r *Readers) Insert(reader int, atr string) {
	r.t.Helper()
	if _, err := hex.DecodeString(atr); err != nil {
		r.t.Fatal(err)
	}
	r.command(fmt.Sprintf("insert %d %s", reader, atr))
}

// Remove takes the card out. The daemon may need half a second to notice, as it
// does with real readers of the simple kind.
func (r *Readers) Remove(reader int) {
	r.t.Helper()
	r.command(fmt.Sprintf("remove %d", reader))
}

// Stop ends the daemon, as a crash of it would, with the readers.
func (r *Readers) Stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended != nil {
		r.in.Close()
		r.ended()
		r.ended = nil
	}
}

func (r *Readers) command(line string) {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := fmt.Fprintln(r.in, line); err != nil {
		r.t.Fatalf("%s: %v", line, err)
	}
	r.answer(line)
}

func (r *Readers) answer(to string) {
	r.t.Helper()
	answer, err := r.out.ReadString('\n')
	if err != nil {
		r.t.Fatalf("%s: %v", to, err)
	}
	word, rest, _ := strings.Cut(strings.TrimSpace(answer), " ")
	switch {
	case word == "ready":
		fmt.Sscan(rest, &r.PID)
	case word != "ok":
		r.t.Fatalf("%s: %s", to, answer)
	}
}
