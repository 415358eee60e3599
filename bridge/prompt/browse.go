package prompt

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"tanba/internal/i18n"
)

// A file input of a web page gives no path, so the window has a file browser of
// its own. It lists names only, to the person's own page only, and opens
// nothing.

// listingMax bounds one folder.
const listingMax = 2000

type listing struct {
	Path   string  `json:"path"`
	File   string  `json:"file"`   // what was asked for is this file
	Parent string  `json:"parent"` // "" at the top
	Places []place `json:"places"`
	Items  []item  `json:"items"`
	More   bool    `json:"more"`  // the folder holds more than is shown
	Error  string  `json:"error"` // catalogue key; Path is then where the trouble is
}

type place struct {
	Path string `json:"path"`
	Name string `json:"name"` // catalogue key, or a plain name
}

type item struct {
	Name   string `json:"name"`
	Path   string `json:"path"`
	Folder bool   `json:"folder"`
	Size   local  `json:"size,omitempty"`
	Time   local  `json:"time,omitempty"`
}

func (s *session) serveBrowse(w http.ResponseWriter, r *http.Request) {
	var in struct{ Path string }
	if !read(w, r, &in) {
		return
	}
	// A share that does not answer must not freeze the window.
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	done := make(chan listing, 1)
	go func() { done <- s.list(expand(in.Path)) }()
	select {
	case l := <-done:
		reply(w, l)
	case <-ctx.Done():
		reply(w, listing{Path: in.Path, Places: places(), Error: "browse.failed"})
	}
}

// list describes a folder, or a file and its folder; "" is where to begin.
func (s *session) list(path string) listing {
	start := path == ""
	if start {
		path = s.begin()
	}
	file := ""
	if fi, err := os.Stat(path); err == nil && !fi.IsDir() {
		file, path = path, filepath.Dir(path)
	}
	l := listing{Path: path, File: file, Places: places()}
	if parent := filepath.Dir(path); parent != path {
		l.Parent = parent
	}
	if !filepath.IsAbs(path) {
		l.Error = "browse.not_found"
		return l
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		l.Error = browseError(err)
		return l
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		full := filepath.Join(path, e.Name())
		fi, err := os.Stat(full) // follows links, opens nothing
		if err != nil || !fi.IsDir() && !fi.Mode().IsRegular() {
			continue
		}
		if !fi.IsDir() && (s.r.Directory || !s.fits(e.Name())) {
			continue
		}
		if len(l.Items) == listingMax {
			l.More = true
			break
		}
		it := item{Name: e.Name(), Path: full, Folder: fi.IsDir()}
		if !it.Folder {
			it.Size = each(func(lang string) string { return i18n.Size(lang, fi.Size()) })
			it.Time = each(func(lang string) string { return i18n.Date(lang, fi.ModTime()) })
		}
		l.Items = append(l.Items, it)
	}
	slices.SortStableFunc(l.Items, func(a, b item) int {
		if a.Folder != b.Folder {
			if a.Folder {
				return 1 // files first: they are what the person looks for
			}
			return -1
		}
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	return l
}

// begin is the first folder shown: the one asked for, that of the last key file,
// or home.
func (s *session) begin() string {
	if s.r.Start != "" && filepath.IsAbs(s.r.Start) && s.r.Purpose == PickFile {
		if fi, err := os.Stat(s.r.Start); err == nil {
			if fi.IsDir() {
				return s.r.Start
			}
			return filepath.Dir(s.r.Start)
		}
	}
	if len(s.r.Recent) > 0 {
		if dir := filepath.Dir(s.r.Recent[0].Path); isFolder(dir) {
			return dir
		}
	}
	home, err := os.UserHomeDir()
	if err != nil || !isFolder(home) {
		return string(filepath.Separator)
	}
	return home
}

func (s *session) fits(name string) bool {
	if len(s.r.Extensions) == 0 {
		return true
	}
	return slices.Contains(s.r.Extensions, strings.ToLower(strings.TrimPrefix(filepath.Ext(name), ".")))
}

// pick checks the path of a PickFile answer; code is a catalogue key.
func (s *session) pick(path string) (string, string) {
	if !filepath.IsAbs(path) {
		return "", "browse.not_found"
	}
	fi, err := os.Stat(path)
	if err != nil {
		return "", browseError(err)
	}
	if fi.IsDir() != s.r.Directory || !fi.IsDir() && !s.fits(path) {
		return "", "browse.other_kind"
	}
	return filepath.Clean(path), ""
}

func browseError(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "browse.not_found"
	case errors.Is(err, fs.ErrPermission):
		return "browse.denied"
	}
	return "browse.failed"
}

// places are where people keep their keys: home and its folders by their usual
// and their translated names, and what is plugged in.
func places() []place {
	var out []place
	add := func(path, name string) {
		if isFolder(path) && !slices.ContainsFunc(out, func(p place) bool { return p.Path == path }) {
			out = append(out, place{path, name})
		}
	}
	if home, err := os.UserHomeDir(); err == nil {
		add(home, "place.home")
		for _, p := range []struct{ name, key string }{
			{"Desktop", "place.desktop"}, {"Рабочий стол", "place.desktop"},
			{"Documents", "place.documents"}, {"Документы", "place.documents"},
			{"Downloads", "place.downloads"}, {"Загрузки", "place.downloads"},
		} {
			add(filepath.Join(home, p.name), p.key)
		}
	}
	var drives []string
	switch runtime.GOOS {
	case "windows":
		for c := 'A'; c <= 'Z'; c++ {
			add(string(c)+`:\`, string(c)+":")
		}
	case "darwin":
		drives, _ = filepath.Glob("/Volumes/*")
	default:
		user := os.Getenv("USER")
		if user != "" && !strings.ContainsAny(user, `/\*?[`) {
			for _, root := range []string{"/media", "/run/media"} {
				found, _ := filepath.Glob(filepath.Join(root, user, "*"))
				drives = append(drives, found...)
			}
		}
	}
	for _, d := range drives {
		add(d, filepath.Base(d))
	}
	return out
}

func isFolder(path string) bool {
	fi, err := os.Stat(path)
	return err == nil && fi.IsDir()
}

// expand turns what a person types into a path: quotes of a copied path go, ~ is
// the home folder.
func expand(path string) string {
	path = strings.TrimSpace(path)
	if n := len(path); n >= 2 && (path[0] == '"' || path[0] == '\'') && path[n-1] == path[0] {
		path = path[1 : n-1]
	}
	if path == "~" || strings.HasPrefix(path, "~/") || strings.HasPrefix(path, `~\`) {
		if home, err := os.UserHomeDir(); err == nil {
			path = filepath.Join(home, path[1:])
		}
	}
	if path != "" {
		path = filepath.Clean(path)
	}
	return path
}
