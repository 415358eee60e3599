package enrollment

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// step is called between any two things that reach the disk. Tests stop the
// process in it, or fail it as a full disk does.
var step = func(string) error { return nil }

// create puts a new file in place, whole or not at all. A file of that name is
// left alone: ErrExists. check opens what was written, before it is in place.
func create(path string, data []byte, check func([]byte) error) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%w: %s", ErrExists, filepath.Base(path))
	}
	temporary, err := write(filepath.Dir(path), data, 0o600, check)
	if err != nil {
		return err
	}
	defer os.Remove(temporary)
	if err := step("place"); err != nil {
		return writeError(err)
	}
	// A second name never replaces what has the name already; where a file
	// system has no second names, the name is taken first and filled then.
	switch err := os.Link(temporary, path); {
	case err == nil:
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%w: %s", ErrExists, filepath.Base(path))
	default:
		if err := createExclusive(path, data); err != nil {
			return err
		}
	}
	if err := step("placed"); err != nil {
		return writeError(err)
	}
	os.Remove(temporary)
	return syncDir(filepath.Dir(path))
}

// createExclusive is for file systems without second names (FAT). What the
// machine leaves when it stops halfway is the file of a key that still lies in
// its first one.
func createExclusive(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: %s", ErrExists, filepath.Base(path))
	}
	if err != nil {
		return writeError(err)
	}
	if err := fill(f, data); err != nil {
		os.Remove(path)
		return err
	}
	return nil
}

// replace swaps the contents of a file in one step.
func replace(path string, data []byte, check func([]byte) error) error {
	// What the person chose may be a link; the file it leads to is replaced.
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return writeError(err)
	}
	info, err := os.Stat(real)
	if err != nil {
		return writeError(err)
	}
	temporary, err := write(filepath.Dir(real), data, info.Mode().Perm(), check)
	if err != nil {
		return err
	}
	if err := step("replace"); err != nil {
		os.Remove(temporary)
		return writeError(err)
	}
	if err := os.Rename(temporary, real); err != nil {
		os.Remove(temporary)
		return writeError(err)
	}
	if err := step("replaced"); err != nil {
		return writeError(err)
	}
	return syncDir(filepath.Dir(real))
}

// write makes a temporary file in a folder and proves it.
func write(dir string, data []byte, mode os.FileMode, check func([]byte) error) (path string, err error) {
	f, err := os.CreateTemp(dir, ".tanba-*.tmp")
	if err != nil {
		return "", writeError(err)
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	if err := f.Chmod(mode); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrPermission) {
		f.Close()
		return "", writeError(err)
	}
	if err := fill(f, data); err != nil {
		return "", err
	}
	back, err := os.ReadFile(f.Name())
	if err != nil {
		return "", writeError(err)
	}
	if err := check(back); err != nil {
		return "", fmt.Errorf("%w: %w", ErrReadBack, err)
	}
	return f.Name(), nil
}

// fill writes, flushes and closes.
func fill(f *os.File, data []byte) error {
	defer f.Close()
	if err := step("open"); err != nil {
		return writeError(err)
	}
	half := len(data) / 2
	for _, part := range [][]byte{data[:half], data[half:]} {
		if _, err := f.Write(part); err != nil {
			return writeError(err)
		}
		if err := step("write"); err != nil {
			return writeError(err)
		}
	}
	if err := f.Sync(); err != nil {
		return writeError(err)
	}
	if err := step("sync"); err != nil {
		return writeError(err)
	}
	if err := f.Close(); err != nil {
		return writeError(err)
	}
	return nil
}

// writeError tells what people can do something about. The path stays out of
// the text.
func writeError(err error) error {
	var text error = err
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		text = pe.Err
	}
	if le := (*os.LinkError)(nil); errors.As(err, &le) {
		text = le.Err
	}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return fmt.Errorf("%w: %w", ErrDiskFull, text)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%w: %w", ErrReadOnly, text)
	}
	return fmt.Errorf("%w: %w", ErrWrite, text)
}
