//go:build !linux

package peer

import (
	"fmt"
	"os"
	"runtime"
	"time"
)

type imageKey struct {
	path     string
	size     int64
	modified time.Time
}

// openImage opens the executable by its path, which is sound on Windows: nobody can
// write to a file that runs there, nor put another in its place.
func openImage(p Process) (*os.File, error) {
	if runtime.GOOS != "windows" || p.Executable == "" {
		return nil, ErrUnsupported
	}
	f, err := os.Open(p.Executable)
	if err != nil {
		return nil, fmt.Errorf("peer: %w", err)
	}
	return f, nil
}

func keyOf(f *os.File) (k imageKey, size int64, err error) {
	i, err := f.Stat()
	if err != nil {
		return k, 0, fmt.Errorf("peer: %w", err)
	}
	return imageKey{f.Name(), i.Size(), i.ModTime()}, i.Size(), nil
}
