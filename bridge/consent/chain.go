package consent

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"tanba/internal/state"
)

// The lines of the journal are a chain: each holds the digest of the line before
// it and its own number. journal.head.json holds the digest of the last line, so
// that lines cut off the end show as well, and what the first line must hold, so
// that those cut off the beginning do.
//
// It shows tampering by somebody who edits the file, and accidents. Somebody who
// can write the files and knows this page can make a whole new chain; no file of
// the person's own can prevent that.
//
// A crash breaks no chain: the line is on the disk before the head, and a head
// that is one line behind is brought up to it. What a line lost at its end was
// never complete; it is taken away.
type journal struct {
	dir  state.Dir
	mu   sync.Mutex
	head *chainHead
}

const headFile = "journal.head.json"

type chainHead struct {
	Version int    `json:"version"`        // 1
	Seq     uint64 `json:"seq"`            // of the last line
	Last    string `json:"last"`           // digest of the last line
	Start   string `json:"start"`          // what the first line that is kept must hold
	Next    string `json:"next,omitempty"` // the same, while the oldest file is being dropped
}

// genesis stands in the first line of all.
const genesis = "0000000000000000000000000000000000000000000000000000000000000000"

// broken stands in the line after a place where the chain was found broken.
const broken = "broken"

func lineDigest(line []byte) string {
	sum := sha256.Sum256(bytes.TrimSuffix(line, []byte{'\n'}))
	return hex.EncodeToString(sum[:])
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
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.head == nil {
		if err := j.open(); err != nil {
			return err
		}
	}
	e.Prev, e.Seq = j.head.Last, j.head.Seq+1
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	line = append(line, '\n')
	if fi, err := os.Stat(j.dir.Path(journalName(0))); err == nil && fi.Size()+int64(len(line)) > journalSize {
		if err := j.rotate(); err != nil {
			return err
		}
	}
	if err := j.append(line); err != nil {
		j.head = nil // what is on the disk is looked at anew
		return err
	}
	j.head.Seq, j.head.Last = e.Seq, lineDigest(line)
	return j.saveHead()
}

// append adds a line and waits until it is on the disk, before the head says so.
func (j *journal) append(line []byte) error {
	if err := j.dir.Create(); err != nil {
		return err
	}
	f, err := os.OpenFile(j.dir.Path(journalName(0)), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	_, err = f.Write(line)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func (j *journal) saveHead() error {
	data, err := json.Marshal(j.head)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return j.dir.Write(append(data, '\n'), headFile)
}

// open finds the end of the chain.
func (j *journal) open() error {
	head, err := readHead(j.dir)
	if err != nil {
		return err
	}
	last, err := j.mend()
	if err != nil {
		return err
	}
	var e JournalEntry
	chained := last != nil && json.Unmarshal(last, &e) == nil && e.Prev != ""
	switch {
	case head == nil && last == nil:
		head = &chainHead{Last: genesis, Start: genesis}
	case head == nil && !chained: // lines of a version that knew no chain
		head = &chainHead{Last: lineDigest(last), Start: lineDigest(last)}
	case head == nil:
		head = &chainHead{Last: broken, Start: broken, Seq: e.Seq}
	case last != nil && lineDigest(last) == head.Last:
	case chained && e.Prev == head.Last && e.Seq == head.Seq+1:
		head.Seq, head.Last = e.Seq, lineDigest(last)
	}
	// In every other case the next line holds what the last one should have been,
	// and the break stays to be seen.
	if head.Next != "" && first(j.dir) == head.Next {
		head.Start, head.Next = head.Next, ""
	}
	head.Version = 1
	j.head = head
	return nil
}

// mend takes away half a line at the end and returns the last whole one, which
// may lie in the file before.
func (j *journal) mend() ([]byte, error) {
	data, err := j.dir.Read(journalName(0))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("journal: %w", err)
	}
	whole := data[:bytes.LastIndexByte(data, '\n')+1]
	if len(whole) < len(data) {
		if err := os.Truncate(j.dir.Path(journalName(0)), int64(len(whole))); err != nil {
			return nil, fmt.Errorf("journal: %w", err)
		}
	}
	if len(whole) == 0 { // right after a rotation
		if data, err = j.dir.Read(journalName(1)); err != nil {
			return nil, nil
		}
		whole = data[:bytes.LastIndexByte(data, '\n')+1]
	}
	return lastLine(whole), nil
}

func lastLine(data []byte) []byte {
	data = bytes.TrimSuffix(data, []byte{'\n'})
	if len(data) == 0 {
		return nil
	}
	return data[bytes.LastIndexByte(data, '\n')+1:]
}

// first is what the first chained line that is kept holds.
func first(dir state.Dir) string {
	for i := journalFiles - 1; i >= 0; i-- {
		data, _ := dir.Read(journalName(i))
		for line := range bytes.Lines(data) {
			var e JournalEntry
			if json.Unmarshal(line, &e) == nil && e.Prev != "" {
				return e.Prev
			}
		}
	}
	return ""
}

func readHead(dir state.Dir) (*chainHead, error) {
	data, err := dir.Read(headFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	h := &chainHead{}
	if err := json.Unmarshal(data, h); err != nil || h.Version != 1 {
		return nil, nil // as if it were not there, which shows
	}
	return h, nil
}

// rotate makes room for a new file. What the new oldest line must hold is written
// down first.
func (j *journal) rotate() error {
	if _, err := os.Stat(j.dir.Path(journalName(journalFiles - 1))); err == nil {
		next := ""
		for i := journalFiles - 2; i >= 0 && next == ""; i-- {
			data, _ := j.dir.Read(journalName(i))
			for line := range bytes.Lines(data) {
				var e JournalEntry
				if json.Unmarshal(line, &e) == nil && e.Prev != "" {
					next = e.Prev
					break
				}
			}
		}
		j.head.Next = next
		if err := j.saveHead(); err != nil {
			return err
		}
	}
	for i := journalFiles - 2; i >= 0; i-- {
		err := os.Rename(j.dir.Path(journalName(i)), j.dir.Path(journalName(i+1)))
		if err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("journal: %w", err)
		}
	}
	if j.head.Next != "" {
		j.head.Start, j.head.Next = j.head.Next, ""
	}
	return nil
}
