package e2e

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

const greeting = `{"result":{"version":"1.4"}}`

// answer is one entry of the script that stands in for the person.
type answer map[string]any

func approve(k key) answer {
	if k.Serial != "" {
		return answer{"approve": true, "token": k.Serial, "pin": k.Password}
	}
	return answer{"approve": true, "key": k.Path, "password": k.Password}
}

func cancel() answer { return answer{"approve": false} }

func pick(path string) answer { return answer{"file": path} }

func (a answer) after(d time.Duration) answer {
	a["afterMs"] = d.Milliseconds()
	return a
}

// bridge is a running tanba serve.
type bridge struct {
	URL   string // wss://127.0.0.1:PORT; what the clients are told, "" = nothing
	Home  string // its HOME
	State string // its --state
	CA    string // file with its local CA

	env     []string // of the program, besides the usual
	port    int
	pool    *x509.CertPool
	cmd     *exec.Cmd
	log     lockedBuffer
	ended   chan error
	secrets []secret
}

// startBridge runs the scripted program until the test ends; without a script the
// person refuses everything. Afterwards it must
// end with status 0 when asked to, and must have told nobody what was in the
// script.
func startBridge(t testing.TB, script ...answer) *bridge {
	t.Helper()
	return startBridgeOn(t, freePort(t), script...)
}

func startBridgeOn(t testing.TB, port int, script ...answer) *bridge {
	t.Helper()
	return startBridgeWith(t, port, script)
}

// startBridgeWith adds flags to the command line.
func startBridgeWith(t testing.TB, port int, script []answer, flags ...string) *bridge {
	t.Helper()
	if len(script) == 0 {
		script = []answer{cancel()}
	}
	b := newBridge(t, port)
	file := filepath.Join(t.TempDir(), "script.json")
	text, err := json.Marshal(script)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, a := range script {
		if path, ok := a["key"].(string); ok {
			b.hideKey(key{Path: path, Password: a["password"].(string)})
		}
		if pin, ok := a["pin"].(string); ok {
			b.hide("the PIN", []byte(pin))
		}
	}
	b.run(t, scripted.binary(t), append([]string{"--script", file}, flags...)...)
	t.Cleanup(func() { b.stop(t) })
	return b
}

func newBridge(t testing.TB, port int) *bridge {
	t.Helper()
	home, err := os.MkdirTemp(workshop, "home-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	state := filepath.Join(home, "state")
	return &bridge{
		URL:   fmt.Sprintf("wss://127.0.0.1:%d", port),
		Home:  home,
		State: state,
		CA:    filepath.Join(state, "tls", "ca.pem"),
		port:  port,
	}
}

// command prepares a tanba with the bridge's own home and nothing of ours.
func (b *bridge) command(binary string, args ...string) *exec.Cmd {
	cmd := exec.Command(binary, args...)
	cmd.Env = []string{"HOME=" + b.Home, "PATH=" + os.Getenv("PATH"), "LANG=ru_RU.UTF-8"}
	cmd.Env = append(cmd.Env, b.env...)
	cmd.Dir = b.Home
	return cmd
}

// run starts the program and waits for its greeting.
func (b *bridge) run(t testing.TB, binary string, extra ...string) {
	t.Helper()
	args := append([]string{"serve", "--state", b.State, "--port", strconv.Itoa(b.port)}, extra...)
	b.cmd = b.command(binary, args...)
	b.cmd.Stdout, b.cmd.Stderr = &b.log, &b.log
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	b.ended = make(chan error, 1)
	go func() { b.ended <- b.cmd.Wait() }()
	if err := b.awaitGreeting(20 * time.Second); err != nil {
		b.cmd.Process.Kill()
		t.Fatalf("tanba %v: %v\n%s", args, err, b.log.String())
	}
}

func (b *bridge) awaitGreeting(limit time.Duration) error {
	deadline := time.Now().Add(limit)
	for {
		err := b.greet()
		if err == nil {
			return nil
		}
		select {
		case ended := <-b.ended:
			b.ended <- ended
			return fmt.Errorf("ended before its greeting: %v", ended)
		default:
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("no greeting in %v: %w", limit, err)
		}
		time.Sleep(time.Millisecond)
	}
}

func (b *bridge) greet() error {
	if b.pool == nil {
		pem, err := os.ReadFile(b.CA)
		if err != nil {
			return err
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return errors.New("ca.pem holds no certificate")
		}
		b.pool = pool
	}
	conn, err := b.open("")
	if err != nil {
		return err
	}
	return conn.Close()
}

// stop asks the program to end and looks for secrets in what it left behind.
func (b *bridge) stop(t testing.TB) {
	t.Helper()
	b.end(t)
	if t.Failed() {
		t.Logf("log of tanba:\n%s", b.log.String())
	}
	b.searchSecrets(t)
}

func (b *bridge) end(t testing.TB) {
	t.Helper()
	if err := b.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Error(err)
	}
	select {
	case err := <-b.ended:
		if err != nil {
			t.Errorf("tanba, asked to stop: %v", err)
		}
	case <-time.After(time.Minute):
		b.cmd.Process.Kill()
		<-b.ended
		t.Error("tanba did not stop within a minute of SIGTERM")
	}
}

// freePort is below the ports that systems give to whoever asks for any: between
// the look and the use nobody else gets it.
func freePort(t testing.TB) int {
	t.Helper()
	for range 1000 {
		if port := 20_000 + rand.IntN(12_000); port != 24680 && isFree(port) {
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}

func isFree(port int) bool {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err == nil {
		l.Close()
	}
	return err == nil
}
