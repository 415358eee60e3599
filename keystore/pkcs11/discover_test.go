package pkcs11

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"tanba/keystore"
)

func TestParseURI(t *testing.T) {
	for text, want := range map[string]uri{
		"pkcs11:token=My%20token;serial=01?module-path=/usr/lib/a.so": {"/usr/lib/a.so", filter{token: "My token", serial: "01"}, false},
		"pkcs11:module-path=/usr/lib/a.so;model=M;manufacturer=V":     {"/usr/lib/a.so", filter{model: "M", manufacturer: "V"}, false},
		"PKCS11:object=x;type=cert?module-path=/a&pin-value=1234":     {"/a", filter{}, true},
		"pkcs11:?module-path=/a&pin-source=file:/x":                   {"/a", filter{}, true},
	} {
		if got, err := parseURI(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "pkcs11:", "pkcs11:token=x", "/usr/lib/a.so", "pkcs11:module-path", "pkcs11:module-path=%zz", "pkcs11:module-path=/a;module-path=/b", "pkcs11:=x;module-path=/a"} {
		if got, err := parseURI(text); !errors.Is(err, errURI) {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
}

func FuzzParseURI(f *testing.F) {
	f.Add("pkcs11:token=a;serial=b?module-path=/c&pin-value=1")
	f.Fuzz(func(t *testing.T, text string) {
		if u, err := parseURI(text); err == nil && u.module == "" {
			t.Error("a URI without a module")
		}
	})
}

func TestP11KitModules(t *testing.T) {
	etc, usr, lib := t.TempDir(), t.TempDir(), t.TempDir()
	inside := filepath.Join(lib, "softhsm.so")
	for path, text := range map[string]string{
		inside:                                  "x",
		filepath.Join(etc, "hidden.module"):     "# the administrator's\nmodule: /etc/wins.so\n",
		filepath.Join(usr, "hidden.module"):     "module: /usr/loses.so\n",
		filepath.Join(usr, "relative.module"):   "module: softhsm.so\n",
		filepath.Join(usr, "trust.module"):      "module: p11-kit-trust.so\n",
		filepath.Join(usr, "other.module"):      "module: /only/firefox.so\nenable-in: firefox\n",
		filepath.Join(usr, "ours.module"):       "enable-in: firefox, tanba\nmodule: /ours.so\n",
		filepath.Join(usr, "not-ours.module"):   "module: /not.so\ndisable-in: tanba\n",
		filepath.Join(usr, "remote.module"):     "remote: |ssh host\nmodule: /r.so\n",
		filepath.Join(usr, "nothing.module"):    "trust-policy: yes\n",
		filepath.Join(usr, "not-a-module.conf"): "module: /no.so\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got := p11Kit([]string{etc, usr}, []string{lib})
	slices.Sort(got)
	want := []string{"/etc/wins.so", "/ours.so", inside}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func FuzzP11KitModule(f *testing.F) {
	f.Add("module: a.so\nenable-in: tanba\n")
	f.Fuzz(func(t *testing.T, text string) {
		if path, ok := p11KitModule(strings.NewReader(text)); ok && path == "" {
			t.Error("a module without a path")
		}
	})
}

func TestLibraryKind(t *testing.T) {
	elf := func(class, machine byte) []byte {
		h := make([]byte, 64)
		copy(h, "\x7fELF")
		h[4], h[5], h[18] = class, 1, machine
		return h
	}
	pe := make([]byte, 0x48)
	copy(pe, "MZ")
	pe[0x3C] = 0x40
	copy(pe[0x40:], "PE\x00\x00\x64\x86")
	fat := make([]byte, 48)
	copy(fat, "\xCA\xFE\xBA\xBE\x00\x00\x00\x02\x01\x00\x00\x07")
	copy(fat[28:], "\x01\x00\x00\x0C")
	self := runtime.GOOS
	if self == "windows" || self == "darwin" {
		self = "linux"
	}
	for name, c := range map[string]struct {
		head       []byte
		system     string
		processors []string
	}{
		"amd64":         {elf(2, 62), self, []string{"amd64"}},
		"x32":           {elf(1, 62), self, []string{"amd64p32"}},
		"386":           {elf(1, 3), self, []string{"386"}},
		"unknown":       {elf(2, 250), self, nil},
		"Windows":       {pe, "windows", []string{"amd64"}},
		"macOS, both":   {fat, "darwin", []string{"amd64", "arm64"}},
		"macOS":         {[]byte("\xCF\xFA\xED\xFE\x0C\x00\x00\x01"), "darwin", []string{"arm64"}},
		"a Java class":  {[]byte("\xCA\xFE\xBA\xBE\x00\x00\x00\x3D"), "", nil},
		"text":          {[]byte("#!/bin/sh\n"), "", nil},
		"empty":         {nil, "", nil},
		"DOS, cut":      {append([]byte("MZ"), bytes.Repeat([]byte{0xFF}, 62)...), "windows", nil},
		"linker script": {[]byte("/* GNU ld script */ GROUP ( /lib/libc.so.6 )"), "", nil},
	} {
		if system, processors := libraryKind(c.head); system != c.system || !slices.Equal(processors, c.processors) {
			t.Errorf("%s: %s %v", name, system, processors)
		}
	}
}

func FuzzLibraryKind(f *testing.F) {
	f.Add([]byte("MZ"))
	f.Add([]byte("\xCA\xFE\xBA\xBE\x00\x00\x00\x10"))
	f.Fuzz(func(t *testing.T, head []byte) {
		if system, processors := libraryKind(head); system == "" && len(processors) > 0 {
			t.Error("processors of no system")
		}
	})
}

func TestJudge(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.so")
	other := filepath.Join(dir, "other.so")
	if err := errors.Join(os.WriteFile(text, []byte("not a library"), 0o600), os.WriteFile(other, []byte("MZ"+strings.Repeat("\xFF", 62)), 0o600)); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"relative.so": "tokens.trouble.not_absolute", filepath.Join(dir, "none.so"): "tokens.trouble.no_file", dir: "tokens.trouble.not_library",
		text: "tokens.trouble.not_library", self: "",
	} {
		if got, ok := judge(path, true); got.Key != want || ok != (want == "") {
			t.Errorf("%s: %+v, %v", path, got, ok)
		}
	}
	if runtime.GOOS == "windows" {
		return
	}
	if got, ok := judge(other, true); ok || got.Key != "tokens.trouble.other_system" {
		t.Errorf("a DLL: %+v, %v", got, ok)
	}
	// What nobody chose and others can write is not loaded.
	if err := os.Chmod(other, 0o777); err != nil {
		t.Fatal(err)
	}
	if got, ok := judge(other, false); ok || got.Key != "tokens.trouble.not_guarded" {
		t.Errorf("writable for all: %+v, %v", got, ok)
	}
}

func TestCandidates(t *testing.T) {
	self, err := os.Executable() // a file that looks like a library
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Modules: []Module{
		{Path: self, Storage: keystore.Kaztoken}, {Path: "pkcs11:token=x?module-path=" + self + "&pin-value=1"}, {Path: "/none.so"}, {Path: "relative.so", Off: true}, {Path: "pkcs11:token=x"},
	}}
	got := o.candidates(cards{})
	var short []string
	for _, c := range got {
		short = append(short, c.path+" "+c.storage)
	}
	if want := []string{self + " AKKaztokenStore", "/none.so ", "pkcs11:token=x "}; !slices.Equal(short, want) || !got[1].refused || !got[2].refused {
		t.Errorf("%q, want %q", short, want)
	}
	o.Modules = append(o.Modules, Module{Path: self, Off: true})
	if got := o.candidates(cards{}); slices.ContainsFunc(got, func(c candidate) bool { return c.path == self }) {
		t.Error("a module that is off is asked")
	}
}

func TestFamiliesNeedTheirCard(t *testing.T) {
	kaztoken := families[0]
	any := families[len(families)-1]
	for _, c := range []struct {
		cards         cards
		kaztoken, any bool
	}{
		{cards{known: true}, false, false},
		{cards{known: true, number: 1}, false, true},
		{cards{known: true, number: 1, storages: []string{keystore.JaCarta}}, false, true},
		{cards{known: true, number: 2, storages: []string{keystore.JaCarta, keystore.Kaztoken}}, true, true},
	} {
		if kaztoken.fits(c.cards) != c.kaztoken || any.fits(c.cards) != c.any {
			t.Errorf("%+v: %v, %v", c.cards, kaztoken.fits(c.cards), any.fits(c.cards))
		}
	}
}

func TestStorageNames(t *testing.T) {
	tokens := New(Options{Storages: map[string]string{"My token": keystore.AKey, "named.so": keystore.JaCarta}})
	hardware := seen{slotFlags: ckfRemovable, info: tokenInfo{label: "x"}}
	both := []string{keystore.EToken72K, keystore.EToken5110}
	for name, c := range map[string]struct {
		module candidate
		seen   seen
		cards  cards
		want   string
	}{
		"settings of the module": {candidate{name: "named.so", storage: keystore.Kaztoken}, hardware, cards{}, keystore.Kaztoken},
		"by label":               {candidate{name: "named.so"}, seen{info: tokenInfo{label: "My token"}}, cards{}, keystore.AKey},
		"by module":              {candidate{name: "named.so"}, hardware, cards{}, keystore.JaCarta},
		"the only card":          {candidate{}, hardware, cards{known: true, number: 1, storages: []string{keystore.Kaztoken}}, keystore.Kaztoken},
		"one of two cards":       {candidate{}, hardware, cards{known: true, number: 2, storages: []string{keystore.Kaztoken}}, ""},
		"software":               {candidate{}, seen{}, cards{known: true, number: 1, storages: []string{keystore.Kaztoken}}, ""},
		"the family's card":      {candidate{storages: both}, hardware, cards{known: true, number: 2, storages: []string{keystore.Kaztoken, keystore.EToken5110}}, keystore.EToken5110},
		"two of the family":      {candidate{storages: both}, hardware, cards{known: true, number: 2, storages: both}, ""},
		"another family's card":  {candidate{storages: both}, hardware, cards{known: true, number: 1, storages: []string{keystore.Kaztoken}}, ""},
	} {
		if got := tokens.storageOf(&module{candidate: c.module}, c.seen, c.cards); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
