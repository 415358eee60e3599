package consent

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"tanba/internal/state"
)

// JournalQuery narrows what is read of the journal; the zero value takes all.
type JournalQuery struct {
	Text    string    // in the origin, program, operation, a name, a digest, the key's number
	Outcome string    // one of the outcomes
	From    time.Time // not before
	Until   time.Time // before
	Skip    int       // entries that are passed over
	Limit   int       // 0 = all
}

// Journal returns the entries of the journal that a query asks for, the last one
// first, and how many there are without Skip and Limit.
func (d *Desk) Journal(q JournalQuery) (entries []JournalEntry, total int, err error) {
	d.journal.mu.Lock()
	all, err := readJournal(d.o.State)
	d.journal.mu.Unlock()
	if err != nil {
		return nil, 0, err
	}
	for _, l := range slices.Backward(all) {
		if l.entry == nil || !q.takes(l.entry) {
			continue
		}
		if total++; total > q.Skip && (q.Limit == 0 || len(entries) < q.Limit) {
			entries = append(entries, *l.entry)
		}
	}
	return entries, total, nil
}

func (q JournalQuery) takes(e *JournalEntry) bool {
	switch {
	case q.Outcome != "" && e.Outcome != q.Outcome:
		return false
	case !q.From.IsZero() && e.Time.Before(q.From):
		return false
	case !q.Until.IsZero() && !e.Time.Before(q.Until):
		return false
	}
	text := strings.ToLower(strings.TrimSpace(q.Text))
	if text == "" {
		return true
	}
	return slices.ContainsFunc(slices.Concat([]string{e.Origin, e.Program, e.Operation, e.KeySerial, e.Policy}, e.Names, e.SHA256),
		func(s string) bool { return strings.Contains(strings.ToLower(s), text) })
}

// journalColumns are those of the CSV form.
var journalColumns = []string{"seq", "time", "origin", "program", "operation", "documents", "names", "sha256", "keySerial", "automatic", "policy", "outcome", "reason", "signed", "failed"}

// ExportJournal writes what a query asks for as "csv" (UTF-8 with a mark, as
// spreadsheets want it) or "json".
func (d *Desk) ExportJournal(w io.Writer, format string, q JournalQuery) error {
	entries, _, err := d.Journal(q)
	if err != nil {
		return err
	}
	switch format {
	case "json":
		if entries == nil {
			entries = []JournalEntry{}
		}
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(entries)
	case "csv":
		if _, err := io.WriteString(w, "\ufeff"); err != nil {
			return err
		}
		c := csv.NewWriter(w)
		if err := c.Write(journalColumns); err != nil {
			return err
		}
		for _, e := range entries {
			row := []string{
				strconv.FormatUint(e.Seq, 10), e.Time.Format(time.RFC3339), e.Origin, e.Program, e.Operation, strconv.Itoa(e.Documents),
				strings.Join(e.Names, "; "), strings.Join(e.SHA256, "; "), e.KeySerial, strconv.FormatBool(e.Automatic), e.Policy, e.Outcome, e.Reason,
				"", strings.Trim(fmt.Sprint(e.Failed), "[]"),
			}
			if e.Signed > 0 {
				row[len(row)-2] = strconv.Itoa(e.Signed)
			}
			for i := range row {
				row[i] = cell(row[i])
			}
			if err := c.Write(row); err != nil {
				return err
			}
		}
		c.Flush()
		return c.Error()
	}
	return fmt.Errorf("journal: unknown format %q", format)
}

// cell keeps a text of a page from being a formula of a spreadsheet.
func cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

// ClearJournal removes all entries; the first one after it says so.
func (d *Desk) ClearJournal() error {
	if d.o.State == "" {
		return nil
	}
	d.journal.mu.Lock()
	errs := []error{d.o.State.Remove(headFile)}
	for i := range journalFiles {
		errs = append(errs, d.o.State.Remove(journalName(i)))
	}
	d.journal.head = nil
	d.journal.mu.Unlock()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	d.Record(JournalEntry{Operation: "clearJournal", Outcome: OutcomeDone})
	return nil
}

// Breach is a place where the journal is not what was written.
type Breach struct {
	File string
	Line int    // counted from 1; 0 = the file as a whole
	What string // BreachChanged, BreachStart, BreachEnd, BreachHead
}

// What can be wrong with the journal.
const (
	BreachChanged = "changed" // the line, or those before it, were changed, moved or removed
	BreachStart   = "start"   // lines before the first one are missing
	BreachEnd     = "end"     // lines after the last one are missing
	BreachHead    = "head"    // the file that knows the end of the journal is missing
)

// VerifyJournal tells where the journal is not what was written; nothing means
// that it is.
func (d *Desk) VerifyJournal() ([]Breach, error) {
	d.journal.mu.Lock()
	defer d.journal.mu.Unlock()
	return verifyJournal(d.o.State)
}

func verifyJournal(dir state.Dir) ([]Breach, error) {
	if dir == "" {
		return nil, nil
	}
	lines, err := readJournal(dir)
	if err != nil {
		return nil, err
	}
	head, err := readHead(dir)
	if err != nil {
		return nil, err
	}
	var out []Breach
	prev, seq, started := "", uint64(0), false
	for i, l := range lines {
		if l.entry != nil && l.entry.Prev == "" && !started {
			prev = lineDigest(l.text)
			continue // written before there was a chain
		}
		if l.entry == nil && i == len(lines)-1 && !l.whole {
			break // a crash: it was never written
		}
		switch e := l.entry; {
		case e == nil:
			out = append(out, Breach{l.file, l.number, BreachChanged})
		case !started:
			started = true
			if head != nil && e.Prev != head.Start && (head.Next == "" || e.Prev != head.Next) {
				out = append(out, Breach{l.file, l.number, BreachStart})
			}
			seq = e.Seq
		default:
			if seq++; e.Prev != prev || e.Seq != seq {
				out = append(out, Breach{l.file, l.number, BreachChanged})
				seq = e.Seq
			}
		}
		prev = lineDigest(l.text)
	}
	switch {
	case head == nil && started:
		out = append(out, Breach{File: headFile, What: BreachHead})
	case head == nil:
	case !started && head.Seq > 0:
		out = append(out, Breach{File: journalName(0), What: BreachEnd})
	case started && prev != head.Last && seq <= head.Seq:
		out = append(out, Breach{File: journalName(0), What: BreachEnd})
	}
	return out, nil
}

type journalLine struct {
	file   string
	number int
	text   []byte
	whole  bool          // ends as a line does
	entry  *JournalEntry // nil when it cannot be read
}

// readJournal reads all lines, the oldest first.
func readJournal(dir state.Dir) ([]journalLine, error) {
	var out []journalLine
	if dir == "" {
		return nil, nil
	}
	for i := journalFiles - 1; i >= 0; i-- {
		data, err := dir.Read(journalName(i))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("journal: %w", err)
		}
		n := 0
		for line := range bytes.Lines(data) {
			n++
			l := journalLine{file: journalName(i), number: n, text: line, whole: bytes.HasSuffix(line, []byte{'\n'})}
			if len(bytes.TrimSpace(line)) == 0 {
				continue
			}
			var e JournalEntry
			if json.Unmarshal(line, &e) == nil {
				l.entry = &e
			}
			out = append(out, l)
		}
	}
	return out, nil
}
