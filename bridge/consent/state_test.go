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
	d.approve(a, ScopeSign, false, nil)
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
		d.approve(Asker{Origin: "https://other.kz"}, ScopeSign, false, nil)
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
		d.approve(Asker{Origin: "https://egov.kz"}, ScopeSign, false, nil)
		d.clock.add(time.Hour)
	}
	data, _ := d.dir.Read(permissionsFile)
	var p permissions
	if err := json.Unmarshal(data, &p); err != nil {
		t.Fatal(err)
	}
	site := p.Askers["https://egov.kz"]
	if p.Version != 2 || site.Count != 3 || !site.Created.Equal(today) || !site.Used.Equal(today.Add(2*time.Hour)) || site.Scopes[ScopeSign].Count != 3 {
		t.Errorf("%s", data)
	}
}

// TestPermissionsOfVersionOne: what an older version wrote still counts, without
// scopes, which it did not know.
func TestPermissionsOfVersionOne(t *testing.T) {
	dir := state.Dir(t.TempDir())
	dir.Write([]byte(`{"version": 1, "sites": {"https://egov.kz": {"first": "2026-01-02T03:04:05Z", "last": "2026-02-02T03:04:05Z", "count": 7}}}`), permissionsFile)
	d := New(Options{State: dir})
	p := d.Permissions()
	if len(p) != 1 || p[0].Count != 7 || p[0].Created.Month() != 1 || p[0].Used.Month() != 2 || len(p[0].Scopes) != 0 || !d.Known(Asker{Origin: "https://egov.kz"}) {
		t.Errorf("%+v", p)
	}
	d.approve(Asker{Origin: "https://egov.kz"}, ScopeLogin, false, nil)
	if p := New(Options{State: dir}).Permissions(); len(p) != 1 || p[0].Count != 8 || len(p[0].Scopes) != 1 {
		t.Errorf("after one more: %+v", p)
	}
}

func TestStrangeStateFiles(t *testing.T) {
	for _, content := range []string{`{"version": 3, "askers": {"https://egov.kz": {"count": 1}}}`, `{"version": 2, "askers": {"https://egov.kz": null, "https://a.kz": {"count": 1, "scopes": {"sign": null}}}}`, `{"version": 1, "sites": {"https://egov.kz": null}}`, `[]`, `null`, "\x00"} {
		dir := state.Dir(t.TempDir())
		dir.Write([]byte(content), permissionsFile)
		dir.Write([]byte(content), recentFile)
		d := New(Options{State: dir})
		if d.Known(Asker{Origin: "https://egov.kz"}) {
			t.Errorf("%s counts", content)
		}
		d.approve(Asker{Origin: "https://x.kz"}, ScopeSign, false, nil)
	}
}

func TestT24JournalRotates(t *testing.T) {
	d := newDesk(t)
	long := strings.Repeat("x", 200_000)
	for range 2 * journalFiles * journalSize / 200_000 {
		d.Record(JournalEntry{Operation: long, Outcome: OutcomeDone})
	}
	files, _ := os.ReadDir(d.dir.Path())
	if len(files) != journalFiles+1 { // and the head
		t.Fatalf("%d files", len(files))
	}
	for i := range journalFiles {
		fi, err := os.Stat(d.dir.Path(journalName(i)))
		if err != nil || fi.Size() > journalSize || fi.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", journalName(i), fi, err)
		}
	}
}

// TestT24JournalHasNoContent: passwords, texts and folders stay out of it.
func TestT24JournalHasNoContent(t *testing.T) {
	d := newDesk(t)
	q := from("https://egov.kz")
	q.Documents[0].Name, q.Documents[0].Text = "/home/canary-user/contract.pdf", "canary-text"
	d.refused(q, OutcomeCancelled)
	data, _ := d.dir.Read(journalName(0))
	if strings.Contains(string(data), "canary") || !strings.Contains(string(data), `"names":["contract.pdf"]`) {
		t.Errorf("journal %s", data)
	}
}

func TestWithoutState(t *testing.T) {
	d := New(Options{})
	d.approve(Asker{Origin: "https://egov.kz"}, ScopeSign, false, nil)
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
