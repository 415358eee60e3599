package testoracle

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Serve starts the Java oracle's stand-in for the national services (OCSP, TSP,
// CRL, issuance) over a folder made by its gen-pki, on a free port of loopback,
// and returns its base address. It ends with the test.
func Serve(t testing.TB, dir string) string {
	t.Helper()
	home := installed(t)
	need(t, "java", "the Java oracle")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	cmd := exec.Command(filepath.Join(home, "oracle"), "serve", dir, "--port", fmt.Sprint(port))
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(out).ReadString('\n')
		ready <- line
	}()
	t.Cleanup(func() {
		cmd.Process.Kill() // the shell that was started has become java
		cmd.Wait()
	})
	select {
	case line := <-ready:
		if !strings.HasPrefix(line, "listening") {
			t.Fatalf("oracle serve: %s%s", line, errs.String())
		}
	case <-time.After(30 * time.Second):
		t.Fatal("oracle serve does not come up")
	}
	return fmt.Sprintf("http://127.0.0.1:%d", port)
}
