// Package state names the files Tanba keeps on a person's machine and writes
// them so that a crash at any byte leaves the old file or the new one.
//
// Everything lives under one directory, readable by its owner only: the TLS
// leaf, settings, permissions, recent key files and the journal. Documents,
// passwords and private keys of the person are never kept.
package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Dir is the state directory of one person.
type Dir string

// Default returns the platform's place: $XDG_STATE_HOME/tanba or
// ~/.local/state/tanba on Unix, ~/Library/Application Support/Tanba on macOS,
// %LocalAppData%\Tanba on Windows. It does not create it.
func Default() (Dir, error) {
	switch runtime.GOOS {
	case "windows":
		if d := os.Getenv("LocalAppData"); d != "" {
			return Dir(filepath.Join(d, "Tanba")), nil
		}
		return "", errors.New("state: %LocalAppData% is not set")
	case "darwin":
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("state: %w", err)
		}
		return Dir(filepath.Join(home, "Library", "Application Support", "Tanba")), nil
	}
	if d := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(d) {
		return Dir(filepath.Join(d, "tanba")), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("state: %w", err)
	}
	return Dir(filepath.Join(home, ".local", "state", "tanba")), nil
}

// Path returns the path of a file in the directory.
func (d Dir) Path(elem ...string) string {
	return filepath.Join(append([]string{string(d)}, elem...)...)
}

// Create makes the directory (mode 0700) and returns an error if it cannot or
// if the path is something else.
func (d Dir) Create(elem ...string) error {
	if err := os.MkdirAll(d.Path(elem...), 0o700); err != nil {
		return fmt.Errorf("state: %w", err)
	}
	return nil
}

// Read returns the contents of a file; fs.ErrNotExist if it is not there.
func (d Dir) Read(elem ...string) ([]byte, error) { return os.ReadFile(d.Path(elem...)) }

// Write replaces a file atomically with mode 0600: a temporary file in the same
// directory is written, synced and renamed over it, and the directory synced.
func (d Dir) Write(data []byte, elem ...string) (err error) {
	path := d.Path(elem...)
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("state: %w", err)
	}
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("state: %w", err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
			err = fmt.Errorf("state: %w", err)
		}
	}()
	if _, err = f.Write(data); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// Append adds data to a file, creating it with mode 0600.
func (d Dir) Append(data []byte, elem ...string) error {
	path := d.Path(elem...)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("state: %w", err)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("state: %w", err)
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// Remove deletes a file; a missing file is not an error.
func (d Dir) Remove(elem ...string) error {
	if err := os.Remove(d.Path(elem...)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("state: %w", err)
	}
	return nil
}

func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // a directory cannot be opened for syncing there
	}
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
