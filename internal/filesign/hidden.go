//go:build !windows

package filesign

import (
	"io/fs"
	"strings"
)

func hidden(entry fs.DirEntry) bool { return strings.HasPrefix(entry.Name(), ".") }
