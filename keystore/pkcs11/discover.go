package pkcs11

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"tanba/keystore"
)

// Where a module was found.
const (
	fromSettings = "settings"
	fromVendor   = "vendor"
	fromP11Kit   = "p11-kit"
)

// candidate is a module that may be loaded.
type candidate struct {
	name     string // base name of the file: what people and settings call it
	path     string
	source   string
	storages []string // of the family of tokens it is for; nil = any
	storage  string   // that the settings give its tokens
	only     filter
	troubles []Trouble // with any of them it is not loaded, unless they are only notes
	refused  bool
}

// family is a vendor's module: where it is installed and which tokens it shows.
type family struct {
	storages []string
	places   map[string][]string // by system; a * stands for one level of folders
}

// families lists the places of tokens.md 3.1. No public source names the module
// of Kaztoken; its names here are guesses, and the settings come first.
var families = []family{
	{[]string{keystore.Kaztoken}, map[string][]string{
		"linux": {"/usr/lib/libkztpkcs11.so", "/usr/lib/libkztpkcs11ecp.so", "/usr/lib64/libkztpkcs11.so", "/usr/lib64/libkztpkcs11ecp.so", "/opt/kaztoken/*/libkztpkcs11.so",
			"/usr/lib/librtpkcs11ecp.so", "/usr/lib64/librtpkcs11ecp.so", "/opt/aktivco/rutokenecp/*/librtpkcs11ecp.so", "/usr/lib/pkcs11/librtpkcs11ecp.so"},
		"darwin": {"/usr/local/lib/libkztpkcs11.dylib", "/usr/local/lib/libkztpkcs11ecp.dylib", "/usr/local/lib/librtpkcs11ecp.dylib",
			"/Library/Frameworks/rtpkcs11ecp.framework/rtpkcs11ecp"},
		"windows": {`%WINDIR%\System32\kztpkcs11.dll`, `%WINDIR%\System32\kztPKCS11ECP.dll`, `%WINDIR%\System32\rtPKCS11ECP.dll`},
	}},
	{[]string{keystore.EToken72K, keystore.EToken5110}, map[string][]string{
		"linux":   {"/usr/lib/libeTPkcs11.so", "/usr/lib64/libeTPkcs11.so", "/usr/lib/libeToken.so", "/usr/lib64/libeToken.so", "/usr/lib/libIDPrimePKCS11.so", "/usr/lib64/libIDPrimePKCS11.so"},
		"darwin":  {"/usr/local/lib/libeTPkcs11.dylib", "/Library/Frameworks/eToken.framework/Versions/Current/libeToken.dylib"},
		"windows": {`%WINDIR%\System32\eTPKCS11.dll`, `%PROGRAMFILES%\SafeNet\Authentication\SAC\x64\IDPrimePKCS1164.dll`},
	}},
	{[]string{keystore.JaCarta}, map[string][]string{
		"linux":   {"/usr/lib/libjcPKCS11-2.so", "/usr/lib64/libjcPKCS11-2.so", "/usr/lib/pkcs11/libjcPKCS11-2.so", "/usr/lib64/pkcs11/libjcPKCS11-2.so"},
		"darwin":  {"/Library/Frameworks/jcPKCS11-2.framework/jcPKCS11-2"},
		"windows": {`%WINDIR%\System32\jcPKCS11-2.dll`},
	}},
	{nil, map[string][]string{ // OpenSC: cards of many vendors
		"linux":   {"/usr/lib/*/opensc-pkcs11.so", "/usr/lib/opensc-pkcs11.so", "/usr/lib64/opensc-pkcs11.so"},
		"darwin":  {"/Library/OpenSC/lib/pkcs11/opensc-pkcs11.so"},
		"windows": {`%WINDIR%\System32\opensc-pkcs11.dll`},
	}},
}

// p11KitFolders hold the module files of p11-kit, and p11KitLibraries the
// modules that they name without a path.
var (
	p11KitFolders   = []string{"/etc/pkcs11/modules", "/usr/share/p11-kit/modules"}
	p11KitLibraries = []string{"/usr/lib/*/pkcs11", "/usr/lib64/pkcs11", "/usr/lib/pkcs11"}
)

// cards is what the readers show.
type cards struct {
	known    bool
	number   int
	storages []string // of those whose ATR is known
	key      string   // changes with the cards
}

func (o *Options) cards(ctx context.Context) cards {
	if o.Present == nil {
		return cards{}
	}
	atrs, known := o.Present(ctx)
	if !known {
		return cards{}
	}
	c := cards{known: true, number: len(atrs)}
	sorted := slices.Clone(atrs)
	slices.SortFunc(sorted, bytes.Compare)
	c.key = string(bytes.Join(sorted, []byte{0, 0, 0}))
	for _, atr := range atrs {
		if o.StorageOfATR == nil {
			continue
		}
		if s, ok := o.StorageOfATR(atr); ok && !slices.Contains(c.storages, s) {
			c.storages = append(c.storages, s)
		}
	}
	return c
}

// candidates lists the modules worth asking now, each file once, in order of
// preference.
func (o *Options) candidates(c cards) []candidate {
	var list []candidate
	var off []string
	for _, m := range o.Modules {
		found := fromModule(m)
		if m.Off {
			off = append(off, sameFile(found.path))
			continue
		}
		list = append(list, found)
	}
	if o.Discover {
		for _, f := range families {
			if c.known && !f.fits(c) {
				continue
			}
			for _, path := range expand(f.places[runtime.GOOS]) {
				list = append(list, judged(candidate{name: filepath.Base(path), path: path, source: fromVendor, storages: f.storages}))
			}
		}
		if !c.known || c.number > 0 {
			for _, path := range p11Kit(p11KitFolders, p11KitLibraries) {
				list = append(list, judged(candidate{name: filepath.Base(path), path: path, source: fromP11Kit}))
			}
		}
	}
	var once []candidate
	for _, m := range list {
		file := sameFile(m.path)
		if slices.Contains(off, file) || slices.ContainsFunc(once, func(o candidate) bool { return sameFile(o.path) == file }) {
			continue
		}
		once = append(once, m)
	}
	return once
}

// fits tells whether one of the cards may be of the family; a family of any card
// fits where there is a card.
func (f family) fits(c cards) bool {
	if f.storages == nil {
		return c.number > 0
	}
	return slices.ContainsFunc(f.storages, func(s string) bool { return slices.Contains(c.storages, s) })
}

func fromModule(m Module) candidate {
	c := candidate{path: m.Path, source: fromSettings, storage: m.Storage, only: filter{token: m.Token}}
	if strings.HasPrefix(strings.ToLower(m.Path), "pkcs11:") {
		u, err := parseURI(m.Path)
		if err != nil {
			c.name, c.refused = m.Path, true
			c.troubles = append(c.troubles, Trouble{Key: "tokens.trouble.uri"})
			return c
		}
		c.path, c.only = u.module, u.filter
		if m.Token != "" {
			c.only.token = m.Token
		}
		if u.pin {
			c.troubles = append(c.troubles, Trouble{Key: "tokens.note.uri_pin"})
		}
	}
	c.name = filepath.Base(c.path)
	return judged(c)
}

// judged adds what is wrong with the file itself.
func judged(c candidate) candidate {
	if t, ok := judge(c.path, c.source == fromSettings); !ok {
		c.refused = true
		c.troubles = append(c.troubles, t)
	}
	return c
}

// expand returns the files that exist, with variables and * filled in.
func expand(places []string) []string {
	var found []string
	for _, place := range places {
		for _, name := range []string{"WINDIR", "PROGRAMFILES"} {
			if value := os.Getenv(name); value != "" {
				place = strings.ReplaceAll(place, "%"+name+"%", value)
			}
		}
		matches, err := filepath.Glob(place)
		if err != nil {
			continue // the patterns are ours and of a right form
		}
		for _, m := range matches {
			if fi, err := os.Stat(m); err == nil && fi.Mode().IsRegular() {
				found = append(found, m)
			}
		}
	}
	return found
}

// p11Kit reads module files: lines "name: value". Only "module" matters here. A
// module of p11-kit itself is left out: it would show every other one again,
// without GOST.
func p11Kit(folders, libraries []string) []string {
	var found []string
	seen := map[string]bool{}
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "*.module"))
		if err != nil {
			continue
		}
		for _, file := range files {
			// A file of the administrator hides that of a package.
			if base := filepath.Base(file); seen[base] {
				continue
			} else {
				seen[base] = true
			}
			f, err := os.Open(file)
			if err != nil {
				continue
			}
			path, ok := p11KitModule(f)
			f.Close()
			if !ok || strings.HasPrefix(filepath.Base(path), "p11-kit-") {
				continue
			}
			if !filepath.IsAbs(path) {
				for _, dir := range libraries {
					found = append(found, expand([]string{filepath.Join(dir, path)})...)
				}
				continue
			}
			found = append(found, path)
		}
	}
	return found
}

// p11KitModule reads one module file; ok is false when it names none or says
// that nobody shall load it.
func p11KitModule(r io.Reader) (path string, ok bool) {
	const most = 64 << 10
	lines := bufio.NewScanner(io.LimitReader(r, most))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		name, value, found := strings.Cut(line, ":")
		if !found || strings.HasPrefix(line, "#") {
			continue
		}
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(name) {
		case "module":
			path = value
		case "enable-in":
			if !slices.Contains(strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' }), "tanba") {
				return "", false
			}
		case "disable-in":
			if slices.Contains(strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' }), "tanba") {
				return "", false
			}
		case "remote":
			return "", false
		}
	}
	return path, path != "" && lines.Err() == nil
}

func sameFile(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return filepath.Clean(path)
}
