package install

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Since April 2026 Chromium asks the person before a page of a public site may
// reach a program on the same machine. An administrator spares people the
// question for the portals they work with by policy (security.md §3.3): always
// exact origins, never a pattern.
//
// A policy is a list in a JSON file, or in a key of the Windows registry, that others
// may write to as well. Ours are added to what is there; Uninstall takes out what we
// added and, if nobody has changed the file since, puts it back octet for octet. On
// macOS only a configuration profile sets policies, and only a person or the
// management of devices puts one in: there the profile is written, and no more.

// value is a list entry we added.
type value struct {
	Path   []string `json:"path"` // of the list in the document; the name in the key
	Item   string   `json:"item"`
	Number bool     `json:"number,omitempty"` // in the registry: not a text
}

const chromiumPolicy = "LoopbackNetworkAllowedForUrls"

// Firefox goes by host, without scheme and port.
func hostOf(origin string) string {
	u, err := url.Parse(origin)
	if err != nil {
		return origin
	}
	return u.Hostname()
}

func checkPortal(origin string) error {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		u.Path != "" || strings.ContainsAny(u.Host, "*[ ") || !strings.Contains(u.Hostname(), ".") {
		return fmt.Errorf("%w: %q; it looks like https://portal.example", ErrPortal, origin)
	}
	return nil
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
