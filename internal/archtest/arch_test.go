// Package archtest lets the repository test itself: which room may know which,
// what every package must say of itself, and which modules may come in.
package archtest

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// rooms lists, for each folder, what its product code may import from this
// module. The longest matching prefix decides; "…/*" allows everything below.
// Test files may import more (they stand outside the house).
var rooms = map[string][]string{
	"cmd":                          {"*"},
	"protocol":                     {},
	"keystore":                     {"internal/pki", "keystore/*"},
	"keystore/pkcs12":              {"internal/pki", "internal/ber"},
	"keystore/jks":                 {"internal/pki"},
	"keystore/pkcs11":              {"internal/pki", "internal/gost3410", "internal/state", "keystore", "keystore/pkcs11/*"},
	"keystore/pkcs11/wire":         {},
	"cmd/tanba-token":              {"keystore/pkcs11/wire"},
	"bridge":                       {"protocol", "keystore", "bridge/*", "internal/*"},
	"bridge/consent":               {"protocol", "keystore", "bridge/prompt", "internal/pki", "internal/state", "internal/i18n", "internal/settings", "internal/session", "internal/csr", "internal/enrollment", "internal/renewal"},
	"bridge/prompt":                {"bridge/prompt/win32", "bridge/web", "internal/i18n", "internal/state"},
	"bridge/prompt/win32":          {},
	"bridge/web":                   {"internal/i18n"},
	"installer":                    {"internal/state", "internal/i18n", "internal/settings", "internal/localca", "internal/peer", "installer/*"},
	"internal/streebog":            {},
	"internal/gost341194":          {},
	"internal/gost3410":            {"internal/streebog", "internal/gost341194"},
	"internal/ber":                 {},
	"internal/settings":            {"internal/state"},
	"internal/pcsc":                {},
	"internal/snippet":             {},
	"internal/doctor":              {"installer/*", "internal/*", "keystore"},
	"internal/hidden":              {},
	"internal/session":             {"internal/hidden"},
	"internal/notify":              {"internal/i18n", "internal/hidden"},
	"internal/keychain":            {},
	"internal/csr":                 {"internal/pki"},
	"internal/enrollment":          {"internal/gost3410", "internal/csr", "internal/pki", "internal/state", "keystore", "keystore/*"},
	"internal/renewal":             {"internal/pki", "internal/i18n", "internal/state", "internal/csr", "internal/notify", "keystore", "keystore/*"},
	"internal/revocation":          {"internal/pki", "internal/cms", "internal/state", "internal/outbound"},
	"internal/outbound":            {},
	"internal/clock":               {},
	"internal/state":               {},
	"internal/i18n":                {},
	"internal/localca":             {"internal/state"},
	"internal/peer":                {},
	"internal/pki":                 {"internal/streebog", "internal/gost341194", "internal/gost3410"},
	"internal/cms":                 {"internal/pki", "internal/ber", "internal/streebog"},
	"internal/xmldsig":             {"internal/pki"},
	"internal/filesign":            {"internal/cms", "internal/xmldsig", "internal/timestamp"},
	"internal/timestamp":           {"internal/pki", "internal/cms"},
	"internal/verification":        {"internal/cms", "internal/pki", "internal/xmldsig", "internal/revocation", "internal/timestamp", "internal/i18n", "internal/verification"},
	"internal/verification/report": {"internal/verification", "internal/pki", "internal/i18n", "internal/revocation", "internal/cms", "internal/xmldsig"},
	"internal/testdata":            {},
	"internal/testscreen":          {},
	"internal/testoracle":          {"internal/testdata"},
	"internal/testpcsc":            {"internal/testdata"},
	"internal/testtoken":           {"internal/pki", "internal/gost3410", "internal/testpki", "internal/testdata"},
	"internal/testpki":             {"internal/pki", "internal/gost3410", "keystore/pkcs12"},
	"internal/demo":                {"*"},
	"internal/e2e":                 {"*"},
	"internal/archtest":            {},
}

// modules names every module the product may link, with its reason.
var modules = map[string]string{
	"github.com/gorilla/websocket":       "WebSocket server",
	"software.sslmate.com/src/go-pkcs12": "PKCS#12 stores of others",
	"golang.org/x/crypto":                "cryptobyte",
	"golang.org/x/sys":                   "system calls",
	"golang.org/x/net":                   "public suffix list, IDNA",
	"golang.org/x/term":                  "passwords on a terminal without echo",
	"golang.org/x/text":                  "Unicode normalisation",
	"github.com/miekg/pkcs11":            "PKCS#11 modules, in tanba-token only",
	"github.com/kardianos/service":       "services of the operating systems",
	"github.com/ebitengine/purego":       "system libraries without cgo: PC/SC on macOS",
	"github.com/godbus/dbus/v5":          "lock signals and notifications of the desktop",
}

type goPackage struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string
	DepOnly    bool
	Standard   bool
	Module     *struct{ Path string }
}

func list(t *testing.T, args ...string) []goPackage { return listFor(t, runtime.GOOS, args...) }

// listFor lists packages as they are built for a system, with cgo.
func listFor(t *testing.T, system string, args ...string) []goPackage {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Dir,GoFiles,Imports,Standard,Module"}, args...)...)
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), "GOOS="+system, "CGO_ENABLED=1")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []goPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p goPackage
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
	return packages
}

func room(path string) (string, []string, bool) {
	for p := path; p != "." && p != ""; p = filepath.Dir(p) {
		if allowed, ok := rooms[p]; ok {
			return p, allowed, true
		}
	}
	return "", nil, false
}

func allows(allowed []string, path string) bool {
	return slices.ContainsFunc(allowed, func(a string) bool {
		if a == "*" {
			return true
		}
		if base, ok := strings.CutSuffix(a, "/*"); ok {
			return path == base || strings.HasPrefix(path, base+"/")
		}
		return path == a
	})
}

func TestImportArrows(t *testing.T) {
	for _, p := range list(t, "./...") {
		self := strings.TrimPrefix(p.ImportPath, "tanba/")
		name, allowed, ok := room(self)
		if !ok {
			t.Errorf("%s: no room in the table; say what it may import", self)
			continue
		}
		for _, imp := range p.Imports {
			target, ours := strings.CutPrefix(imp, "tanba/")
			// A folder may use what lies below its own room.
			if !ours || strings.HasPrefix(target, name+"/") && strings.HasPrefix(self, name+"/") {
				continue
			}
			if !allows(allowed, target) {
				t.Errorf("%s may not import %s", self, target)
			}
			if strings.HasPrefix(target, "internal/test") && !strings.HasPrefix(self, "internal/test") && self != "internal/demo" {
				t.Errorf("%s: product code imports test material %s", self, target)
			}
		}
	}
}

func TestModulesAreNamed(t *testing.T) {
	seen := map[string]bool{}
	for _, system := range []string{"linux", "windows", "darwin"} {
		for _, p := range listFor(t, system, "-deps", "./cmd/...") {
			if p.Standard || p.Module == nil || p.Module.Path == "tanba" {
				continue
			}
			seen[p.Module.Path] = true
			if modules[p.Module.Path] == "" {
				t.Errorf("module %s is linked into the product but not in the table", p.Module.Path)
			}
		}
	}
	for m := range modules {
		if !seen[m] {
			t.Errorf("module %s is in the table but not linked", m)
		}
	}
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for m := range seen {
		if !strings.Contains(string(readme), m) {
			t.Errorf("README does not name module %s and its reason", m)
		}
	}
}

func TestPackagesSayWhatTheyAre(t *testing.T) {
	for _, p := range list(t, "./...") {
		if len(p.GoFiles) == 0 {
			continue
		}
		documented := false
		for _, f := range p.GoFiles {
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, f), nil, parser.PackageClauseOnly|parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			documented = documented || file.Doc != nil && len(file.Doc.Text()) > 40
		}
		if !documented {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
	}
}

// TestNoShortcuts forbids in product code what switches a defence off.
func TestNoShortcuts(t *testing.T) {
	for _, p := range list(t, "./...") {
		for _, f := range p.GoFiles {
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, f), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				id, ok := n.(*ast.Ident)
				if ok && id.Name == "InsecureSkipVerify" {
					t.Errorf("%s/%s switches certificate checks off", p.ImportPath, f)
				}
				return true
			})
		}
	}
}
