package trust

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tanba/internal/state"
)

// Entry is one addition, written before it is made.
type Entry struct {
	Kind            Kind      `json:"store"`
	Path            string    `json:"path"`
	Fingerprint     string    `json:"fingerprint"` // SHA-256, lower-case hexadecimal
	SHA1            string    `json:"sha1,omitempty"`
	Nickname        string    `json:"nickname"`
	Time            time.Time `json:"time"`
	CreatedDatabase bool      `json:"createdDatabase,omitempty"`
	CreatedFolders  []string  `json:"createdFolders,omitempty"`
}

func (e Entry) same(o Entry) bool { return e.Path == o.Path && e.Fingerprint == o.Fingerprint }

const journalFile = "trust.json"

// journalVersion is what this program writes. Version 1 was a bare list of
// entries.
const journalVersion = 2

// ErrNewer says that a later version of the program wrote the journal: only that
// one can undo what it did.
var ErrNewer = errors.New("trust: the journal was written by a later version")

// journal is the manifest of everything we ever added and have not removed.
type journal struct {
	dir state.Dir

	Version int              `json:"version"`
	Entries []Entry          `json:"entries"`
	Files   map[string]*file `json:"files,omitempty"` // see guard.go
}

// readJournal returns an error when the file is there but cannot be understood:
// going on would forget what has been added.
func readJournal(dir state.Dir) (*journal, error) {
	j := &journal{dir: dir}
	data, err := dir.Read(journalFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return j, nil
	case err != nil:
		return nil, fmt.Errorf("trust: %w", err)
	}
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
		err = json.Unmarshal(data, &j.Entries)
	} else {
		err = json.Unmarshal(data, j)
	}
	if err != nil {
		return nil, fmt.Errorf("trust: journal %s is damaged: %w", dir.Path(journalFile), err)
	}
	if j.Version > journalVersion {
		return nil, fmt.Errorf("%w: %d, this one knows %d", ErrNewer, j.Version, journalVersion)
	}
	return j, nil
}

func (j *journal) entries() []Entry { return slices.Clone(j.Entries) }

// created tells whether an earlier entry made the database at path.
func (j *journal) created(path string) bool {
	made, _ := j.made(path)
	return made
}

func (j *journal) made(path string) (database bool, folders []string) {
	for _, e := range j.Entries {
		if e.Path == path && e.CreatedDatabase {
			return true, e.CreatedFolders
		}
	}
	return false, nil
}

// forgetStore drops what is known of the files of a store that has gone.
func (j *journal) forgetStore(path string) error {
	for name := range j.Files {
		if name == path || strings.HasPrefix(name, path+string(filepath.Separator)) {
			delete(j.Files, name)
		}
	}
	return j.write()
}

// last tells whether no other entry is in the same store.
func (j *journal) last(e Entry) bool {
	return !slices.ContainsFunc(j.Entries, func(o Entry) bool { return o.Path == e.Path && !o.same(e) })
}

func (j *journal) add(e Entry) error {
	j.Entries = append(slices.DeleteFunc(j.Entries, e.same), e)
	return j.write()
}

func (j *journal) drop(e Entry) error {
	j.Entries = slices.DeleteFunc(j.Entries, e.same)
	return j.write()
}

func (j *journal) write() error {
	if len(j.Entries) == 0 && len(j.Files) == 0 {
		if err := j.dropBackups(); err != nil {
			return err
		}
		return j.dir.Remove(journalFile)
	}
	j.Version = journalVersion
	data, err := json.MarshalIndent(j, "", "\t")
	if err != nil {
		return fmt.Errorf("trust: %w", err)
	}
	if err := j.dir.Write(append(data, '\n'), journalFile); err != nil {
		return fmt.Errorf("trust: %w", err)
	}
	return nil
}
