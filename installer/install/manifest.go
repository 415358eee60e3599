package install

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"tanba/installer/service"
	"tanba/internal/state"
)

// File is the manifest in the state directory; backupFolder beside it holds the
// files as they were, under their SHA-256.
const (
	File         = "install.json"
	backupFolder = "install"
	version      = 1
)

type kind string

const (
	kindFolder  kind = "folder"
	kindFile    kind = "file"
	kindProgram kind = "program" // a file that is ours whatever is in it
	kindPolicy  kind = "policy"  // a JSON file that others write, too
	kindKey     kind = "key"     // of the registry
	kindValues  kind = "values"  // in a key of the registry
	kindAgent   kind = "agent"
	kindTrust   kind = "trust"
)

// Change is one entry of the manifest.
type Change struct {
	Kind   kind        `json:"kind"`
	Path   string      `json:"path,omitempty"`
	Before string      `json:"before,omitempty"` // SHA-256; "" = was not there
	Mode   fs.FileMode `json:"mode,omitempty"`
	Link   string      `json:"link,omitempty"`  // it was a symbolic link to this
	After  []string    `json:"after,omitempty"` // SHA-256 of each version we wrote
	Values []value     `json:"values,omitempty"`
	Agent  *agentNote  `json:"agent,omitempty"`
	Time   time.Time   `json:"time"`
}

type agentNote struct {
	Backend service.Backend `json:"backend"`
	Program string          `json:"program"`
	Args    []string        `json:"args,omitempty"`
	Machine bool            `json:"machine,omitempty"`
}

// manifest is everything Install changed and Uninstall has not undone.
type manifest struct {
	o   *Options
	new bool // nothing was installed before

	Version int      `json:"version"`
	Folders []string `json:"folders,omitempty"` // made for the state directory, itself included, from the top
	Changes []Change `json:"changes"`
}

// read returns a manifest, an empty one marked new when there is none.
func read(o *Options) (*manifest, error) {
	m := &manifest{o: o, Version: version}
	data, err := o.State.Read(File)
	if errors.Is(err, fs.ErrNotExist) {
		m.new = true
		return m, nil
	}
	if err == nil {
		err = json.Unmarshal(data, m)
	}
	if err != nil {
		return nil, fmt.Errorf("install: %s: %w", o.State.Path(File), err)
	}
	if m.Version > version {
		return nil, fmt.Errorf("%w (manifest %d, this program knows %d)", ErrNewer, m.Version, version)
	}
	return m, nil
}

// open reads the manifest, or makes one together with the state directory: both
// appear at once, so that a folder made for us is never there unrecorded.
func open(o *Options) (*manifest, error) {
	m, err := read(o)
	if err != nil || !m.new || o.Dry {
		return m, err
	}
	dir := string(o.State)
	m.Folders = missing(dir)
	if len(m.Folders) == 0 {
		o.At("manifest")
		return m, m.write()
	}
	top := m.Folders[0]
	room := filepath.Join(filepath.Dir(top), workFolder)
	if err := removeAll(room); err != nil {
		return nil, fmt.Errorf("install: %w", err)
	}
	rest, err := filepath.Rel(top, dir)
	if err != nil {
		return nil, fmt.Errorf("install: %w", err)
	}
	for _, f := range m.Folders {
		o.Report(Event{Action: MakeFolder, Path: f})
	}
	o.At("state")
	if err := os.MkdirAll(filepath.Join(room, rest), 0o700); err != nil {
		return nil, fmt.Errorf("install: %w", err)
	}
	inside := *o
	inside.State = state.Dir(filepath.Join(room, rest))
	moved := *m
	moved.o = &inside
	o.At("state manifest")
	if err := moved.write(); err != nil {
		return nil, err
	}
	o.At("state rename")
	if err := os.Rename(room, top); err != nil {
		return nil, fmt.Errorf("install: %w", err)
	}
	return m, nil
}

// workFolder is a folder that is about to become the state directory.
const workFolder = ".tanba-new"

// missing lists the folders of path, itself included, that do not exist, from
// the top down.
func missing(path string) []string {
	var list []string
	for dir := filepath.Clean(path); ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(dir); err == nil || dir == filepath.Dir(dir) {
			slices.Reverse(list)
			return list
		}
		list = append(list, dir)
	}
}

func (m *manifest) write() error {
	data, err := json.MarshalIndent(m, "", "\t")
	if err != nil {
		return fmt.Errorf("install: %w", err)
	}
	if err := m.o.State.Write(append(data, '\n'), File); err != nil {
		return fmt.Errorf("install: %w", err)
	}
	return nil
}

func (m *manifest) report(a Action, path string) { m.o.Report(Event{Action: a, Path: path}) }

func (m *manifest) has(k kind) bool {
	return slices.ContainsFunc(m.Changes, func(c Change) bool { return c.Kind == k })
}

// note writes a change down before it is made. One of the same kind and path
// keeps what it says of the state before.
func (m *manifest) note(c Change) error {
	c.Time = m.o.Now().UTC()
	for i := range m.Changes {
		old := &m.Changes[i]
		if old.Kind != c.Kind || old.Path != c.Path {
			continue
		}
		for _, sum := range c.After {
			if !slices.Contains(old.After, sum) {
				old.After = append(old.After, sum)
			}
		}
		if c.Agent != nil {
			old.Agent = c.Agent
		}
		if c.Values != nil {
			old.Values = c.Values
		}
		return m.write()
	}
	m.Changes = append(m.Changes, c)
	return m.write()
}

// folders notes and makes the folders above a file.
func (m *manifest) folders(path string) error {
	for _, dir := range missing(filepath.Dir(path)) {
		m.report(MakeFolder, dir)
		if m.o.Dry {
			continue
		}
		if err := m.note(Change{Kind: kindFolder, Path: dir}); err != nil {
			return err
		}
		m.o.At("mkdir " + dir)
		if err := os.Mkdir(dir, 0o755); err != nil {
			return fmt.Errorf("install: %w", err)
		}
	}
	return nil
}

// backup keeps what is at path and tells its hash, mode or link.
func (m *manifest) backup(path string) (c Change, err error) {
	fi, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("install: %w", err)
	}
	if fi.Mode()&fs.ModeSymlink != 0 {
		c.Link, err = os.Readlink(path)
		return c, err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return c, fmt.Errorf("install: %w", err)
	}
	c.Before, c.Mode = sum(data), fi.Mode().Perm()
	return c, m.o.State.Write(data, backupFolder, c.Before)
}

// keepFile notes a file that something else is about to write.
func (m *manifest) keepFile(path string) error {
	if slices.ContainsFunc(m.Changes, func(c Change) bool { return c.Kind == kindProgram && c.Path == path }) {
		return nil
	}
	if err := m.folders(path); err != nil {
		return err
	}
	c, err := m.backup(path)
	if err != nil {
		return err
	}
	// What an agent's entry has become does not matter: it is ours.
	c.Kind, c.Path = kindProgram, path
	return m.note(c)
}

// file writes a file, keeping what was there. changed is false when it is there
// already as it shall be.
func (m *manifest) file(path string, data []byte, mode fs.FileMode, k kind, values ...value) (changed bool, err error) {
	if now, err := os.ReadFile(path); err == nil && bytes.Equal(now, data) {
		return false, nil
	}
	if err := m.folders(path); err != nil {
		return false, err
	}
	action := MakeFile
	if _, err := os.Lstat(path); err == nil {
		action = ReplaceFile
	}
	m.report(action, path)
	if m.o.Dry {
		return true, nil
	}
	var c Change
	if !slices.ContainsFunc(m.Changes, func(c Change) bool { return c.Kind == k && c.Path == path }) {
		if c, err = m.backup(path); err != nil {
			return false, err
		}
	}
	c.Kind, c.Path, c.After, c.Values = k, path, []string{sum(data)}, values
	if err := m.note(c); err != nil {
		return false, err
	}
	m.o.At("write " + path)
	return true, replace(path, data, mode, m.o.At)
}

// replace puts a file in place in one step.
func replace(path string, data []byte, mode fs.FileMode, at func(string)) error {
	temp := temporary(path)
	if err := os.WriteFile(temp, data, mode); err != nil {
		return fmt.Errorf("install: %w", err)
	}
	err := os.Chmod(temp, mode) // past the umask
	at("rename " + path)
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("install: %w", err), os.Remove(temp))
	}
	return nil
}

// temporary is the name of a file on its way; Uninstall looks for it.
func temporary(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".tanba-new")
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

// Claim makes the state directory for a bridge that runs without having been
// installed. The folders above it that had to be made are written down, so that
// Uninstall finds them.
func Claim(dir state.Dir) error {
	if len(missing(string(dir))) < 2 {
		return dir.Create()
	}
	o := Options{State: dir, Program: "tanba"}
	if err := o.complete(); err != nil {
		return err
	}
	_, err := open(&o)
	return err
}
