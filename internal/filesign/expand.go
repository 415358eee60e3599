package filesign

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// File is one file to sign.
type File struct {
	Path string // as it is opened and shown
	Name string // its place below an output folder
	Size int64  // when it was found
	Err  error  // it was named, but is none
}

// Expand lists the files that the arguments mean, each once, in order.
//
// A folder stands for all files in it and in the folders below; a name that is
// no file but has *, ? or […] is a pattern, in which ** stands for any folders.
// What is only found in this way, not named, is left out if it is hidden, a
// signature (.cms, .p7s, .signed.xml), a key (.p12, .pfx, .jks: it must not travel in a
// container), no regular file, or one of exclude. Links to folders are not
// followed there.
//
// What is named and cannot be a file to sign is in the list with its Err.
func Expand(args []string, exclude ...fs.FileInfo) []File {
	e := &expansion{exclude: exclude, seen: map[string]bool{}}
	for _, arg := range args {
		fi, err := os.Stat(arg)
		switch {
		case err == nil && fi.IsDir():
			e.folder(arg, "")
		case err == nil:
			e.add(File{Path: arg, Name: filepath.Base(arg), Size: fi.Size()})
		case strings.ContainsAny(arg, "*?["):
			if _, lstatErr := os.Lstat(arg); lstatErr == nil { // a link to nowhere
				e.add(File{Path: arg, Name: filepath.Base(arg), Err: err})
				continue
			}
			e.pattern(arg)
		default:
			e.add(File{Path: arg, Name: filepath.Base(arg), Err: err})
		}
	}
	return e.files
}

type expansion struct {
	files   []File
	exclude []fs.FileInfo
	seen    map[string]bool
}

func (e *expansion) add(f File) {
	id := f.Path
	if abs, err := filepath.Abs(id); err == nil {
		id = abs
	}
	if id = fold(id); !e.seen[id] {
		e.seen[id] = true
		e.files = append(e.files, f)
	}
}

// folder adds what lies in a folder; name is its place below the one named.
func (e *expansion) folder(path, name string) {
	entries, err := os.ReadDir(path)
	if err != nil {
		e.add(File{Path: path, Name: name, Err: err})
	}
	for _, entry := range entries {
		inPath, inName := filepath.Join(path, entry.Name()), filepath.Join(name, entry.Name())
		switch {
		case hidden(entry):
		case entry.IsDir():
			e.folder(inPath, inName)
		default:
			e.found(inPath, inName, entry.Type(), "")
		}
	}
}

// found adds a file that was not named. A signature or a key is one only if the
// pattern asks for such.
func (e *expansion) found(path, name string, kind fs.FileMode, pattern string) {
	if special(path) && !special(pattern) || !kind.IsRegular() && kind&fs.ModeSymlink == 0 {
		return
	}
	fi, err := os.Stat(path)
	if err != nil {
		e.add(File{Path: path, Name: name, Err: err})
		return
	}
	if !fi.Mode().IsRegular() || slices.ContainsFunc(e.exclude, func(x fs.FileInfo) bool { return os.SameFile(x, fi) }) {
		return
	}
	e.add(File{Path: path, Name: name, Size: fi.Size()})
}

// special reports whether a name is that of a signature or a key.
func special(name string) bool {
	if strings.HasSuffix(strings.ToLower(name), ".signed.xml") {
		return true
	}
	return slices.Contains([]string{".cms", ".p7s", ".p12", ".pfx", ".jks"}, strings.ToLower(filepath.Ext(name)))
}

// fold makes names equal that are the same to the usual file system.
func fold(name string) string {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		return strings.ToLower(name)
	}
	return name
}
