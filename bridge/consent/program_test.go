package consent

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"tanba/bridge/prompt"
	"tanba/internal/testpki"
)

// TestT7ReplacedProgramIsNew: what was allowed to a program was allowed to the
// octets that asked. Another executable at its path, or one nobody can read, is
// new, and the window says so; a block is of the path.
func TestT7ReplacedProgramIsNew(t *testing.T) {
	path := keyFile(t, testpki.Profile{})
	asks := func(version string) *Question {
		q := from("")
		q.Asker = Asker{Local: true, Executable: "/opt/kassa/kassa", UID: 1000}
		if version != "" {
			q.Asker.SHA256 = sha256.Sum256([]byte(version))
		}
		return q
	}
	d := newDesk(t)
	shown := func(q *Question) *shown {
		t.Helper()
		s, _ := d.open(q)
		return s
	}
	sum := sha256.Sum256([]byte("1"))
	if s := shown(asks("1")); !s.Site.New || s.Site.Changed || s.Site.SHA256 != hex.EncodeToString(sum[:]) || s.ProgramSHA256 != s.Site.SHA256 || s.Site.Detail != "/opt/kassa/kassa" {
		t.Errorf("first: %+v", s.Site)
	}
	d.agree(asks("1"), path, prompt.Decision{})
	if s := shown(asks("1")); s.Site.New || s.Site.Changed || !d.Known(asks("1").Asker) {
		t.Errorf("again: %+v", s.Site)
	}
	for _, version := range []string{"2", ""} {
		if s := shown(asks(version)); !s.Site.New || !s.Site.Changed || d.Known(asks(version).Asker) {
			t.Errorf("version %q: %+v", version, s.Site)
		}
	}
	entries, _, err := d.Journal(JournalQuery{})
	if err != nil || entries[0].ProgramSHA256 != "" || entries[2].ProgramSHA256 != hex.EncodeToString(sum[:]) || entries[0].Program != "/opt/kassa/kassa" {
		t.Errorf("journal %+v, %v", entries[:3], err)
	}
	// The yes for the new one is not a yes for the old one.
	d.agree(asks("2"), path, prompt.Decision{})
	if !d.Known(asks("2").Asker) || d.Known(asks("1").Asker) || d.Permissions()[0].Count != 1 {
		t.Errorf("%+v", d.Permissions())
	}
	// It is kept over a restart.
	again := New(Options{Prompter: d.person, State: d.dir, Now: d.clock.Now})
	if !again.Known(asks("2").Asker) || again.Known(asks("1").Asker) || again.Known(asks("").Asker) {
		t.Error("the restart forgot whose permission it is")
	}
	d.Block(identity(asks("2").Asker))
	for _, version := range []string{"1", "2", "3", ""} {
		if !d.Blocked(asks(version).Asker) {
			t.Errorf("version %q escapes the block", version)
		}
	}
	// Two executables of one path that ask for the same are two questions.
	if a, _ := sameness(asks("1")); func() bool { b, _ := sameness(asks("2")); return a == b }() {
		t.Error("one window for two executables")
	}
}
