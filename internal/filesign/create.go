package filesign

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// draft is a file that is being written and has not got its name yet.
type draft struct {
	file *os.File
	name string // its temporary name; "" if it has none at all
}

// create begins a file that will lie in the folder of path. Its permissions are
// mode without what the umask takes away.
func create(path string, mode fs.FileMode) (*draft, error) {
	if f, ok := createNameless(filepath.Dir(path), mode); ok {
		return &draft{file: f}, nil
	}
	// Hidden, and short whatever the length of the name it will get.
	name := filepath.Join(filepath.Dir(path), ".tanba-"+rand.Text())
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return nil, err
	}
	return &draft{file: f, name: name}, nil
}

// publish syncs and closes the file and gives it its name. The error wraps
// fs.ErrExist if the name is taken.
func (d *draft) publish(path string) error {
	err := d.file.Sync()
	if err == nil && d.name == "" {
		err = linkNameless(d.file, path)
	}
	if err := errors.Join(err, d.file.Close()); err != nil || d.name == "" {
		return err
	}
	return link(d.name, path)
}

// discard ends the draft; after publish it only takes the temporary name away.
func (d *draft) discard() {
	d.file.Close()
	if d.name != "" {
		os.Remove(d.name)
	}
}

// link names a file. A hard link fails if the name is taken, a rename would
// replace it. Some file systems (FAT on a stick) have no links; most systems can
// rename without replacing there. Elsewhere the name is reserved first, and what
// is renamed over is our own empty file.
func link(from, path string) error {
	err := os.Link(from, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	err = renameNew(from, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	reserved, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(reserved.Close(), os.Rename(from, path)); err != nil {
		return fmt.Errorf("naming %s: %w", path, errors.Join(err, os.Remove(path)))
	}
	return nil
}

// syncFolder makes the names in a folder last. What cannot be synced (Windows
// has no such thing for folders) lasts as soon as the system sees to it.
func syncFolder(path string) {
	if f, err := os.Open(path); err == nil {
		f.Sync()
		f.Close()
	}
}
