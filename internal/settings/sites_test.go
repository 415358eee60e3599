package settings

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestParseSites(t *testing.T) {
	site := func(origin, allow string) string {
		return `{"version":1,"sites":[{"origin":"` + origin + `","allow":[` + allow + `]}]}`
	}
	for _, c := range []struct{ name, text, err string }{
		{"list", site("https://idp.egov.kz", `"list"`), ""},
		{"nothing allowed, for a kiosk", site("https://idp.egov.kz", ""), ""},
		{"port", site("https://cabinet.example.kz:8443", `"list"`), ""},
		{"address", site("http://[::1]:8080", `"list"`), ""},
		{"wildcard", site("https://*.egov.kz", `"list"`), "exact host"},
		{"upper case", site("https://IDP.egov.kz", `"list"`), "exact host"},
		{"letters browsers write otherwise", site("https://егов.kz", `"list"`), "exact host"},
		{"path", site("https://egov.kz/", `"list"`), "not an origin"},
		{"user", site("https://a@egov.kz", `"list"`), "not an origin"},
		{"no scheme", site("egov.kz", `"list"`), "not an origin"},
		{"file", site("file://x", `"list"`), "not an origin"},
		{"null", site("null", `"list"`), "not an origin"},
		{"default port", site("https://egov.kz:443", `"list"`), "browsers leave out"},
		{"empty port", site("https://egov.kz:", `"list"`), "browsers leave out"},
		{"sign", site("https://egov.kz", `"list","sign"`), `"sign" cannot be allowed ahead`},
		{"login", site("https://egov.kz", `"login"`), `"login" cannot be allowed ahead`},
		{"twice", `{"sites":[{"origin":"https://a.kz"},{"origin":"https://a.kz"}]}`, "stands twice"},
		{"unknown member", `{"sites":[{"origin":"https://a.kz","always":true}]}`, "unknown field"},
		{"later", `{"version":2}`, "later version"},
		{"rest", `{} {}`, "something follows"},
		{"not JSON", `sites`, "invalid character"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParseSites([]byte(c.text))
			if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("error %v, want %q", err, c.err)
			}
		})
	}
}

// The file is an administrator's word only if nobody else could have written it.
func TestSitesFileIsGuarded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sites.json")
	if err := os.WriteFile(path, []byte(`{"version":1,"sites":[{"origin":"https://idp.egov.kz","allow":["list"]}]}`), 0o666); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" { // whose temporary folder may be an administrator's
		if err := os.Chmod(path, 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := (Settings{Permissions: path}).Sites(); !errors.Is(err, ErrWritable) {
			t.Errorf("a file anybody can write: %v", err)
		}
	}
	sites, err := readSites(path, func(string) error { return nil })
	if err != nil || len(sites) != 1 || !sites[0].MayList() {
		t.Errorf("%v, %v", sites, err)
	}
	if _, err := (Settings{Permissions: path + ".none"}).Sites(); err == nil {
		t.Error("a file that is named must be there")
	}
	if sites, err := (Settings{}).Sites(); err != nil || sites != nil {
		t.Errorf("no file: %v, %v", sites, err)
	}
}

func FuzzParseSites(f *testing.F) {
	f.Add([]byte(`{"version":1,"sites":[{"origin":"https://idp.egov.kz","allow":["list"]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		sites, err := ParseSites(data)
		if err != nil {
			return
		}
		for _, s := range sites {
			if strings.ContainsAny(s.Origin, "*/?#@ ") && strings.Count(s.Origin, "/") != 2 || len(s.Allow) > 0 && !s.MayList() {
				t.Errorf("taken: %q %q", s.Origin, s.Allow)
			}
		}
	})
}
