//go:build !windows

package bridge

import "os"

// unnamedFile makes a file of this user alone and takes its name away at once:
// it goes with its last descriptor, whatever becomes of us.
func unnamedFile(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, ".document-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
