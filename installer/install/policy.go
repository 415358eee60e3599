package install

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Since April 2026 Chromium asks the person before a page of a public site may
// reach a program on the same machine. An administrator spares people the
// question for the portals they work with by policy (security.md §3.3): always
// exact origins, never a pattern.
//
// A policy is a list in a JSON file that others may write to as well. Ours are
// added to what is there; Uninstall takes out what we added and, if nobody has
// changed the file since, puts it back octet for octet.

// value is a list entry we added.
type value struct {
	Path []string `json:"path"` // of the list in the document
	Item string   `json:"item"`
}

// policyFile is one browser's.
type policyFile struct {
	path string
	list []string                   // where in the document
	item func(origin string) string // what stands for a portal
}

func sameOrigin(origin string) string { return origin }

// Firefox goes by host, without scheme and port.
func hostOf(origin string) string {
	u, err := url.Parse(origin)
	if err != nil {
		return origin
	}
	return u.Hostname()
}

// policyFiles are the places of the browsers of Linux. Only Chromium's and
// Firefox's have been tried (platform.md §4.4).
func policyFiles() []policyFile {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		return nil
	}
	chromium := []string{"LoopbackNetworkAllowedForUrls"}
	return []policyFile{
		{"/etc/chromium/policies/managed", chromium, sameOrigin},
		{"/etc/opt/chrome/policies/managed", chromium, sameOrigin},
		{"/etc/opt/edge/policies/managed", chromium, sameOrigin},
		{"/etc/firefox/policies/policies.json", []string{"policies", "LocalNetworkAccess", "SkipDomains"}, hostOf},
	}
}

// ErrNoPolicies: on this system policies are set by other means.
var ErrNoPolicies = errors.New("install: browser policies cannot be written on this system")

func checkPortal(origin string) error {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		u.Path != "" || strings.ContainsAny(u.Host, "*[ ") || !strings.Contains(u.Hostname(), ".") {
		return fmt.Errorf("%w: %q; it looks like https://portal.example", ErrPortal, origin)
	}
	return nil
}

func (m *manifest) policies() error {
	if len(m.o.Portals) == 0 {
		return nil
	}
	files := policyFiles()
	if len(files) == 0 {
		return ErrNoPolicies
	}
	for _, f := range files {
		path := m.policyPath(f)
		doc, err := readPolicy(path)
		if err != nil {
			return err
		}
		var added []value
		for _, c := range m.Changes {
			if c.Kind == kindPolicy && c.Path == path {
				added = c.Values
			}
		}
		for _, portal := range m.o.Portals {
			item := f.item(portal)
			fresh, err := addItem(doc, f.list, item)
			if err != nil {
				return fmt.Errorf("install: %s: %w", path, err)
			}
			if fresh {
				added = append(added, value{f.list, item})
			}
		}
		if len(added) == 0 {
			continue
		}
		text, err := json.MarshalIndent(doc, "", "  ")
		if err != nil {
			return fmt.Errorf("install: %w", err)
		}
		if _, err := m.file(path, append(text, '\n'), 0o644, kindPolicy, added...); err != nil {
			return err
		}
	}
	return nil
}

// policyPath is the file that already has the list, since of two files that set
// one policy only one counts; else one of our own.
func (m *manifest) policyPath(f policyFile) string {
	path := filepath.Join(m.o.PolicyRoot, f.path)
	if filepath.Ext(path) == ".json" {
		return path
	}
	found, _ := filepath.Glob(filepath.Join(path, "*.json"))
	slices.Sort(found)
	for _, other := range found {
		if doc, err := readPolicy(other); err == nil && doc[f.list[0]] != nil {
			return other
		}
	}
	return filepath.Join(path, "tanba.json")
}

func readPolicy(path string) (map[string]any, error) {
	doc := map[string]any{}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return doc, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &doc)
	}
	if err != nil {
		return nil, fmt.Errorf("install: %s: %w", path, err)
	}
	return doc, nil
}

// addItem adds to the list at path; fresh is false when it is there.
func addItem(doc map[string]any, path []string, item string) (fresh bool, err error) {
	for _, name := range path[:len(path)-1] {
		next, ok := doc[name].(map[string]any)
		if !ok {
			if doc[name] != nil {
				return false, fmt.Errorf("%q is not an object", name)
			}
			next = map[string]any{}
			doc[name] = next
		}
		doc = next
	}
	name := path[len(path)-1]
	list, ok := doc[name].([]any)
	if !ok && doc[name] != nil {
		return false, fmt.Errorf("%q is not a list", name)
	}
	if slices.Contains(list, any(item)) {
		return false, nil
	}
	doc[name] = append(list, item)
	return true, nil
}

// withdraw takes our values out of a policy file that somebody has changed
// since. One that holds nothing any more and was not there before us goes.
func (m *manifest) withdraw(c Change, data []byte) error {
	doc := map[string]any{}
	if err := json.Unmarshal(data, &doc); err != nil {
		m.report(LeftChanged, c.Path)
		return nil
	}
	for _, v := range c.Values {
		dropItem(doc, v.Path, v.Item)
	}
	if len(doc) == 0 && c.Before == "" {
		m.report(RemoveFile, c.Path)
		if m.o.Dry {
			return nil
		}
		return remove(c.Path)
	}
	m.report(ReplaceFile, c.Path)
	if m.o.Dry {
		return nil
	}
	text, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return fmt.Errorf("install: %w", err)
	}
	m.o.At("withdraw " + c.Path)
	return replace(c.Path, append(text, '\n'), 0o644, m.o.At)
}

// dropItem takes an item out of the list at path, and what is empty then.
func dropItem(doc map[string]any, path []string, item string) {
	name := path[0]
	if len(path) > 1 {
		if next, ok := doc[name].(map[string]any); ok {
			dropItem(next, path[1:], item)
			if len(next) == 0 {
				delete(doc, name)
			}
		}
		return
	}
	list, ok := doc[name].([]any)
	if !ok {
		return
	}
	list = slices.DeleteFunc(list, func(v any) bool { return v == any(item) })
	if doc[name] = list; len(list) == 0 {
		delete(doc, name)
	}
}
