package e2e

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"tanba/internal/testpcsc"
)

// TestNodeReaders: the published client asks the finished program for the tokens
// in two virtual readers, as they come and go.
func TestNodeReaders(t *testing.T) {
	readers := testpcsc.Start(t)
	b := newBridge(t, freePort(t))
	b.env = []string{"PCSCLITE_CSOCK_NAME=" + readers.Socket}
	script := filepath.Join(t.TempDir(), "script.json")
	if err := os.WriteFile(script, []byte(`[{"approve":false}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	b.run(t, scripted.binary(t), "--script", script)
	t.Cleanup(func() { b.stop(t) })
	holds := func(want ...string) {
		t.Helper()
		plan := []step{{"active tokens", call{"getActiveTokens", nil}, wantStrings(want...)}}
		// The daemon looks into simple readers every now and then.
		var s session
		for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
			s = runNode(t, b, calls(plan))
			if got := value[[]string](t, s.Calls[0]); len(got) == len(want) {
				break
			}
		}
		judge(t, s, plan)
	}
	holds()
	readers.Insert(0, "3BD5180081313A7D8073C8211030")
	holds("AKEToken5110Store")
	readers.Insert(1, "3B88014B415A544F4B454E82")
	holds("AKKaztokenStore", "AKEToken5110Store")
	readers.Remove(0)
	holds("AKKaztokenStore")
	readers.Remove(1)
	holds()
}
