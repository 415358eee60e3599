package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tanba/installer/trust"
	"tanba/internal/i18n"
	"tanba/internal/peer"
	"tanba/internal/settings"
	"tanba/internal/state"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// healthy is a machine on which everything is well.
func healthy(t *testing.T) Options {
	ok := func(context.Context) error { return nil }
	return Options{
		State: state.Dir(t.TempDir()), Home: t.TempDir(), Root: t.TempDir(), Port: 13579,
		Now:    func() time.Time { return now },
		Roots:  &x509.Certificate{NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0)},
		Holder: func(netip.AddrPort) (peer.Holder, error) { return peer.Holder{Name: "tanba"}, nil },
		Mine:   func(peer.Holder) bool { return true },
		Handshake: func(context.Context, string) ([]trust.Result, error) {
			return []trust.Result{{Kind: trust.Chromium, Path: "~/.pki/nssdb", Trusted: true}}, nil
		},
		Readers: ok, Settings: func() (settings.Settings, error) { return settings.Settings{}, nil },
		Start: ok, Repair: ok, SetClock: ok, StartReader: ok, Installed: func() bool { return true },
		Stop:  func(context.Context, peer.Holder) error { return nil },
		Allow: func(context.Context, []string) error { return nil },
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestHealthy(t *testing.T) {
	findings := Run(t.Context(), healthy(t))
	if faults := Faults(findings); len(faults) != 0 {
		t.Errorf("%+v", faults)
	}
	if len(findings) != len(Codes) {
		t.Errorf("%d findings for %d codes", len(findings), len(Codes))
	}
	for i, f := range findings {
		if f.Code != Codes[i] || f.Unknown {
			t.Errorf("finding %d: %+v", i, f)
		}
	}
}

// Each fault, injected alone, is named alone, with a sentence and a fix in three
// languages; what can be mended is mended by Fix.
func TestEachFaultIsNamedAlone(t *testing.T) {
	type fault struct {
		name    string
		code    Code
		variant string
		says    string // in English
		inject  func(t *testing.T, o *Options)
		fixable bool
	}
	preferences := `{"profile":{"content_settings":{"exceptions":{"loopback_network":{"https://egov.kz:443,*":{"setting":2},"https://stat.gov.kz:443,*":{"setting":1}}}}}}`
	for _, c := range []fault{
		{"not running", NotRunning, "installed", "installed and not running", func(_ *testing.T, o *Options) {
			o.Holder = func(netip.AddrPort) (peer.Holder, error) { return peer.Holder{}, peer.ErrNotFound }
		}, true},
		{"not installed", NotRunning, "", "tanba install", func(_ *testing.T, o *Options) {
			o.Holder = func(netip.AddrPort) (peer.Holder, error) { return peer.Holder{}, peer.ErrNotFound }
			o.Installed = func() bool { return false }
		}, false},
		{"NCALayer on the port", PortTaken, "ncalayer", "held by NCALayer", holder("/home/a/NCALayer/jre/bin/java", "java"), true},
		{"NCALayer in the system's Java", PortTaken, "ncalayer", "held by NCALayer", java("java", "-Xmx256m", "-jar", "/opt/x/ncalayer.jar"), true},
		{"NCALayer of Windows", PortTaken, "ncalayer", "held by NCALayer", holder(`C:\Users\a\AppData\Roaming\NCALayer\jre\bin\javaw.exe`, "javaw.exe"), true},
		{"another Java program", PortTaken, "", "java server.jar", java("/usr/bin/java", "-cp", "/x/ncalayer-like", "-jar", "/srv/server.jar"), true},
		{"a Java class", PortTaken, "", "java org.example.Main", java("java", "-cp", "lib.jar", "org.example.Main", "-p"), true},
		{"KAZTOKEN in Java", PortTaken, "kaztoken", "KAZTOKEN desktop", java("java", "-jar", "KAZTOKEN-desktop.jar"), true},
		{"NCALayer starts by itself", PortTaken, "ncalayer", "autostart/start-signing.desktop", func(t *testing.T, o *Options) {
			write(t, filepath.Join(o.Home, ".config/autostart/start-signing.desktop"), "[Desktop Entry]\nExec=\"/home/a/NCALayer/ncalayer.sh\" --run\n")
			java("java", "-jar", "ncalayer.jar")(t, o)
		}, true},
		{"ncalayer-rs starts by itself", PortTaken, "ncalayer_rs", "disable --now signing.service", func(t *testing.T, o *Options) {
			write(t, filepath.Join(o.Home, ".config/systemd/user/signing.service"), "[Service]\nExecStart=/usr/bin/ncalayerd\n")
			holder("/usr/bin/ncalayerd", "ncalayerd")(t, o)
		}, true},
		{"ncalayer-rs on the port", PortTaken, "ncalayer_rs", "ncalayer-rs", holder("/usr/bin/ncalayerd", "ncalayerd"), true},
		{"KAZTOKEN on the port", PortTaken, "kaztoken", "KAZTOKEN desktop", holder(`C:\Program Files\KAZTOKEN\kaztoken.exe`, "kaztoken.exe"), true},
		{"another program on the port", PortTaken, "", "nginx", holder("/usr/sbin/nginx", "nginx"), true},
		{"another user on the port", PortTaken, "nobody", "another user", func(_ *testing.T, o *Options) {
			o.Mine = func(peer.Holder) bool { return false }
			o.Holder = func(netip.AddrPort) (peer.Holder, error) {
				return peer.Holder{Process: peer.Process{User: "other"}}, nil
			}
		}, false},
		{"not trusted", NotTrusted, "", "profile1", func(_ *testing.T, o *Options) {
			o.Handshake = func(context.Context, string) ([]trust.Result, error) {
				return []trust.Result{{Kind: trust.Chromium, Path: "nssdb", Trusted: true}, {Kind: trust.Firefox, Path: "profile1"}}, nil
			}
		}, true},
		{"another root in the store", NotTrusted, "", "nssdb", func(_ *testing.T, o *Options) {
			o.Handshake = func(context.Context, string) ([]trust.Result, error) {
				return []trust.Result{{Kind: trust.Chromium, Path: "nssdb", Trusted: true, Err: &tls.CertificateVerificationError{Err: errors.New("unknown")}}}, nil
			}
		}, true},
		{"no certutil", NotTrusted, "certutil", "certutil", func(_ *testing.T, o *Options) {
			o.Handshake = func(context.Context, string) ([]trust.Result, error) { return nil, trust.ErrNoCertutil }
		}, false},
		{"denied in Chromium", LNABlocked, "", "egov.kz", func(t *testing.T, o *Options) {
			write(t, filepath.Join(o.Home, ".config/chromium/Default/Preferences"), preferences)
		}, true},
		{"blocked by policy", LNABlocked, "policy", "tanba-test.json", func(t *testing.T, o *Options) {
			write(t, filepath.Join(o.Root, "etc/chromium/policies/managed/tanba-test.json"), `{"LocalNetworkAccessBlockedForUrls":["*"]}`)
		}, false},
		{"Doodocs in Chromium", Extension, "", "Doodocs Sign", func(t *testing.T, o *Options) {
			write(t, filepath.Join(o.Home, ".config/google-chrome/Default/Extensions/abc/1.0/manifest.json"), `{"name":"Doodocs Sign"}`)
		}, false},
		{"KazEDS in Firefox", Extension, "", "KazEDS", func(t *testing.T, o *Options) {
			write(t, filepath.Join(o.Home, ".mozilla/firefox/x.default/extensions.json"), `{"addons":[{"active":true,"defaultLocale":{"name":"KazEDS"}},{"active":false,"defaultLocale":{"name":"Doodocs"}}]}`)
		}, false},
		{"clock behind", ClockWrong, "behind", "slow by 24h0m0s", func(_ *testing.T, o *Options) {
			o.Roots = &x509.Certificate{NotBefore: now.Add(24 * time.Hour)}
		}, true},
		{"clock ahead of a service", ClockWrong, "ahead", "fast by 2h0m0s", func(t *testing.T, o *Options) {
			if err := (&Observer{Dir: o.State, Now: o.Now}).Clock("tsp.pki.gov.kz", -2*time.Hour, true); err != nil {
				t.Fatal(err)
			}
		}, true},
		{"no card service", TokenStack, "", "no pcscd", func(_ *testing.T, o *Options) {
			o.Readers = func(context.Context) error { return errors.New("no pcscd") }
		}, true},
		{"a module that does not load", TokenStack, "module", "libkaz.so", func(_ *testing.T, o *Options) {
			o.Modules = func(context.Context) []Load { return []Load{{"libkaz.so", "wrong architecture"}} }
		}, false},
		{"unknown module", NoModule, "", "kz.ecc.Other (https://e.kz)", func(t *testing.T, o *Options) {
			if err := (&Observer{Dir: o.State, Now: o.Now}).Module("kz.ecc.Other", "https://e.kz"); err != nil {
				t.Fatal(err)
			}
		}, true},
		{"settings", Settings, "", "line 3", func(_ *testing.T, o *Options) {
			o.Settings = func() (settings.Settings, error) { return settings.Settings{}, errors.New("line 3") }
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := healthy(t)
			c.inject(t, &o)
			faults := Faults(Run(t.Context(), o))
			if len(faults) != 1 || faults[0].Code != c.code || faults[0].Variant != c.variant {
				t.Fatalf("%+v", faults)
			}
			f := faults[0]
			if text := f.Title("en") + f.Advice("en"); !strings.Contains(text, c.says) {
				t.Errorf("%q does not say %q", text, c.says)
			}
			for _, lang := range i18n.Languages {
				for _, text := range []string{f.Title(lang), f.Advice(lang)} {
					if strings.HasPrefix(text, "doctor.") || strings.Contains(text, "{") {
						t.Errorf("%s: %q", lang, text)
					}
				}
			}
			if err := Fix(t.Context(), f); f.Fixable != c.fixable || (err == nil) != c.fixable {
				t.Errorf("fixable %v: %v", f.Fixable, err)
			}
		})
	}
}

func TestUnknown(t *testing.T) {
	o := healthy(t)
	o.Holder = func(netip.AddrPort) (peer.Holder, error) { return peer.Holder{}, peer.ErrUnsupported }
	o.Handshake, o.Readers, o.Settings = nil, nil, nil
	for _, f := range Run(t.Context(), o) {
		if !f.OK || strings.HasPrefix(f.Good("ru"), "doctor.") {
			t.Errorf("%+v: %q", f, f.Good("ru"))
		}
	}
}
