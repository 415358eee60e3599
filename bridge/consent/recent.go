package consent

import (
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tanba/bridge/prompt"
	"tanba/internal/renewal"
	"tanba/internal/state"
	"tanba/keystore"
)

const (
	recentFile = "recent.json"
	recentMax  = 8
)

// recent are the key files and tokens used last, most recent first. It holds what
// the window shows to tell them apart, and nothing that opens them.
type recent struct {
	Version int           `json:"version"` // 1
	Files   []recentItem  `json:"files"`
	Tokens  []recentToken `json:"tokens,omitempty"`
}

type recentItem struct {
	Path  string    `json:"path"`
	Owner string    `json:"owner,omitempty"`
	Until time.Time `json:"until,omitzero"`
	Used  time.Time `json:"used"`
	keyMark
}

// keyMark tells which key was used, for warnings of its end: digests of the
// certificate and of whose key it is for what.
type keyMark struct {
	Certificate string `json:"certificate,omitempty"`
	Subject     string `json:"subject,omitempty"`
}

type recentToken struct {
	Serial string    `json:"serial"`
	Label  string    `json:"label,omitempty"`
	Owner  string    `json:"owner,omitempty"`
	Until  time.Time `json:"until,omitzero"`
	Used   time.Time `json:"used"`
	keyMark
}

func loadRecent(dir state.Dir, log *slog.Logger) *recent {
	r := &recent{}
	load(dir, recentFile, log, r, func() bool { return r.Version == 1 })
	if r.Version != 1 {
		r = &recent{Version: 1}
	}
	return r
}

// remember puts a file or a token at the top of its list.
func (d *Desk) remember(path string, token keystore.Token, key certified) {
	item := recentItem{Path: path, Used: d.o.Now().UTC().Truncate(time.Second)}
	if c := key.Certificate(); c != nil {
		item.Owner, item.Until = clean(c.Person().CommonName), c.NotAfter.UTC()
		item.keyMark = keyMark{renewal.IDOf(c), renewal.SubjectOf(c)}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if path == "" {
		if token.Serial == "" {
			return // it could not be told from another one
		}
		tokens := slices.DeleteFunc(d.recent.Tokens, func(t recentToken) bool { return t.Serial == token.Serial })
		tokens = slices.Insert(tokens, 0, recentToken{token.Serial, clean(token.Label), item.Owner, item.Until, item.Used, item.keyMark})
		d.recent.Tokens = tokens[:min(len(tokens), recentMax)]
		d.save(recentFile, d.recent)
		return
	}
	files := slices.DeleteFunc(d.recent.Files, func(f recentItem) bool { return f.Path == path })
	files = slices.Insert(files, 0, item)
	d.recent.Files = files[:min(len(files), recentMax)]
	d.save(recentFile, d.recent)
}

// lastToken is the serial of the token used last, "" if none was.
func (d *Desk) lastToken() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.recent.Tokens) == 0 {
		return ""
	}
	return d.recent.Tokens[0].Serial
}

// tokenLast reports whether the last key the person used was on a token.
func (d *Desk) tokenLast() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.recent.Tokens) > 0 && (len(d.recent.Files) == 0 || !d.recent.Tokens[0].Used.Before(d.recent.Files[0].Used))
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
