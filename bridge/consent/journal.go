package consent

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"

	"tanba/bridge/prompt"
	"tanba/internal/state"
)

// How an operation ended.
const (
	OutcomeDone        = "done"
	OutcomeFailed      = "failed"      // after the person agreed
	OutcomeCancelled   = "cancelled"   // the person said no or closed the window
	OutcomeTimeout     = "timeout"     // no answer in five minutes
	OutcomeGone        = "gone"        // the page went away before the answer
	OutcomeLimit       = "limit"       // refused without asking
	OutcomeUnavailable = "unavailable" // nobody can be asked here
)

// JournalEntry is one line of the journal: who wanted what, and how it ended.
// No content, no name of a person, no path.
type JournalEntry struct {
	Time      time.Time `json:"time"`
	Origin    string    `json:"origin,omitempty"`
	Program   string    `json:"program,omitempty"` // executable of a local program
	Operation string    `json:"operation"`
	Documents int       `json:"documents,omitempty"`
	SHA256    []string  `json:"sha256,omitempty"` // of the first few documents
	KeySerial string    `json:"keySerial,omitempty"`
	Outcome   string    `json:"outcome"`
	Reason    string    `json:"reason,omitempty"` // catalogue key of a failure
}

// The journal is journal.jsonl and four older files, journal.1.jsonl being the
// youngest, of at most 1 MB each (security.md T24).
const (
	journalFiles  = 5
	journalSize   = 1 << 20
	journalDigest = 5
)

// Record writes a line. Ask and Grant.Close call it for everything that was
// asked; other callers record operations that need no question. Trouble with
// the file is logged and does not stop the work.
func (d *Desk) Record(e JournalEntry) {
	if e.Time.IsZero() {
		e.Time = d.o.Now()
	}
	e.Time = e.Time.UTC().Truncate(time.Millisecond)
	if len(e.SHA256) > journalDigest {
		e.SHA256 = e.SHA256[:journalDigest]
	}
	if err := d.journal.write(e); err != nil {
		d.o.Log.Error("consent: the journal cannot be written", "error", err)
	}
}

func (d *Desk) refused(q *Question, outcome string) { d.Record(entry(q, outcome)) }

func entry(q *Question, outcome string) JournalEntry {
	e := JournalEntry{
		Origin:    clean(q.Asker.Origin),
		Operation: q.Operation,
		Documents: max(q.Total, len(q.Documents)),
		Outcome:   outcome,
	}
	if q.Asker.Origin == "" {
		e.Program = q.Asker.Executable
	}
	if e.Operation == "" {
		e.Operation = map[prompt.Purpose]string{prompt.Sign: "sign", prompt.ShowKey: "showKey", prompt.PickFile: "pickFile"}[q.Purpose]
	}
	for _, doc := range q.Documents[:min(len(q.Documents), journalDigest)] {
		if doc.SHA256 != [32]byte{} {
			e.SHA256 = append(e.SHA256, hex.EncodeToString(doc.SHA256[:]))
		}
	}
	return e
}

type journal struct {
	dir    state.Dir
	mu     sync.Mutex
	opened bool
}

func journalName(i int) string {
	if i == 0 {
		return "journal.jsonl"
	}
	return fmt.Sprintf("journal.%d.jsonl", i)
}

func (j *journal) write(e JournalEntry) error {
	if j.dir == "" {
		return nil
	}
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	line = append(line, '\n')
	j.mu.Lock()
	defer j.mu.Unlock()
	if fi, err := os.Stat(j.dir.Path(journalName(0))); err == nil && fi.Size()+int64(len(line)) > journalSize {
		if err := j.rotate(); err != nil {
			return err
		}
	}
	if !j.opened {
		// A crash may have left half a line; it must not spoil the next one.
		if old, err := j.dir.Read(journalName(0)); err == nil && len(old) > 0 && old[len(old)-1] != '\n' {
			line = append([]byte{'\n'}, line...)
		}
		j.opened = true
	}
	return j.dir.Append(line, journalName(0))
}

func (j *journal) rotate() error {
	for i := journalFiles - 2; i >= 0; i-- {
		err := os.Rename(j.dir.Path(journalName(i)), j.dir.Path(journalName(i+1)))
		if err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return nil
}
