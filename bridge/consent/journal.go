package consent

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"strings"
	"time"

	"tanba/bridge/prompt"
)

// How an operation ended.
const (
	OutcomeDone        = "done"
	OutcomeFailed      = "failed"      // after the person agreed
	OutcomeCancelled   = "cancelled"   // the person said no or closed the window
	OutcomeTimeout     = "timeout"     // no answer in five minutes
	OutcomeGone        = "gone"        // the page went away before the answer
	OutcomeLimit       = "limit"       // refused without asking
	OutcomeBlocked     = "blocked"     // the person blocked the asker
	OutcomeUnavailable = "unavailable" // nobody can be asked here
)

// JournalEntry is one line of the journal: who wanted what, and how it ended.
// No content, no name of a person, no folder.
type JournalEntry struct {
	Prev          string    `json:"prev"` // SHA-256 of the line before this one
	Seq           uint64    `json:"seq"`
	Time          time.Time `json:"time"`
	Origin        string    `json:"origin,omitempty"`
	Program       string    `json:"program,omitempty"`       // executable of a local program
	ProgramSHA256 string    `json:"programSha256,omitempty"` // of that executable
	Operation     string    `json:"operation"`
	Documents     int       `json:"documents,omitempty"`
	Names         []string  `json:"names,omitempty"`  // of the first documents that have one
	SHA256        []string  `json:"sha256,omitempty"` // of the first documents
	AllSHA256     string    `json:"all,omitempty"`    // of the digests of all documents, when there are more
	KeySerial     string    `json:"keySerial,omitempty"`
	Automatic     bool      `json:"automatic,omitempty"` // the person had allowed it for good
	Policy        string    `json:"policy,omitempty"`    // the administrator's rule that said yes
	Outcome       string    `json:"outcome"`
	Reason        string    `json:"reason,omitempty"` // catalogue key of a failure
	Signed        int       `json:"signed,omitempty"` // of several documents that failed together: signatures made, which the page did not get
	Failed        []int     `json:"failed,omitempty"` // the first documents that could not be signed, from 1
}

// The journal is journal.jsonl and four older files, journal.1.jsonl being the
// youngest, of at most 1 MB each (security.md T24).
const (
	journalFiles  = 5
	journalSize   = 1 << 20
	journalDigest = 50 // digests and names of one entry
)

// quiet is how often refusals of one asker without a question are written: a page
// that is blocked must not push everything else out of the journal.
const quiet = time.Minute

// Record writes a line. Ask and Grant.Close call it for everything that was
// asked; other callers record operations that need no question. Trouble with
// the file is logged and does not stop the work.
func (d *Desk) Record(e JournalEntry) {
	if e.Time.IsZero() {
		e.Time = d.o.Now()
	}
	e.Time = e.Time.UTC().Truncate(time.Millisecond)
	e.SHA256 = e.SHA256[:min(len(e.SHA256), journalDigest)]
	e.Names = e.Names[:min(len(e.Names), journalDigest)]
	if err := d.journal.write(e); err != nil {
		d.o.Log.Error("consent: the journal cannot be written", "error", err)
	}
}

func (d *Desk) refused(q *Question, outcome string) {
	if outcome == OutcomeBlocked || outcome == OutcomeLimit {
		id, now := identity(q.Asker)+" "+outcome, d.o.Now()
		d.mu.Lock()
		last, ok := d.told[id]
		if ok && now.Sub(last) < quiet {
			d.mu.Unlock()
			return
		}
		if d.told == nil || len(d.told) > 1000 {
			d.told = map[string]time.Time{}
		}
		d.told[id] = now
		d.mu.Unlock()
	}
	d.Record(entry(q, outcome))
}

// Read notes the digest of a document that was read after the yes, for the
// journal. It is called before the grant is closed.
func (q *Question) Read(digest [32]byte) { q.read = append(q.read, digest) }

func entry(q *Question, outcome string) JournalEntry {
	e := JournalEntry{
		Origin:    clean(q.Asker.Origin),
		Operation: q.Operation,
		Documents: max(q.Total, len(q.Documents)),
		Outcome:   outcome,
	}
	if q.Asker.Origin == "" {
		e.Program, e.ProgramSHA256 = q.Asker.Executable, programSum(q.Asker)
	}
	if e.Operation == "" {
		e.Operation = map[prompt.Purpose]string{
			prompt.Sign: "sign", prompt.ShowKey: "showKey", prompt.PickFile: "pickFile", prompt.ListTokens: "listTokens",
			prompt.MakeKey: "makeKey", prompt.InstallCertificate: "installCertificate",
		}[q.Purpose]
	}
	var sums [][32]byte
	for i, doc := range q.Documents {
		if doc.SHA256 != [32]byte{} {
			sums = append(sums, doc.SHA256)
		}
		if i < journalDigest && doc.Name != "" {
			e.Names = append(e.Names, lastPart(doc.Name))
		}
	}
	sums = append(sums, q.read...)
	for _, sum := range sums[:min(len(sums), journalDigest)] {
		e.SHA256 = append(e.SHA256, hex.EncodeToString(sum[:]))
	}
	if len(sums) > journalDigest {
		all := sha256.New()
		for _, sum := range sums {
			all.Write(sum[:])
		}
		e.AllSHA256 = hex.EncodeToString(all.Sum(nil))
	}
	return e
}

// lastPart is the name of a file without its folders, which tell more of a person
// than the journal needs.
func lastPart(name string) string {
	return clean(path.Base(strings.ReplaceAll(name, `\`, "/")))
}
