package consent

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestT1WhoAsks(t *testing.T) {
	for _, c := range []struct {
		origin       string
		name, detail string
		secure, odd  bool
	}{
		{"https://egov.kz", "egov.kz", "https://egov.kz", true, false},
		{"https://idp.egov.kz", "egov.kz", "https://idp.egov.kz", true, false},
		{"https://cabinet.salyk.kgd.gov.kz", "kgd.gov.kz", "https://cabinet.salyk.kgd.gov.kz", true, false},
		{"https://v3bl.goszakup.gov.kz", "goszakup.gov.kz", "https://v3bl.goszakup.gov.kz", true, false},
		{"https://egov.kz:444", "egov.kz", "https://egov.kz:444", true, false},
		{"HTTPS://EGOV.KZ", "egov.kz", "https://egov.kz", true, false},
		{"https://egov.kz.evil.com", "evil.com", "https://egov.kz.evil.com", true, false},
		{"https://egov.kz-login.com", "kz-login.com", "https://egov.kz-login.com", true, false},
		{"http://egov.kz", "egov.kz", "http://egov.kz", false, false},
		{"http://localhost:3000", "localhost", "http://localhost:3000", false, false},
		{"https://192.168.1.7", "192.168.1.7", "https://192.168.1.7", true, false},
		{"https://[::1]:8443", "::1", "https://[::1]:8443", true, false},
		{"https://user@egov.kz", "egov.kz", "https://egov.kz", true, false},
		// Look-alikes: Cyrillic е in egov, а whole Cyrillic word, mixed scripts,
		// another alphabet. They are shown in their true form.
		{"https://xn--gov-tdd.kz", "xn--gov-tdd.kz", "https://xn--gov-tdd.kz", true, true},
		{"https://еgov.kz", "xn--gov-qdd.kz", "https://xn--gov-qdd.kz", true, true},
		{"https://сора.kz", "xn--80a1agc.kz", "https://xn--80a1agc.kz", true, true},
		{"https://egοv.kz", "xn--egv-bzc.kz", "https://xn--egv-bzc.kz", true, true},
		{"https://kaspí.kz", "xn--kasp-ypa.kz", "https://xn--kasp-ypa.kz", true, true},
		// Kazakh names under the Kazakh top-level domain are what they seem.
		{"https://xn--80aqu.xn--80ao21a", "апи.қаз", "https://апи.қаз", true, false},
		{"https://хат.қаз", "хат.қаз", "https://хат.қаз", true, false},
		// Invisible characters.
		{"https://egov\u200b.kz", "", "", true, true},
		{"https://\u202ezk.voge", "", "", true, true},
		// What is no host at all.
		{"null", "null", "null", false, false},
		{"file://", "file://", "file://", false, false},
		{"chrome-extension://abcdefgh", "chrome-extension://abcdefgh", "chrome-extension://abcdefgh", false, false},
		{"ev\u202eil\u200b", "evil", "evil", false, false},
	} {
		s := describeSite(Asker{Origin: c.origin})
		if c.name == "" { // any form will do as long as it cannot be mistaken
			if !s.Suspicious || s.Name == "egov.kz" || s.Detail == "https://egov.kz" {
				t.Errorf("%q: %+v", c.origin, s)
			}
		} else if s.Name != c.name || s.Detail != c.detail || s.Secure != c.secure || s.Suspicious != c.odd || s.Local {
			t.Errorf("%q: %+v, want %q %q %t %t", c.origin, s, c.name, c.detail, c.secure, c.odd)
		}
	}
}

func TestT7LocalProgram(t *testing.T) {
	s := describeSite(Asker{Origin: "https://egov.kz", Local: true, Executable: "/opt/e\u202evil/app"})
	if s.Name != "app" || s.Detail != "/opt/evil/app" || !s.Local || s.Secure {
		t.Errorf("a program that claims an origin: %+v", s)
	}
	if s := describeSite(Asker{}); s.Name != "" || !s.Local {
		t.Errorf("an unknown program: %+v", s)
	}
	if identity(Asker{Local: true, Origin: "https://egov.kz", Executable: "/x"}) != "program:0:/x" {
		t.Error("a program takes over the permission of a site")
	}
	if identity(Asker{Origin: "HTTPS://Egov.kz"}) != identity(Asker{Origin: "https://egov.kz"}) {
		t.Error("one site has two identities")
	}
}

func FuzzSite(f *testing.F) {
	for _, s := range []string{"https://egov.kz", "https://\u202ezk.voge", "null", "https://[::1]:1", "https://xn--", "://", "https://a..b", "https://%41.kz"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, origin string) {
		s := describeSite(Asker{Origin: origin})
		for _, text := range []string{s.Name, s.Detail} {
			if strings.IndexFunc(text, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }) >= 0 || !utf8.ValidString(text) {
				t.Errorf("%q is shown as %q", origin, text)
			}
		}
	})
}
