package consent

import (
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tanba/bridge/prompt"
	"tanba/internal/state"
	"tanba/keystore"
)

const (
	recentFile = "recent.json"
	recentMax  = 8
)

// recent are the key files used last, most recent first. It holds what the
// window shows to tell them apart, and nothing that opens them.
type recent struct {
	Version int          `json:"version"` // 1
	Files   []recentItem `json:"files"`
}

type recentItem struct {
	Path  string    `json:"path"`
	Owner string    `json:"owner,omitempty"`
	Until time.Time `json:"until,omitzero"`
	Used  time.Time `json:"used"`
}

func loadRecent(dir state.Dir, log *slog.Logger) *recent {
	r := &recent{}
	load(dir, recentFile, log, r, func() bool { return r.Version == 1 })
	if r.Version != 1 {
		r = &recent{Version: 1}
	}
	return r
}

// remember puts a file at the top of the list.
func (d *Desk) remember(path string, key keystore.Key) {
	item := recentItem{Path: path, Used: d.o.Now().UTC().Truncate(time.Second)}
	if c := key.Certificate(); c != nil {
		item.Owner, item.Until = clean(c.Person().CommonName), c.NotAfter.UTC()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	files := slices.DeleteFunc(d.recent.Files, func(f recentItem) bool { return f.Path == path })
	files = slices.Insert(files, 0, item)
	d.recent.Files = files[:min(len(files), recentMax)]
	d.save(recentFile, d.recent)
}

// Suggest puts key files at the end of the list, as if they had been used before
// all others.
func (d *Desk) Suggest(paths ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, path := range paths {
		if !slices.ContainsFunc(d.recent.Files, func(f recentItem) bool { return f.Path == path }) {
			d.recent.Files = append(d.recent.Files, recentItem{Path: path})
		}
	}
}

// recentFiles are those with one of the extensions. Files that are gone stay in
// the list, as a stick may come back; opening one says so.
func (d *Desk) recentFiles(extensions []string) []prompt.KeyFile {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []prompt.KeyFile
	for _, f := range d.recent.Files {
		ext := strings.ToLower(strings.TrimPrefix(filepath.Ext(f.Path), "."))
		if len(extensions) > 0 && !slices.Contains(extensions, ext) {
			continue
		}
		out = append(out, prompt.KeyFile{Path: f.Path, Name: baseName(f.Path), Owner: f.Owner, Until: f.Until})
	}
	return out
}
