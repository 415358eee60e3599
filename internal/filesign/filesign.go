// Package filesign signs files into CMS containers beside them.
//
// It never overwrites: a result is written to a temporary file, synced, and
// then given its name only if that name is free, so a crash leaves either no
// result or a whole one.
package filesign

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"tanba/internal/cms"
)

var (
	// ErrExists: the output name is taken.
	ErrExists = errors.New("filesign: output exists")
	// ErrNotRegular: the input is a folder, a device or the like.
	ErrNotRegular = errors.New("filesign: not a regular file")
)

// Job says how files are signed.
type Job struct {
	Signer   *cms.Signer
	Detached bool
	OutDir   string // "" = beside the input
	Out      string // exact output, for a single input
	Now      func() time.Time
}

// Output returns the name of the signature of a file: NAME.cms attached,
// NAME.p7s detached.
func (j *Job) Output(input string) string {
	if j.Out != "" {
		return j.Out
	}
	ext := ".cms"
	if j.Detached {
		ext = ".p7s"
	}
	if j.OutDir != "" {
		return filepath.Join(j.OutDir, filepath.Base(input)+ext)
	}
	return input + ext
}

// Sign signs one file and returns the name of the result. The error wraps
// ErrExists, ErrNotRegular or the cause.
func (j *Job) Sign(input string) (string, error) {
	output := j.Output(input)
	if _, err := os.Lstat(output); err == nil {
		return "", fmt.Errorf("%w: %s", ErrExists, output)
	}
	f, err := os.Open(input)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if fi, err := f.Stat(); err != nil {
		return "", err
	} else if !fi.Mode().IsRegular() {
		return "", fmt.Errorf("%w: %s", ErrNotRegular, input)
	}
	options := cms.Options{Detached: j.Detached, Time: j.Now()}
	var signature []byte
	if j.Detached {
		signature, err = j.Signer.SignReader(f, options)
	} else {
		var content []byte
		if content, err = io.ReadAll(f); err == nil {
			signature, err = j.Signer.Sign(content, options)
		}
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", input, err)
	}
	if err := writeNew(output, signature); err != nil {
		return "", err
	}
	return output, nil
}

// writeNew creates path with data, whole or not at all, and fails if it exists.
func writeNew(path string, data []byte) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(data)
	if err == nil {
		err = tmp.Chmod(0o644)
	}
	if err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	// A hard link fails if the name is taken, a rename would replace it. Some
	// file systems (FAT on a stick) have no links: there the name is reserved
	// first, and what is renamed over is our own empty file.
	err = os.Link(tmp.Name(), path)
	if err == nil {
		return nil
	}
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: %s", ErrExists, path)
	}
	reserved, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: %s", ErrExists, path)
	}
	if err != nil {
		return err
	}
	if err := errors.Join(reserved.Close(), os.Rename(tmp.Name(), path)); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}
