package prompt

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
	"unicode/utf16"
)

// child makes this test binary the program behind a window whose heap is dumped:
// the test plays the page and is the only one of the two that knows the password.
const child = "TANBA_TEST_HEAP"

func TestMain(m *testing.M) {
	if os.Getenv(child) != "" {
		windowOfAnotherProcess()
		return
	}
	flag.Parse()
	os.Exit(m.Run())
}

// windowOfAnotherProcess shows one window, prints its address, and dumps its heap
// into the file that is named when the work is done.
func windowOfAnotherProcess() {
	r := sampleRequest()
	r.Unlock = func(_ context.Context, _ string, secret []byte) ([]Key, error) {
		sum := sha256.Sum256(secret)
		clear(secret)
		if hex.EncodeToString(sum[:]) != os.Getenv(child) {
			return nil, &UnlockError{Code: UnlockWrongPassword}
		}
		return []Key{sampleKey()}, nil
	}
	d, err := NewWeb(WebOptions{Gone: time.Minute, Breath: time.Minute, Open: func(_ context.Context, url string) (<-chan struct{}, error) {
		fmt.Println(url)
		return nil, nil
	}}).Approve(context.Background(), r)
	if err != nil {
		fmt.Println("error", err)
		return
	}
	d.Progress.Finish("")
	fmt.Println("done")
	in := bufio.NewScanner(os.Stdin)
	in.Scan()
	runtime.GC()
	f, err := os.Create(in.Text())
	if err != nil {
		fmt.Println("error", err)
		return
	}
	debug.WriteHeapDump(f.Fd())
	fmt.Println("dumped", f.Close())
}

// TestT21NoPasswordInTheHeap: after a wrong and a right password, neither is found
// in the heap of the program behind the window, as UTF-8 or as UTF-16 of either
// order.
func TestT21NoPasswordInTheHeap(t *testing.T) {
	var random [12]byte
	rand.Read(random[:])
	right, wrong := hex.EncodeToString(random[:6])+"-Құпия", hex.EncodeToString(random[6:])+"-Кате"
	sum := sha256.Sum256([]byte(right))
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), child+"="+hex.EncodeToString(sum[:]))
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	said := bufio.NewReader(out)
	line := func() string {
		t.Helper()
		s, err := said.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		return s[:len(s)-1]
	}
	u, err := url.Parse(line())
	if err != nil {
		t.Fatal(err)
	}
	w := &window{t: t, base: "http://" + u.Host, origin: "http://" + u.Host, token: u.Fragment}
	w.exchange()
	for _, password := range []string{wrong, right} {
		if v := w.unlock("/x.p12", password); (v["keys"] != nil) != (password == right) {
			t.Fatalf("unlock: %v", v)
		}
	}
	w.send("POST", "/approve", map[string]any{"key": "a"})
	if s := line(); s != "done" {
		t.Fatal(s)
	}
	path := filepath.Join(t.TempDir(), "heap")
	fmt.Fprintln(in, path)
	if s := line(); s != "dumped <nil>" {
		t.Fatal(s)
	}
	heap, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(heap, []byte("ТЕСТОВ ТЕСТ")) {
		t.Fatal("the dump does not even hold what the window shows")
	}
	for _, password := range []string{right, wrong} {
		for name, form := range forms(password) {
			if bytes.Contains(heap, form) {
				t.Errorf("the password is in the heap as %s", name)
			}
		}
	}
}

// forms are those in which a password may lie in memory; the first eight octets
// are enough to find it.
func forms(password string) map[string][]byte {
	units := utf16.Encode([]rune(password))
	little, big := []byte{}, []byte{}
	for _, u := range units {
		little, big = append(little, byte(u), byte(u>>8)), append(big, byte(u>>8), byte(u))
	}
	return map[string][]byte{"UTF-8": []byte(password)[:10], "UTF-16LE": little[:16], "UTF-16BE": big[:16]}
}
