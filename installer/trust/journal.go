package trust

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"tanba/internal/state"
)

// Entry is one addition, written before it is made.
type Entry struct {
	Kind            Kind      `json:"store"`
	Path            string    `json:"path"`
	Fingerprint     string    `json:"fingerprint"` // SHA-256, lower-case hexadecimal
	Nickname        string    `json:"nickname"`
	Time            time.Time `json:"time"`
	CreatedDatabase bool      `json:"createdDatabase,omitempty"`
}

func (e Entry) same(o Entry) bool { return e.Path == o.Path && e.Fingerprint == o.Fingerprint }

const journalFile = "trust.json"

// journal is the manifest of everything we ever added and have not removed.
type journal struct {
	dir  state.Dir
	list []Entry
}

// readJournal returns an error when the file is there but cannot be understood:
// going on would forget what has been added.
func readJournal(dir state.Dir) (*journal, error) {
	j := &journal{dir: dir}
	data, err := dir.Read(journalFile)
	if errors.Is(err, fs.ErrNotExist) {
		return j, nil
	}
	if err != nil {
		return nil, fmt.Errorf("trust: %w", err)
	}
	if err := json.Unmarshal(data, &j.list); err != nil {
		return nil, fmt.Errorf("trust: journal %s is damaged: %w", dir.Path(journalFile), err)
	}
	return j, nil
}

func (j *journal) entries() []Entry { return slices.Clone(j.list) }

// created tells whether an earlier entry made the database at path.
func (j *journal) created(path string) bool {
	return slices.ContainsFunc(j.list, func(e Entry) bool { return e.Path == path && e.CreatedDatabase })
}

// last tells whether no other entry is in the same store.
func (j *journal) last(e Entry) bool {
	return !slices.ContainsFunc(j.list, func(o Entry) bool { return o.Path == e.Path && !o.same(e) })
}

func (j *journal) add(e Entry) error {
	j.list = append(slices.DeleteFunc(j.list, e.same), e)
	return j.write()
}

func (j *journal) drop(e Entry) error {
	j.list = slices.DeleteFunc(j.list, e.same)
	return j.write()
}

func (j *journal) write() error {
	if len(j.list) == 0 {
		return j.dir.Remove(journalFile)
	}
	data, err := json.MarshalIndent(j.list, "", "\t")
	if err != nil {
		return fmt.Errorf("trust: %w", err)
	}
	if err := j.dir.Write(append(data, '\n'), journalFile); err != nil {
		return fmt.Errorf("trust: %w", err)
	}
	return nil
}
