package install

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/windows/registry"

	"tanba/internal/state"
)

const testRoot = `Software\TanbaTest\Policies`

// office is a person's registry with an administrator's policies in it.
func office(t *testing.T) {
	t.Helper()
	t.Cleanup(func() { wipe(t, `Software\TanbaTest`) })
	wipe(t, `Software\TanbaTest`)
	put := func(path, name, text string) {
		k, _, err := registry.CreateKey(registry.CURRENT_USER, testRoot+`\`+path, registry.SET_VALUE)
		if err != nil {
			t.Fatal(err)
		}
		defer k.Close()
		if err := k.SetStringValue(name, text); err != nil {
			t.Fatal(err)
		}
	}
	put(`Google\Chrome`, "HomepageLocation", "https://a.example")
	put(`Google\Chrome\`+chromiumPolicy, "2", "https://old.example")
	put(`Google\Chrome\`+chromiumPolicy, "1", "")
	put(`Microsoft\Edge\`+chromiumPolicy, "7", "https://portal.example")
	put(`Mozilla\Firefox\LocalNetworkAccess`, "Enabled", "1")
}

func wipe(t *testing.T, path string) {
	t.Helper()
	k, err := registry.OpenKey(registry.CURRENT_USER, path, registry.ENUMERATE_SUB_KEYS)
	if err != nil {
		return
	}
	names, err := k.ReadSubKeyNames(-1)
	k.Close()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		wipe(t, path+`\`+name)
	}
	if err := registry.DeleteKey(registry.CURRENT_USER, path); err != nil {
		t.Fatal(err)
	}
}

// content lists every key and value below a key.
func content(t *testing.T, path string) (lines []string) {
	t.Helper()
	k, err := registry.OpenKey(registry.CURRENT_USER, path, registry.ENUMERATE_SUB_KEYS|registry.QUERY_VALUE)
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	lines = append(lines, path)
	values, err := k.ReadValueNames(-1)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range values {
		data := make([]byte, 256)
		n, kind, err := k.GetValue(name, data)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, fmt.Sprintf(`%s\%s %d %x`, path, name, kind, data[:n]))
	}
	names, err := k.ReadSubKeyNames(-1)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		lines = append(lines, content(t, path+`\`+name)...)
	}
	slices.Sort(lines)
	return lines
}

// folder is a state directory that goes in the way Wine knows, too.
func folder(t *testing.T) state.Dir {
	t.Helper()
	dir, err := os.MkdirTemp("", "tanba-install-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := removeAll(dir); err != nil {
			t.Error(err)
		}
	})
	return state.Dir(filepath.Join(dir, "state"))
}

type killed struct{ point string }

// runPolicies installs or takes away the policies; it ends by a panic at the change
// number killAt.
func runPolicies(t *testing.T, dir state.Dir, install bool, killAt int, portals ...string) (points int, was bool) {
	t.Helper()
	o := Options{State: dir, Program: "tanba.exe", Portals: portals, PolicyRoot: testRoot}
	if err := o.complete(); err != nil {
		t.Fatal(err)
	}
	o.At = func(point string) {
		if points++; points == killAt {
			panic(killed{point})
		}
	}
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(killed); !ok {
				panic(r)
			}
			was = true
		}
	}()
	m, err := open(&o)
	if err != nil {
		t.Fatal(err)
	}
	if install {
		if err := m.policies(); err != nil {
			t.Fatal(err)
		}
		return points, false
	}
	for _, c := range slices.Backward(slices.Clone(m.Changes)) {
		if err := m.undo(t.Context(), c, nil); err != nil {
			t.Fatal(err)
		}
		m.Changes = m.Changes[:len(m.Changes)-1]
		if err := m.write(); err != nil {
			t.Fatal(err)
		}
	}
	return points, false
}

var testPortals = []string{"https://portal.example", "https://other.example:8443"}

func TestPoliciesInTheRegistry(t *testing.T) {
	office(t)
	before := content(t, testRoot)
	dir := folder(t)
	runPolicies(t, dir, true, 0, testPortals...)
	for place, want := range map[string]map[string]string{
		`Google\Chrome\` + chromiumPolicy:                {"1": "", "2": "https://old.example", "3": testPortals[0], "4": testPortals[1]},
		`Microsoft\Edge\` + chromiumPolicy:               {"7": testPortals[0], "1": testPortals[1]},
		`Chromium\` + chromiumPolicy:                     {"1": testPortals[0], "2": testPortals[1]},
		`YandexBrowser\` + chromiumPolicy:                {"1": testPortals[0], "2": testPortals[1]},
		`Mozilla\Firefox\LocalNetworkAccess\SkipDomains`: {"1": "portal.example", "2": "other.example"},
	} {
		got, err := texts(`HKCU\` + testRoot + `\` + place)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v, %v; want %v", place, got, err, want)
		}
	}
	if !holdsAt(t, firefoxTrust, value{Path: []string{importRoots}, Item: "1", Number: true}) {
		t.Error("Firefox is not told to read the system's store")
	}
	installed := content(t, testRoot)
	if points, _ := runPolicies(t, dir, true, 0, testPortals...); points != 0 || !slices.Equal(installed, content(t, testRoot)) {
		t.Errorf("the second time: %d changes", points)
	}
	runPolicies(t, dir, true, 0, "https://third.example")
	runPolicies(t, dir, false, 0)
	if after := content(t, testRoot); !slices.Equal(before, after) {
		t.Errorf("left:\n%s\nbefore:\n%s", strings.Join(after, "\n"), strings.Join(before, "\n"))
	}
}

func holdsAt(t *testing.T, place string, v value) bool {
	t.Helper()
	k, err := openKey(`HKCU\`+testRoot+`\`+place, registry.QUERY_VALUE)
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	return holds(k, v)
}

// What an administrator has changed since stays, and so does what he said before.
func TestPoliciesOfOthersInTheRegistry(t *testing.T) {
	office(t)
	k, _, err := registry.CreateKey(registry.CURRENT_USER, testRoot+`\`+firefoxTrust, registry.SET_VALUE)
	if err != nil {
		t.Fatal(err)
	}
	k.SetDWordValue(importRoots, 0)
	k.Close()
	dir := folder(t)
	runPolicies(t, dir, true, 0, testPortals...)
	if !holdsAt(t, firefoxTrust, value{Path: []string{importRoots}, Item: "0", Number: true}) {
		t.Error("the administrator's no was changed")
	}
	place := `Chromium\` + chromiumPolicy
	if k, err = openKey(`HKCU\`+testRoot+`\`+place, registry.SET_VALUE); err != nil {
		t.Fatal(err)
	}
	k.SetStringValue("1", "https://mine.example")
	k.Close()
	runPolicies(t, dir, false, 0)
	if got, err := texts(`HKCU\` + testRoot + `\` + place); err != nil || fmt.Sprint(got) != "map[1:https://mine.example]" {
		t.Errorf("%v, %v", got, err)
	}
}

// Killed at any change, of the installation or of the removal, what is left is
// taken away by the next removal (zoom-2019).
func TestKilledPoliciesAreUndone_zoom2019(t *testing.T) {
	office(t)
	before := content(t, testRoot)
	for _, install := range []bool{true, false} {
		points := 0
		for n := 1; ; n++ {
			dir := folder(t)
			var was bool
			if install {
				_, was = runPolicies(t, dir, true, n, testPortals...)
			} else {
				runPolicies(t, dir, true, 0, testPortals...)
				_, was = runPolicies(t, dir, false, n)
			}
			runPolicies(t, dir, false, 0)
			if after := content(t, testRoot); !slices.Equal(before, after) {
				t.Fatalf("install %v, killed at %d: left\n%s", install, n, strings.Join(after, "\n"))
			}
			if !was {
				break
			}
			points++
		}
		if points < 15 {
			t.Errorf("install %v: only %d points", install, points)
		}
	}
}
