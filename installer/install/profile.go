//go:build unix

package install

import (
	"bytes"
	"crypto/sha256"
	"encoding/xml"
	"fmt"
	"slices"
)

// A configuration profile of macOS is a property list: a dictionary of dictionaries,
// one for each browser, whose settings are its policies.

// entry is a member of a dictionary: a text, a number, a truth, texts or
// dictionaries.
type entry struct {
	key   string
	value any
}

const profileName = "kz.tanba.portals"

// profileOf is the profile for portals. Chrome's and Firefox's settings are as
// their makers describe them, the others' follow them.
func profileOf(portals []string) []byte {
	browser := func(domain string, settings ...entry) []entry {
		return append(payload(domain, profileName+"."+domain, portals), settings...)
	}
	var hosts []string
	for _, p := range portals {
		if h := hostOf(p); !slices.Contains(hosts, h) {
			hosts = append(hosts, h)
		}
	}
	var content [][]entry
	for _, domain := range []string{"com.google.Chrome", "com.microsoft.Edge", "org.chromium.Chromium", "ru.yandex.desktop.yandex-browser"} {
		content = append(content, browser(domain, entry{chromiumPolicy, portals}))
	}
	content = append(content, browser("org.mozilla.firefox",
		entry{"EnterprisePoliciesEnabled", true},
		entry{"LocalNetworkAccess", []entry{{"SkipDomains", hosts}}},
		entry{"Certificates", []entry{{"ImportEnterpriseRoots", true}}}))
	profile := append(payload("Configuration", profileName, portals),
		entry{"PayloadDisplayName", "Tanba"},
		entry{"PayloadDescription", "Named portals may reach the signing program of this computer."},
		entry{"PayloadScope", "System"},
		entry{"PayloadRemovalDisallowed", false},
		entry{"PayloadContent", content})
	var b bytes.Buffer
	b.WriteString(xml.Header + `<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">` + "\n" + `<plist version="1.0">` + "\n")
	writeProperty(&b, profile)
	b.WriteString("</plist>\n")
	return b.Bytes()
}

// payload is what every part has. The same portals give the same octets.
func payload(kind, name string, portals []string) []entry {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %q", name, portals))
	id := sum[:16]
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80 // version 8 of RFC 9562: of our own making
	return []entry{
		{"PayloadType", kind},
		{"PayloadVersion", 1},
		{"PayloadIdentifier", name},
		{"PayloadUUID", fmt.Sprintf("%X-%X-%X-%X-%X", id[:4], id[4:6], id[6:8], id[8:10], id[10:])},
	}
}

func writeProperty(b *bytes.Buffer, value any) {
	text := func(tag, s string) {
		b.WriteString("<" + tag + ">")
		xml.EscapeText(b, []byte(s))
		b.WriteString("</" + tag + ">\n")
	}
	switch v := value.(type) {
	case string:
		text("string", v)
	case int:
		text("integer", fmt.Sprint(v))
	case bool:
		fmt.Fprintf(b, "<%t/>\n", v)
	case []string:
		b.WriteString("<array>\n")
		for _, s := range v {
			text("string", s)
		}
		b.WriteString("</array>\n")
	case [][]entry:
		b.WriteString("<array>\n")
		for _, d := range v {
			writeProperty(b, d)
		}
		b.WriteString("</array>\n")
	case []entry:
		b.WriteString("<dict>\n")
		for _, e := range v {
			text("key", e.key)
			writeProperty(b, e.value)
		}
		b.WriteString("</dict>\n")
	}
}

// profile writes the profile, which a person, or the management of devices, puts
// in: no program may. Portals named before stay in it.
func (m *manifest) profile(path string) error {
	portals := m.o.Portals
	for _, c := range m.Changes {
		if c.Kind == kindFile && c.Path == path {
			var before []string
			for _, v := range c.Values {
				before = append(before, v.Item)
			}
			for _, p := range portals {
				if !slices.Contains(before, p) {
					before = append(before, p)
				}
			}
			portals = before
		}
	}
	var values []value
	for _, p := range portals {
		values = append(values, value{Item: p})
	}
	if _, err := m.file(path, profileOf(portals), 0o644, kindFile, values...); err != nil {
		return err
	}
	m.report(WriteProfile, path)
	return nil
}
