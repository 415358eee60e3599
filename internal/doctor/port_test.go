package doctor

import (
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"tanba/internal/peer"
)

func holder(executable, name string) func(*testing.T, *Options) {
	return func(_ *testing.T, o *Options) {
		o.Mine = func(peer.Holder) bool { return false }
		o.Holder = func(netip.AddrPort) (peer.Holder, error) {
			return peer.Holder{Process: peer.Process{PID: 4711, Executable: executable, User: "a"}, Name: name}, nil
		}
	}
}

func java(arguments ...string) func(*testing.T, *Options) {
	return func(t *testing.T, o *Options) {
		holder("/usr/lib/jvm/java-21/bin/java", "java")(t, o)
		o.Arguments = func(int) []string { return arguments }
	}
}

// What is switched off, belongs to others or is too long is not named.
func TestAutostart(t *testing.T) {
	o := healthy(t)
	o.complete()
	at := func(name string) string { return filepath.Join(o.Home, ".config/autostart", name) }
	write(t, at("ncalayer.desktop"), "[Desktop Entry]\nExec=x\nHidden=true\n")
	write(t, at("NCALayer-2.desktop"), "[Desktop Entry]\nExec=x\nX-GNOME-Autostart-enabled=false\n")
	write(t, at("ncalayer-rs.desktop"), "[Desktop Entry]\nExec=x\n")
	write(t, at("other.desktop"), "[Desktop Entry]\nExec=other --instead-of=ncalayer\nName=ncalayer\n")
	write(t, at("ncalayer-long.desktop"), strings.Repeat("#", maxEntry+1))
	write(t, filepath.Join(o.Root, "etc/xdg/autostart/ncalayer.desktop"), "[Desktop Entry]\nExec=x\n")
	got := strings.Join(o.autostart("ncalayer"), " ")
	if want := filepath.Join(o.Root, "etc/xdg/autostart/ncalayer.desktop"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestWithoutNames(t *testing.T) {
	o := healthy(t)
	holder("/usr/sbin/nginx", "nginx")(t, &o)
	f := Faults(Run(t.Context(), o))[0]
	f.Args[3] = "BOLAT"
	if named, anonymous := f.Title("en"), f.WithoutNames().Title("en"); !strings.Contains(named, "BOLAT") || strings.Contains(anonymous, "BOLAT") {
		t.Errorf("%q, %q", named, anonymous)
	}
}
