//go:build !windows && !darwin

package install

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// policyFile is one browser's.
type policyFile struct {
	path string
	list []string                   // where in the document
	item func(origin string) string // what stands for a portal
}

func sameOrigin(origin string) string { return origin }

// policyFiles are the places of the browsers of Linux. Only Chromium's and
// Firefox's have been tried (platform.md §4.4).
func policyFiles() []policyFile {
	chromium := []string{chromiumPolicy}
	return []policyFile{
		{"/etc/chromium/policies/managed", chromium, sameOrigin},
		{"/etc/opt/chrome/policies/managed", chromium, sameOrigin},
		{"/etc/opt/edge/policies/managed", chromium, sameOrigin},
		{"/etc/brave/policies/managed", chromium, sameOrigin},
		{"/etc/opt/yandex/browser/policies/managed", chromium, sameOrigin},
		{"/etc/firefox/policies/policies.json", []string{"policies", "LocalNetworkAccess", "SkipDomains"}, hostOf},
	}
}

func (m *manifest) policies() error {
	if len(m.o.Portals) == 0 {
		return nil
	}
	for _, f := range policyFiles() {
		path := m.policyPath(f)
		doc, err := m.policyDocument(f, path)
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
				added = append(added, value{Path: f.list, Item: item})
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

func (m *manifest) undoPolicy(Change) error { return nil } // of another system
