package consent

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"tanba/internal/state"
)

// written is a journal of n entries.
func written(t *testing.T, n int) *desk {
	t.Helper()
	d := newDesk(t)
	for i := range n {
		d.Record(JournalEntry{Origin: "https://egov.kz", Operation: "sign" + string(rune('a'+i)), Outcome: OutcomeDone})
	}
	return d
}

func (d *desk) breaches() []Breach {
	d.t.Helper()
	b, err := New(Options{State: d.dir}).VerifyJournal()
	if err != nil {
		d.t.Fatal(err)
	}
	return b
}

// TestJournalShowsTampering: every way to change the files shows, also after more
// was written.
func TestJournalShowsTampering(t *testing.T) {
	lines := func(d *desk, f func([][]byte) [][]byte) {
		data, _ := d.dir.Read(journalName(0))
		var all [][]byte
		for line := range bytes.Lines(data) {
			all = append(all, bytes.Clone(line))
		}
		os.WriteFile(d.dir.Path(journalName(0)), bytes.Join(f(all), nil), 0o600)
	}
	for name, c := range map[string]struct {
		change func(*desk)
		what   string
	}{
		"nothing": {func(*desk) {}, ""},
		"a changed line": {func(d *desk) {
			lines(d, func(l [][]byte) [][]byte { l[2] = bytes.Replace(l[2], []byte("done"), []byte("fail"), 1); return l })
		}, BreachChanged},
		"a removed line":      {func(d *desk) { lines(d, func(l [][]byte) [][]byte { return slices.Delete(l, 2, 3) }) }, BreachChanged},
		"two lines exchanged": {func(d *desk) { lines(d, func(l [][]byte) [][]byte { l[1], l[2] = l[2], l[1]; return l }) }, BreachChanged},
		"a line twice":        {func(d *desk) { lines(d, func(l [][]byte) [][]byte { return slices.Insert(l, 3, l[2]) }) }, BreachChanged},
		"an invented line": {func(d *desk) {
			lines(d, func(l [][]byte) [][]byte { return slices.Insert(l, 3, []byte("{\"operation\":\"x\"}\n")) })
		}, BreachChanged},
		"the first line removed": {func(d *desk) { lines(d, func(l [][]byte) [][]byte { return l[1:] }) }, BreachStart},
		"the last line removed":  {func(d *desk) { lines(d, func(l [][]byte) [][]byte { return l[:4] }) }, BreachEnd},
		"half of the last line":  {func(d *desk) { lines(d, func(l [][]byte) [][]byte { l[4] = l[4][:20]; return l }) }, BreachEnd},
		"the last line changed": {func(d *desk) {
			lines(d, func(l [][]byte) [][]byte { l[4] = bytes.Replace(l[4], []byte("done"), []byte("fail"), 1); return l })
		}, BreachEnd},
		"all lines removed":        {func(d *desk) { lines(d, func([][]byte) [][]byte { return nil }) }, BreachEnd},
		"the file removed":         {func(d *desk) { os.Remove(d.dir.Path(journalName(0))) }, BreachEnd},
		"the head removed":         {func(d *desk) { os.Remove(d.dir.Path(headFile)) }, BreachHead},
		"the head made unreadable": {func(d *desk) { os.WriteFile(d.dir.Path(headFile), []byte("{"), 0o600) }, BreachHead},
	} {
		t.Run(name, func(t *testing.T) {
			d := written(t, 5)
			c.change(d)
			got := d.breaches()
			if c.what == "" && len(got) != 0 || c.what != "" && (len(got) == 0 || got[0].What != c.what) {
				t.Fatalf("%+v, want %q", got, c.what)
			}
			again := New(Options{State: d.dir, Now: d.clock.Now})
			for range 3 {
				again.Record(JournalEntry{Operation: "later", Outcome: OutcomeDone})
			}
			if got := d.breaches(); (len(got) == 0) != (c.what == "") {
				t.Errorf("after more was written: %+v", got)
			}
		})
	}
}

// TestJournalSurvivesACrashAtEveryOctet: of the line, and between the line and
// the head; nothing of it looks like tampering.
func TestJournalSurvivesACrashAtEveryOctet(t *testing.T) {
	d := written(t, 3)
	before, _ := d.dir.Read(journalName(0))
	head, _ := d.dir.Read(headFile)
	d.Record(JournalEntry{Operation: "last", Outcome: OutcomeDone})
	after, _ := d.dir.Read(journalName(0))
	for n := len(before); n <= len(after); n++ {
		dir := state.Dir(t.TempDir())
		os.WriteFile(dir.Path(journalName(0)), after[:n], 0o600)
		os.WriteFile(dir.Path(headFile), head, 0o600)
		again := New(Options{State: dir, Now: d.clock.Now})
		if b, err := again.VerifyJournal(); err != nil || len(b) != 0 {
			t.Fatalf("crash after %d of %d octets: %+v, %v", n-len(before), len(after)-len(before), b, err)
		}
		again.Record(JournalEntry{Operation: "next", Outcome: OutcomeDone})
		if b, err := again.VerifyJournal(); err != nil || len(b) != 0 {
			t.Fatalf("crash after %d octets, then one more line: %+v, %v", n-len(before), b, err)
		}
		all, total, err := again.Journal(JournalQuery{})
		want := 4
		if n == len(after) {
			want = 5
		}
		if err != nil || total != want || all[0].Operation != "next" {
			t.Fatalf("crash after %d octets: %d entries, %v", n-len(before), total, err)
		}
	}
}

// TestJournalChainOverFiles: the chain goes through all files, and on when the
// oldest is dropped.
func TestJournalChainOverFiles(t *testing.T) {
	d := newDesk(t)
	long := strings.Repeat("x", 300_000)
	for i := range 30 {
		d.Record(JournalEntry{Operation: long, Outcome: OutcomeDone})
		if i%3 != 2 {
			continue
		}
		if b := d.breaches(); len(b) != 0 {
			t.Fatalf("after %d: %+v", i, b)
		}
	}
	all, total, err := d.Journal(JournalQuery{})
	if err != nil || total < 10 || total > 15 || all[0].Seq != 30 {
		t.Fatalf("%d entries, %v", total, err)
	}
	os.Remove(d.dir.Path(journalName(journalFiles - 1)))
	if b := d.breaches(); len(b) != 1 || b[0].What != BreachStart {
		t.Errorf("the oldest file removed: %+v", b)
	}
}

func TestJournalOfAnOlderVersion(t *testing.T) {
	d := newDesk(t)
	d.dir.Append([]byte("{\"time\":\"2026-01-02T03:04:05Z\",\"operation\":\"old\",\"outcome\":\"done\"}\n"), journalName(0))
	d.Record(JournalEntry{Operation: "new", Outcome: OutcomeDone})
	d.Record(JournalEntry{Operation: "newer", Outcome: OutcomeDone})
	if b := d.breaches(); len(b) != 0 {
		t.Errorf("%+v", b)
	}
	if all, total, err := d.Journal(JournalQuery{}); err != nil || total != 3 || all[2].Operation != "old" {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestJournalSearchAndExport(t *testing.T) {
	d := newDesk(t)
	for i, e := range []JournalEntry{
		{Origin: "https://egov.kz", Operation: "signXml", Outcome: OutcomeDone, Names: []string{"=HYPERLINK(1)"}, SHA256: []string{"aa11"}},
		{Origin: "https://stat.gov.kz", Operation: "signXml", Outcome: OutcomeCancelled},
		{Program: "/opt/x/app", Operation: "getKeyInfo", Outcome: OutcomeDone, KeySerial: "7B11"},
	} {
		e.Time = today.Add(time.Duration(i) * time.Hour)
		d.Record(e)
	}
	for _, c := range []struct {
		q    JournalQuery
		want []string
		n    int
	}{
		{JournalQuery{}, []string{"getKeyInfo", "signXml", "signXml"}, 3},
		{JournalQuery{Text: "EGOV"}, []string{"signXml"}, 1},
		{JournalQuery{Text: "hyper"}, []string{"signXml"}, 1},
		{JournalQuery{Text: "7b11"}, []string{"getKeyInfo"}, 1},
		{JournalQuery{Text: "aa1"}, []string{"signXml"}, 1},
		{JournalQuery{Outcome: OutcomeCancelled}, []string{"signXml"}, 1},
		{JournalQuery{From: today.Add(time.Hour), Until: today.Add(2 * time.Hour)}, []string{"signXml"}, 1},
		{JournalQuery{Skip: 1, Limit: 1}, []string{"signXml"}, 3},
		{JournalQuery{Text: "nothing"}, nil, 0},
	} {
		got, n, err := d.Journal(c.q)
		var names []string
		for _, e := range got {
			names = append(names, e.Operation)
		}
		if err != nil || n != c.n || !slices.Equal(names, c.want) {
			t.Errorf("%+v: %v, %d, %v", c.q, names, n, err)
		}
	}
	var out bytes.Buffer
	if err := d.ExportJournal(&out, "csv", JournalQuery{}); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(out.String(), "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 4 || rows[3][6] != "'=HYPERLINK(1)" || rows[1][3] != "/opt/x/app" {
		t.Errorf("%q, %v", rows, err)
	}
	out.Reset()
	var back []JournalEntry
	if err := d.ExportJournal(&out, "json", JournalQuery{Text: "egov"}); err != nil || json.Unmarshal(out.Bytes(), &back) != nil || len(back) != 1 || back[0].Names[0] != "=HYPERLINK(1)" {
		t.Errorf("%s, %v", out.Bytes(), err)
	}
	if err := d.ExportJournal(&out, "xml", JournalQuery{}); err == nil || !strings.Contains(err.Error(), `unknown format "xml"`) {
		t.Error(err)
	}
	if err := d.ClearJournal(); err != nil {
		t.Fatal(err)
	}
	if all, _, err := d.Journal(JournalQuery{}); err != nil || len(all) != 1 || all[0].Operation != "clearJournal" || len(d.breaches()) != 0 {
		t.Errorf("after clearing: %+v, %v, %+v", all, err, d.breaches())
	}
}

// TestJournalOfManyDocuments: the first digests, and one over all of them.
func TestJournalOfManyDocuments(t *testing.T) {
	d := newDesk(t)
	q := from("https://egov.kz")
	for range 200 {
		q.Documents = append(q.Documents, q.Documents[0])
	}
	d.refused(q, OutcomeCancelled)
	if e := d.journalOf()[0]; len(e.SHA256) != journalDigest || len(e.AllSHA256) != 64 || e.Documents != 201 {
		t.Errorf("%d digests, %q, %d", len(e.SHA256), e.AllSHA256, e.Documents)
	}
}

// TestJournalOfAFileReadLater: a file that is read after the yes is in it with
// its name and digest.
func TestJournalOfAFileReadLater(t *testing.T) {
	d := newDesk(t)
	q := from("https://egov.kz")
	q.Documents[0].Name, q.Documents[0].SHA256, q.Documents[0].Kind = `C:\Users\x\a.pdf`, [32]byte{}, "file"
	q.Read([32]byte{1})
	d.refused(q, OutcomeDone)
	if e := d.journalOf()[0]; len(e.SHA256) != 1 || !strings.HasPrefix(e.SHA256[0], "0100") || e.Names[0] != "a.pdf" {
		t.Errorf("%+v", e)
	}
}

func FuzzJournal(f *testing.F) {
	d := New(Options{State: state.Dir(f.TempDir())})
	d.Record(JournalEntry{Operation: "sign", Outcome: OutcomeDone})
	d.Record(JournalEntry{Operation: "sign", Outcome: OutcomeDone})
	lines, _ := d.o.State.Read(journalName(0))
	head, _ := d.o.State.Read(headFile)
	f.Add(lines, head)
	f.Add([]byte("{}\n\n{"), []byte("{}"))
	f.Fuzz(func(t *testing.T, lines, head []byte) {
		dir := state.Dir(t.TempDir())
		os.WriteFile(dir.Path(journalName(0)), lines, 0o600)
		os.WriteFile(dir.Path(headFile), head, 0o600)
		d := New(Options{State: dir})
		if _, err := d.VerifyJournal(); err != nil {
			t.Fatal(err)
		}
		d.Record(JournalEntry{Operation: "mine", Outcome: OutcomeDone})
		if all, _, err := d.Journal(JournalQuery{Limit: 1}); err != nil || len(all) != 1 || all[0].Operation != "mine" {
			t.Fatalf("%+v, %v", all, err)
		}
	})
}
