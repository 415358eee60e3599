//go:build unix

package prompt

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// errNoPolicy: there is no file, and so no robot.
var errNoPolicy = errors.New("robots: no policy file")

const policyMax = 1 << 20

// readPolicy reads the administrator's file, if nobody else can change it: it and
// every folder above it belong to the administrator and are writable by nobody
// else, and none is a link.
func readPolicy(path string, owner int) ([]rule, error) {
	if path == "" {
		return nil, errNoPolicy
	}
	if !filepath.IsAbs(path) || filepath.Clean(path) != path {
		return nil, fmt.Errorf("robots: %s is not a plain absolute path", path)
	}
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, errNoPolicy
	}
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		var st unix.Stat_t
		if err := unix.Lstat(dir, &st); err != nil {
			return nil, fmt.Errorf("robots: %s: %w", dir, err)
		}
		sticky := st.Mode&unix.S_ISVTX != 0 // others cannot replace what is not theirs
		if st.Mode&unix.S_IFMT != unix.S_IFDIR || !administrators(st.Uid, owner) || st.Mode&0o022 != 0 && !sticky {
			return nil, fmt.Errorf("robots: %s can be changed by somebody who is not the administrator", dir)
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	data, err := readOwned(path, owner, 0o022)
	if err != nil {
		return nil, err
	}
	return parsePolicy(data)
}

func administrators(uid uint32, owner int) bool { return uid == 0 || int(uid) == owner }

// readSecret reads a secret that only the account itself can read. One line end
// at the end is not part of it.
func readSecret(path string) ([]byte, error) {
	data, err := readOwned(path, os.Geteuid(), 0o077)
	if err != nil {
		return nil, err
	}
	for len(data) > 0 && (data[len(data)-1] == '\n' || data[len(data)-1] == '\r') {
		data = data[:len(data)-1]
	}
	if len(data) == 0 {
		return nil, fmt.Errorf("robots: %s is empty", path)
	}
	return data, nil
}

// readOwned reads a regular file of an owner on which nobody has the forbidden
// rights. What is looked at is what is read.
func readOwned(path string, owner int, forbidden uint32) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("robots: %w", err)
	}
	defer f.Close()
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return nil, fmt.Errorf("robots: %s: %w", path, err)
	}
	switch {
	case st.Mode&unix.S_IFMT != unix.S_IFREG:
		return nil, fmt.Errorf("robots: %s is not a file", path)
	case int(st.Uid) != owner:
		return nil, fmt.Errorf("robots: %s belongs to user %d, not to %d", path, st.Uid, owner)
	case uint32(st.Mode)&forbidden != 0:
		return nil, fmt.Errorf("robots: the rights of %s are too wide: %04o", path, st.Mode&0o7777)
	case st.Size > policyMax:
		return nil, fmt.Errorf("robots: %s is too large", path)
	}
	data := make([]byte, st.Size)
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, fmt.Errorf("robots: %s: %w", path, err)
	}
	return data, nil
}
