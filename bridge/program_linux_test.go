package bridge

import (
	"crypto/sha256"
	"os"
	"testing"
)

// TestT7ProgramIsItsExecutable: who asks without an Origin is the program that
// opened the socket, by the octets that run.
func TestT7ProgramIsItsExecutable(t *testing.T) {
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{ask: cancelAlways}
	p := start(t, d).openAs("")
	p.ask(cadesRequest("акт", true), cancelled)
	asked := d.asked()
	if len(asked) != 1 {
		t.Fatalf("%d questions", len(asked))
	}
	if a := asked[0].Asker; !a.Local || a.Executable != path || a.PID != os.Getpid() || a.SHA256 != sha256.Sum256(data) {
		t.Errorf("%+v", a)
	}
	// A page is not asked for its program.
	p = start(t, d).open()
	p.ask(cadesRequest("акт", true), cancelled)
	if a := d.asked()[1].Asker; a.Local || a.Executable != "" || a.SHA256 != [sha256.Size]byte{} {
		t.Errorf("%+v", a)
	}
}
