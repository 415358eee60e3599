//go:build !linux && !windows

package filesign

import (
	"errors"
	"io/fs"
	"os"
)

// Only Linux makes files without a name.
func createNameless(string, fs.FileMode) (*os.File, bool) { return nil, false }

func linkNameless(*os.File, string) error { return errors.ErrUnsupported }

func renameNew(string, string) error { return errors.ErrUnsupported }
