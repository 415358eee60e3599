package consent

import (
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"

	"tanba/bridge/prompt"
)

// site describes who asks, in words that cannot be mistaken for another's.
func (d *Desk) site(a Asker) prompt.Site {
	s := describeSite(a)
	s.New = !d.Known(a)
	d.mu.Lock()
	defer d.mu.Unlock()
	s.Changed = d.permissions.replaced(a)
	return s
}

func describeSite(a Asker) prompt.Site {
	s := prompt.Site{Origin: a.Origin, Local: a.Local || a.Origin == ""}
	if s.Local {
		s.Name = clean(filepath.Base(a.Executable))
		if a.Executable == "" {
			s.Name = "" // the window says that the program is unknown
		}
		s.Detail, s.SHA256 = clean(a.Executable), programSum(a)
		return s
	}
	s.Detail = clean(a.Origin)
	u, err := url.Parse(a.Origin)
	if err != nil || u.Host == "" {
		s.Name = s.Detail // "null" and other forms without a host
		return s
	}
	host := strings.ToLower(u.Hostname())
	switch u.Scheme {
	case "https":
		s.Secure = true
	case "http":
	default: // an extension: its identifier means something only with its scheme
		s.Name = clean(u.Scheme + "://" + u.Host)
		return s
	}
	ascii, err := idna.Punycode.ToASCII(host)
	if err != nil || !isHostName(ascii) {
		s.Name, s.Suspicious = clean(host), true
		return s
	}
	s.Loopback = ascii == "localhost" || net.ParseIP(ascii).IsLoopback()
	name, display := registrable(ascii), ""
	display, s.Suspicious = show(ascii)
	s.Name = name
	if !s.Suspicious {
		s.Name, _ = show(name)
	}
	if s.Suspicious {
		display = ascii // a look-alike is shown in its true form
	}
	s.Detail = u.Scheme + "://" + display
	if strings.Contains(ascii, ":") { // IPv6
		s.Detail = u.Scheme + "://[" + display + "]"
	}
	if p := u.Port(); p != "" {
		s.Detail += ":" + p
	}
	return s
}

// registrable is the domain somebody registered: egov.kz of idp.egov.kz,
// kgd.gov.kz of cabinet.kgd.gov.kz. Addresses and local names stay whole.
func registrable(host string) string {
	if net.ParseIP(host) != nil || !strings.Contains(host, ".") {
		return host
	}
	if name, err := publicsuffix.EffectiveTLDPlusOne(strings.TrimSuffix(host, ".")); err == nil {
		return name
	}
	return host
}

// show returns a host as people read it, and whether it looks like a trick: a
// label that mixes alphabets, one in a foreign alphabet, or a Cyrillic label
// under a Latin top-level domain, where it can only imitate a Latin name.
func show(ascii string) (string, bool) {
	if !strings.Contains(ascii, "xn--") {
		return ascii, false
	}
	host, err := idna.Display.ToUnicode(ascii)
	if err != nil {
		return ascii, true
	}
	labels := strings.Split(host, ".")
	top := alphabet(labels[len(labels)-1])
	for _, l := range labels {
		switch alphabet(l) {
		case latin:
			for _, r := range l {
				if r > unicode.MaxASCII {
					return ascii, true
				}
			}
		case cyrillic:
			if top != cyrillic {
				return ascii, true
			}
		default:
			return ascii, true
		}
	}
	return host, false
}

type script int

const (
	latin script = iota
	cyrillic
	other // foreign or mixed
)

func alphabet(label string) script {
	hasLatin, hasCyrillic := false, false
	for _, r := range label {
		switch {
		case unicode.Is(unicode.Latin, r):
			hasLatin = true
		case unicode.Is(unicode.Cyrillic, r):
			hasCyrillic = true
		case r >= '0' && r <= '9' || r == '-':
		default:
			return other
		}
	}
	switch {
	case hasLatin && hasCyrillic:
		return other
	case hasCyrillic:
		return cyrillic
	}
	return latin
}

func isHostName(ascii string) bool {
	if ascii == "" || len(ascii) > 253 {
		return false
	}
	if net.ParseIP(ascii) != nil {
		return true
	}
	for _, r := range ascii {
		if !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_') {
			return false
		}
	}
	return true
}

// clean removes what can disguise a text on the screen: control and format
// characters (bidi overrides, zero-width joiners), line separators, unusual
// spaces; it keeps at most 300 characters.
func clean(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs), r == unicode.ReplacementChar,
			r == '\u115f', r == '\u1160', r == '\u3164', r == '\uffa0', r == '\u2800': // letters without a shape
			continue
		case unicode.IsSpace(r):
			r = ' '
		}
		if n++; n > 300 {
			b.WriteRune('…')
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}
