package bridge

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"strings"
)

// A path comes from a page and is opened only after the person has read and
// approved it. Even so it may lead somewhere else than it reads: to a device
// that never ends, a FIFO that blocks, a share that tells the person's password
// hash to a stranger's server, a link swapped in at the last moment.

var errPath = errors.New("bridge: path refused")

// wantedFile is an open regular file of a known size, within the limit. Reading
// fails when the file grows or shrinks meanwhile: it is then not the one the
// person agreed to.
type wantedFile struct {
	file   io.ReadCloser
	size   int64
	read   int64
	failed error
}

func (f *wantedFile) Read(b []byte) (int, error) {
	n, err := f.file.Read(b)
	f.read += int64(n)
	if f.read > f.size || errors.Is(err, io.EOF) && f.read != f.size {
		err = fmt.Errorf("%w: the file is changing", errPath)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		f.failed = err
	}
	return n, err
}

// atEnd reports whether the file ends where it should.
func (f *wantedFile) atEnd() bool {
	n, err := f.Read(make([]byte, 1))
	return n == 0 && errors.Is(err, io.EOF)
}

func (f *wantedFile) Close() error { return f.file.Close() }

// opener opens a path safely. Tests replace it to see what is touched and when.
type opener func(path string, limit int64) (*wantedFile, error)

// openRegular applies T12. Its error tells the log what was wrong; pages get
// one answer for everything.
func openRegular(path string, limit int64) (*wantedFile, error) {
	if err := checkPath(path, runtime.GOOS); err != nil {
		return nil, err
	}
	f, err := openNoFollow(filepath.Clean(path))
	if err != nil {
		return nil, err
	}
	if err := checkOpen(f); err != nil {
		f.Close()
		return nil, err
	}
	fi, err := f.Stat()
	switch {
	case err != nil:
	case !fi.Mode().IsRegular():
		err = fmt.Errorf("%w: not a regular file", errPath)
	case fi.Size() > limit:
		err = fmt.Errorf("%w: over %d bytes", errPath, limit)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &wantedFile{file: f, size: fi.Size()}, nil
}

// checkPath refuses by the text alone.
func checkPath(path, system string) error {
	switch {
	case path == "", strings.ContainsRune(path, 0):
		return fmt.Errorf("%w: empty or with a zero octet", errPath)
	case strings.HasPrefix(path, `\\`), strings.HasPrefix(path, "//"), strings.HasPrefix(path, `\/`), strings.HasPrefix(path, `/\`):
		return fmt.Errorf("%w: network or device name", errPath)
	}
	if system == "windows" {
		return checkWindowsPath(path)
	}
	if !strings.HasPrefix(path, "/") {
		return fmt.Errorf("%w: not absolute", errPath)
	}
	clean := filepath.ToSlash(filepath.Clean(path))
	for _, tree := range []string{"/proc", "/dev", "/sys"} {
		if clean == tree || strings.HasPrefix(clean, tree+"/") {
			return fmt.Errorf("%w: below %s", errPath, tree)
		}
	}
	return nil
}

func checkWindowsPath(path string) error {
	if len(path) < 3 || path[1] != ':' || (path[2] != '\\' && path[2] != '/') ||
		(path[0]|0x20) < 'a' || (path[0]|0x20) > 'z' {
		return fmt.Errorf("%w: not absolute", errPath)
	}
	if strings.ContainsRune(path[2:], ':') {
		return fmt.Errorf("%w: alternate data stream", errPath)
	}
	for _, part := range strings.FieldsFunc(path[2:], func(r rune) bool { return r == '\\' || r == '/' }) {
		name, _, _ := strings.Cut(strings.ToUpper(strings.TrimRight(part, " .")), ".")
		switch name = strings.TrimRight(name, " "); name {
		case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$":
			return fmt.Errorf("%w: reserved name", errPath)
		}
		if port, ok := strings.CutPrefix(name, "COM"); ok && isPort(port) {
			return fmt.Errorf("%w: reserved name", errPath)
		}
		if port, ok := strings.CutPrefix(name, "LPT"); ok && isPort(port) {
			return fmt.Errorf("%w: reserved name", errPath)
		}
	}
	return nil
}

// isPort: one digit, superscripts included.
func isPort(s string) bool {
	return len(s) == 1 && s[0] >= '0' && s[0] <= '9' || s == "¹" || s == "²" || s == "³"
}
