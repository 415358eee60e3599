package bridge

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"tanba/internal/testdata"
)

// TestRecordings sends what a public client sent to the original and compares
// the answers octet for octet: the entries that need no key, and those where the
// person cancels (protocol.md §14.2).
func TestRecordings(t *testing.T) {
	data, err := os.ReadFile(testdata.Shared(t, "protocol", "sigex-recordings.json"))
	if err != nil {
		t.Fatal(err)
	}
	var entries []struct{ Task, Request, Response string }
	if err := json.Unmarshal(data, &entries); err != nil {
		t.Fatal(err)
	}
	d := &desk{ask: cancelAlways}
	p := start(t, d).open()
	for _, i := range []int{1, 3, 4, 7, 12, 16, 21, 22, 26, 30, 31, 32, 33} {
		p.say(entries[i].Request)
		if got := p.hear(); got != entries[i].Response {
			t.Errorf("entry %d: %s\n%s\nwant\n%s", i, entries[i].Request, got, entries[i].Response)
		}
	}
	if n := len(d.asked()); n != 0 {
		t.Errorf("%d windows where none was shown", n)
	}
	tsa, with := stamping(t)
	p = start(t, d, with).open()
	cancels := []int{6, 34, 36, 37, 42, 43, 44, 45, 46, 47} // from 42 on with tsaProfile
	for _, i := range cancels {
		request := entries[i].Request
		if strings.Contains(request, "commonUtils") {
			// No token is plugged in; a file asks just as well.
			request = strings.ReplaceAll(request, "AKKaztokenStore", "PKCS12")
		}
		p.say(request)
		if got := p.hear(); got != entries[i].Response {
			t.Errorf("entry %d: %s\n%s\nwant\n%s", i, request, got, entries[i].Response)
		}
	}
	if n := len(d.asked()); n != len(cancels) {
		t.Errorf("%d windows for %d cancels", n, len(cancels))
	}
	if n := tsa.Requests(); n != 0 {
		t.Errorf("%d time stamps asked for without a yes", n)
	}
}
