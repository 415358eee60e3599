package consent

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"tanba/internal/state"
	"tanba/keystore"
)

// TestPermissionsSurviveACrash: state.Write replaces the file as a whole, so a
// crash leaves a part of it only in a temporary file beside it. And should a
// disk lose the end of the file itself, nothing breaks and nothing is invented.
func TestPermissionsSurviveACrash(t *testing.T) {
	d := newDesk(t)
	a := Asker{Origin: "https://egov.kz"}
	d.approve(a)
	whole, err := d.dir.Read(permissionsFile)
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) {
		dir := state.Dir(t.TempDir())
		dir.Write(whole, permissionsFile)
		os.WriteFile(dir.Path("."+permissionsFile+".123"), whole[:n], 0o600)
		if d := New(Options{State: dir}); !d.Known(a) {
			t.Fatalf("crash after %d octets of the next write: forgotten", n)
		}
		dir.Write(whole[:n], permissionsFile)
		d := New(Options{State: dir})
		if n < len(whole)-1 && d.Known(a) { // only the last line end may be missing
			t.Fatalf("half a file of %d octets counts", n)
		}
		if kept, err := dir.Read(permissionsFile + ".damaged"); n < len(whole)-1 && (err != nil || string(kept) != string(whole[:n])) {
			t.Fatalf("the damaged file was not kept: %v", err)
		}
		d.approve(Asker{Origin: "https://other.kz"})
		if !New(Options{State: dir}).Known(Asker{Origin: "https://other.kz"}) {
			t.Fatal("cannot go on after a damaged file")
		}
	}
	if fi, err := os.Stat(d.dir.Path(permissionsFile)); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", fi, err)
	}
}

func TestPermissionsCount(t *testing.T) {
	d := newDesk(t)
	for range 3 {
		d.approve(Asker{Origin: "https://egov.kz"})
		d.clock.add(time.Hour)
	}
	data, _ := d.dir.Read(permissionsFile)
	var p permissions
	if err := json.Unmarshal(data, &p); err != nil {
		t.Fatal(err)
	}
	site := p.Sites["https://egov.kz"]
	if p.Version != 1 || site.Count != 3 || !site.First.Equal(today) || !site.Last.Equal(today.Add(2*time.Hour)) {
		t.Errorf("%s", data)
	}
}

func TestStrangeStateFiles(t *testing.T) {
	for _, content := range []string{`{"version": 2, "sites": {"https://egov.kz": {"count": 1}}}`, `{"version": 1, "sites": {"https://egov.kz": null}}`, `[]`, `null`, "\x00"} {
		dir := state.Dir(t.TempDir())
		dir.Write([]byte(content), permissionsFile)
		dir.Write([]byte(content), recentFile)
		d := New(Options{State: dir})
		if d.Known(Asker{Origin: "https://egov.kz"}) {
			t.Errorf("%s counts", content)
		}
		d.approve(Asker{Origin: "https://x.kz"})
	}
}

func TestT24JournalRotates(t *testing.T) {
	d := newDesk(t)
	long := strings.Repeat("x", 4000)
	for range 5 * journalSize / 2000 {
		d.Record(JournalEntry{Operation: long, Outcome: OutcomeDone})
	}
	files, _ := os.ReadDir(d.dir.Path())
	if len(files) != journalFiles {
		t.Fatalf("%d files", len(files))
	}
	for i := range journalFiles {
		fi, err := os.Stat(d.dir.Path(journalName(i)))
		if err != nil || fi.Size() > journalSize || fi.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", journalName(i), fi, err)
		}
	}
}

func TestJournalAfterACrash(t *testing.T) {
	d := newDesk(t)
	d.dir.Append([]byte(`{"time":"2026-`), journalName(0))
	d.Record(JournalEntry{Operation: "sign", Outcome: OutcomeDone, SHA256: make([]string, 20)})
	data, _ := d.dir.Read(journalName(0))
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	var e JournalEntry
	if len(lines) != 2 || json.Unmarshal([]byte(lines[1]), &e) != nil || e.Operation != "sign" || len(e.SHA256) != journalDigest {
		t.Errorf("journal %q", data)
	}
}

// TestT24JournalHasNoContent: names, passwords, texts and paths of documents stay
// out of it.
func TestT24JournalHasNoContent(t *testing.T) {
	d := newDesk(t)
	q := from("https://egov.kz")
	q.Documents[0].Name, q.Documents[0].Text = "canary-name", "canary-text"
	d.refused(q, OutcomeCancelled)
	data, _ := d.dir.Read(journalName(0))
	if strings.Contains(string(data), "canary") {
		t.Errorf("journal %s", data)
	}
}

func TestWithoutState(t *testing.T) {
	d := New(Options{})
	d.approve(Asker{Origin: "https://egov.kz"})
	d.Record(JournalEntry{Outcome: OutcomeDone})
	if !d.Known(Asker{Origin: "https://egov.kz"}) {
		t.Error("forgotten within the session")
	}
	if _, err := os.Stat(journalName(0)); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a journal in the working directory")
	}
}

func TestRecentIsShort(t *testing.T) {
	d := newDesk(t)
	for i := range 12 {
		d.remember("/k/"+string(rune('a'+i))+".p12", keystore.Token{}, noCertificate{})
	}
	d.remember("/k/a.jks", keystore.Token{}, noCertificate{})
	files := d.recentFiles([]string{"p12"})
	if len(d.recentFiles(nil)) != recentMax || len(files) != recentMax-1 || files[0].Path != "/k/l.p12" || files[0].Name != "l.p12" {
		t.Errorf("%+v", files)
	}
}
