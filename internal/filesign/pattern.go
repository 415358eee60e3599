package filesign

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// pattern adds what a pattern finds. The shell does the same before us where it
// can, but the shells of Windows never do, and a quoted pattern reaches us too.
func (e *expansion) pattern(pattern string) {
	volume := filepath.VolumeName(pattern)
	rest := filepath.FromSlash(pattern[len(volume):])
	root := volume
	if strings.HasPrefix(rest, string(filepath.Separator)) {
		root += string(filepath.Separator)
	}
	var parts []string
	for part := range strings.SplitSeq(rest, string(filepath.Separator)) {
		if part != "" {
			parts = append(parts, part)
		}
		if _, err := filepath.Match(part, ""); err != nil {
			e.add(File{Path: pattern, Name: "_", Err: fmt.Errorf("%w: %w", ErrNoMatch, err)})
			return
		}
	}
	m := &matcher{expansion: e, pattern: pattern}
	m.walk(place{folder: root}, parts)
	if !m.any {
		e.add(File{Path: pattern, Name: "_", Err: fmt.Errorf("%w: %s", ErrNoMatch, pattern)})
	}
}

type matcher struct {
	*expansion
	pattern string
	any     bool // something matched, even if it is not to be signed
}

// place is a folder on the way, and the path to it from where ** began: what **
// finds keeps its folders, as what is found in a folder does.
type place struct {
	folder, name string
	deep         bool
}

func (p place) down(entry string) place {
	p.folder = filepath.Join(p.folder, entry)
	if p.deep {
		p.name = filepath.Join(p.name, entry)
	} else {
		p.name = entry
	}
	return p
}

// walk matches the parts of a pattern with what lies in a folder.
func (m *matcher) walk(at place, parts []string) {
	part, rest := parts[0], parts[1:]
	if part == "**" {
		if len(rest) == 0 {
			rest = []string{"*"}
		}
		if !at.deep {
			at.deep, at.name = true, ""
		}
		m.walk(at, rest)
		for _, entry := range list(at.folder) {
			if entry.IsDir() && !hidden(entry) {
				m.walk(at.down(entry.Name()), parts)
			}
		}
		return
	}
	if !strings.ContainsAny(part, `*?[\`) {
		to := at.down(part)
		if fi, err := os.Stat(to.folder); err == nil {
			m.matched(to, fi.Mode().Type(), rest)
		}
		return
	}
	for _, entry := range list(at.folder) {
		ok, err := filepath.Match(fold(part), fold(entry.Name()))
		if err != nil || !ok || hidden(entry) && !strings.HasPrefix(part, ".") {
			continue
		}
		m.matched(at.down(entry.Name()), entry.Type(), rest)
	}
}

func (m *matcher) matched(at place, kind fs.FileMode, rest []string) {
	switch {
	case len(rest) > 0 && kind.IsDir():
		m.walk(at, rest)
	case len(rest) > 0:
	case kind.IsDir():
		m.any = true
		m.folder(at.folder, at.name)
	default:
		m.any = true
		m.found(at.folder, at.name, kind, m.pattern)
	}
}

// list is what a pattern may match; a folder that cannot be read holds nothing.
func list(folder string) []fs.DirEntry {
	if folder == "" {
		folder = "."
	}
	entries, _ := os.ReadDir(folder)
	return entries
}
