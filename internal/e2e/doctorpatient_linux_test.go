package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"tanba/installer/service"
	"tanba/internal/doctor"
	"tanba/internal/settings"
	"tanba/internal/state"
	"tanba/internal/testdata"
)

// patient is an installed Tanba with a Chromium and a Firefox that trust it.
type patient struct {
	*bridge
	t       *testing.T
	program string
	tools   string // a folder at the head of PATH
}

// found is a line of "tanba doctor --json".
type found struct {
	Code    doctor.Code
	OK      bool
	Unknown bool
	Fixable bool
	Title   string
	Fix     string
}

func installPatient(t *testing.T) *patient {
	t.Helper()
	if _, err := exec.LookPath("certutil"); err != nil {
		testdata.Missing(t, "certutil (libnss3-tools)")
	}
	p := &patient{bridge: newBridge(t, freePort(t)), t: t, program: release.binary(t), tools: t.TempDir()}
	p.env = []string{
		fmt.Sprintf("NCALAYERPORT=%d", p.port),
		"XDG_RUNTIME_DIR=" + t.TempDir(), // no systemd manages this session
		"PATH=" + p.tools + ":" + os.Getenv("PATH"),
	}
	ca := startPortal(t).CA
	for _, database := range []string{chromiumNSS(p.Home), firefoxProfile(t, p.Home)} {
		trustInNSS(t, database, ca)
	}
	p.must("install", "--yes")
	t.Cleanup(func() { p.runToEnd(t, p.program, "uninstall", "--state", p.State) })
	if err := p.greet(); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *patient) must(verb string, args ...string) string {
	p.t.Helper()
	out, status := p.runToEnd(p.t, p.program, append([]string{verb, "--state", p.State, "--lang", "en"}, args...)...)
	if status != 0 {
		p.t.Fatalf("tanba %s: status %d\n%s", verb, status, out)
	}
	return out
}

// faults runs the doctor and returns what it names.
func (p *patient) faults(t *testing.T, args ...string) []found {
	t.Helper()
	cmd := p.command(p.program, append([]string{"doctor", "--json", "--state", p.State, "--lang", "en"}, args...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var all, faults []found
	for lines := json.NewDecoder(&stdout); lines.More(); {
		var f found
		if err := lines.Decode(&f); err != nil {
			t.Fatalf("doctor: %v\n%s", err, stderr.String())
		}
		if all = append(all, f); !f.OK {
			faults = append(faults, f)
		}
	}
	if len(all) != len(doctor.Codes) {
		t.Fatalf("%d findings, want %d: %v\n%s", len(all), len(doctor.Codes), err, stderr.String())
	}
	if (err == nil) != (len(faults) == 0) {
		t.Errorf("status %v with %d faults", err, len(faults))
	}
	if len(args) > 0 {
		t.Logf("%s", stderr.String())
	}
	return faults
}

// names fails unless exactly one fault is named, in words that hold all of says.
func (p *patient) names(t *testing.T, code doctor.Code, says ...string) found {
	t.Helper()
	faults := p.faults(t)
	if len(faults) != 1 || faults[0].Code != code {
		t.Fatalf("named %+v, want %s", faults, code)
	}
	for _, text := range says {
		if !strings.Contains(faults[0].Title+" "+faults[0].Fix, text) {
			t.Errorf("%q does not stand in: %s %s", text, faults[0].Title, faults[0].Fix)
		}
	}
	return faults[0]
}

func (p *patient) well(t *testing.T) {
	t.Helper()
	if faults := p.faults(t); len(faults) > 0 {
		t.Fatalf("faults: %+v", faults)
	}
}

// mend lets the doctor do it.
func (p *patient) mend(t *testing.T) {
	t.Helper()
	if faults := p.faults(t, "--fix", "--yes"); len(faults) > 0 {
		t.Fatalf("not mended: %+v", faults)
	}
	if err := p.greet(); err != nil {
		t.Errorf("after the mending: %v", err)
	}
}

// killAgent ends it without a chance to say so.
func (p *patient) killAgent(t *testing.T) {
	t.Helper()
	agent, up := service.Find(state.Dir(p.State))
	if !up {
		t.Fatal("no agent runs")
	}
	if err := syscall.Kill(agent.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); !isFree(p.port); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the port is held by an agent that was killed")
		}
	}
}

// place writes a file below home for as long as a test runs.
func (p *patient) place(t *testing.T, path, text string) string {
	t.Helper()
	path = filepath.Join(p.Home, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(path) })
	return path
}

// settle writes settings for as long as a test runs.
func (p *patient) settle(t *testing.T, s settings.Settings) {
	t.Helper()
	dir := state.Dir(p.State)
	if err := settings.Save(dir, s); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dir.Remove(settings.File) })
}

// tool puts a program of the system into PATH.
func (p *patient) tool(t *testing.T, name, script string) {
	t.Helper()
	path := filepath.Join(p.tools, name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(path) })
}

// namesSoon waits for what the agent writes once the page has its answer.
func (p *patient) namesSoon(t *testing.T, code doctor.Code, says ...string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if notes, err := doctor.LoadNotes(state.Dir(p.State)); err == nil && len(notes.Modules) > 0 {
			break
		}
	}
	p.names(t, code, says...)
}

const occupant = `import java.net.*;
public class Occupant {
	public static void main(String[] a) throws Exception {
		ServerSocket s = new ServerSocket(Integer.parseInt(a[0]), 5, InetAddress.getByName("127.0.0.1"));
		while (true) s.accept().close();
	}
}
`

// occupy lets a real Java hold the port, run as NCALayer is: java -jar NAME.
func (p *patient) occupy(t *testing.T, jar string) (ended <-chan struct{}) {
	t.Helper()
	for _, tool := range []string{"javac", "jar", "java"} {
		if _, err := exec.LookPath(tool); err != nil {
			testdata.Missing(t, tool)
		}
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "Occupant.java"), []byte(occupant), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{{"javac", "Occupant.java"}, {"jar", "cfe", jar, "Occupant", "Occupant.class"}} {
		cmd := exec.Command(command[0], command[1:]...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", command, err, out)
		}
	}
	cmd := exec.Command("java", "-Xmx64m", "-jar", filepath.Join(dir, jar), fmt.Sprint(p.port))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { cmd.Wait(); close(done) }()
	t.Cleanup(func() { cmd.Process.Kill(); <-done })
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", p.port)); err == nil {
			conn.Close()
			return done
		}
		if time.Now().After(deadline) {
			t.Fatal("Java did not take the port")
		}
	}
}
