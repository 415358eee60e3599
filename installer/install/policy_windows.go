package install

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/windows/registry"
)

func sameOrigin(origin string) string { return origin }

// policyKeys are the places of the browsers of Windows, below Software\Policies.
// Chrome's and Edge's are as their makers describe them, the others' follow them;
// no browser there has read one of ours yet.
var policyKeys = []struct {
	path string
	item func(origin string) string
}{
	{`Google\Chrome\` + chromiumPolicy, sameOrigin},
	{`Microsoft\Edge\` + chromiumPolicy, sameOrigin},
	{`Chromium\` + chromiumPolicy, sameOrigin},
	{`YandexBrowser\` + chromiumPolicy, sameOrigin},
	{`Mozilla\Firefox\LocalNetworkAccess\SkipDomains`, hostOf},
}

// firefoxTrust makes Firefox read the system's store, where our certificate is.
// Firefox does so by itself unless somebody has switched it off.
const (
	firefoxTrust = `Mozilla\Firefox\Certificates`
	importRoots  = "ImportEnterpriseRoots"
)

// place is a key as it stands in the manifest: HKLM\… or HKCU\….
func (m *manifest) place(path string) string {
	hive, root := "HKCU", `Software\Policies`
	if m.o.Machine {
		hive = "HKLM"
	}
	if m.o.PolicyRoot != "" {
		root = m.o.PolicyRoot
	}
	return hive + `\` + root + `\` + path
}

func hive(place string) (registry.Key, string) {
	name, path, _ := strings.Cut(place, `\`)
	if name == "HKLM" {
		return registry.LOCAL_MACHINE, path
	}
	return registry.CURRENT_USER, path
}

// openKey: Chrome and the others read the part for 64 bits.
func openKey(place string, access uint32) (registry.Key, error) {
	root, path := hive(place)
	return registry.OpenKey(root, path, access|registry.WOW64_64KEY)
}

func (m *manifest) policies() error {
	if len(m.o.Portals) == 0 {
		return nil
	}
	for _, p := range policyKeys {
		var items []string
		for _, portal := range m.o.Portals {
			items = append(items, p.item(portal))
		}
		if err := m.list(m.place(p.path), items); err != nil {
			return err
		}
	}
	return m.switchOn(m.place(firefoxTrust), importRoots)
}

// list adds texts to a key whose values 1, 2, … are a list.
func (m *manifest) list(place string, items []string) error {
	there, err := texts(place)
	if err != nil {
		return err
	}
	var added []value
	number := 1
	for _, item := range items {
		if slices.Contains(slices.Collect(maps.Values(there)), item) {
			continue
		}
		name := strconv.Itoa(number)
		for _, taken := there[name]; taken; _, taken = there[name] {
			number++
			name = strconv.Itoa(number)
		}
		there[name] = item
		added = append(added, value{Path: []string{name}, Item: item})
	}
	return m.set(place, added)
}

// switchOn sets a number that is not there to 1.
func (m *manifest) switchOn(place, name string) error {
	k, err := openKey(place, registry.QUERY_VALUE)
	if err == nil {
		_, _, err = k.GetValue(name, nil)
		k.Close()
		if err == nil {
			return nil // it is the administrator's
		}
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("install: %s: %w", place, err)
	}
	return m.set(place, []value{{Path: []string{name}, Item: "1", Number: true}})
}

// texts are the values of a key by name; one of another form counts as empty.
func texts(place string) (map[string]string, error) {
	found := map[string]string{}
	k, err := openKey(place, registry.QUERY_VALUE)
	if errors.Is(err, fs.ErrNotExist) {
		return found, nil
	}
	if err != nil {
		return nil, fmt.Errorf("install: %s: %w", place, err)
	}
	defer k.Close()
	names, err := k.ReadValueNames(-1)
	if err != nil {
		return nil, fmt.Errorf("install: %s: %w", place, err)
	}
	for _, name := range names {
		if found[name], _, err = k.GetStringValue(name); err != nil {
			found[name] = ""
		}
	}
	return found, nil
}

// set notes and makes the keys above values, notes the values, and sets them.
func (m *manifest) set(place string, added []value) error {
	if len(added) == 0 {
		return nil
	}
	m.report(SetPolicy, place)
	if m.o.Dry {
		return nil
	}
	for _, key := range missingKeys(place) {
		if err := m.note(Change{Kind: kindKey, Path: key}); err != nil {
			return err
		}
		m.o.At("key " + key)
		root, path := hive(key)
		k, _, err := registry.CreateKey(root, path, registry.QUERY_VALUE|registry.WOW64_64KEY)
		if err != nil {
			return fmt.Errorf("install: %s: %w", key, err)
		}
		k.Close()
	}
	all := slices.Clone(added)
	for _, c := range m.Changes {
		if c.Kind == kindValues && c.Path == place {
			all = append(slices.Clone(c.Values), added...)
		}
	}
	if err := m.note(Change{Kind: kindValues, Path: place, Values: all}); err != nil {
		return err
	}
	k, err := openKey(place, registry.SET_VALUE)
	if err != nil {
		return fmt.Errorf("install: %s: %w", place, err)
	}
	defer k.Close()
	for _, v := range added {
		m.o.At("value " + place + `\` + v.Path[0])
		if v.Number {
			err = k.SetDWordValue(v.Path[0], 1)
		} else {
			err = k.SetStringValue(v.Path[0], v.Item)
		}
		if err != nil {
			return fmt.Errorf("install: %s: %w", place, err)
		}
	}
	return nil
}

// missingKeys are the keys above a place, itself included, that are not there,
// from the top down.
func missingKeys(place string) (keys []string) {
	for strings.Count(place, `\`) > 0 {
		k, err := openKey(place, registry.QUERY_VALUE)
		if err == nil {
			k.Close()
			break
		}
		keys = append(keys, place)
		place = place[:strings.LastIndexByte(place, '\\')]
	}
	slices.Reverse(keys)
	return keys
}

// undoPolicy takes values of ours, or a key that was made for them and is empty. A
// value that somebody has changed since stays.
func (m *manifest) undoPolicy(c Change) error {
	if c.Kind == kindKey {
		return m.removeKey(c.Path)
	}
	m.report(RemovePolicy, c.Path)
	if m.o.Dry {
		return nil
	}
	k, err := openKey(c.Path, registry.QUERY_VALUE|registry.SET_VALUE)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("install: %s: %w", c.Path, err)
	}
	defer k.Close()
	for _, v := range c.Values {
		if !holds(k, v) {
			continue
		}
		m.o.At("remove value " + c.Path + `\` + v.Path[0])
		if err := k.DeleteValue(v.Path[0]); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("install: %s: %w", c.Path, err)
		}
	}
	return nil
}

func holds(k registry.Key, v value) bool {
	if v.Number {
		n, _, err := k.GetIntegerValue(v.Path[0])
		return err == nil && strconv.FormatUint(n, 10) == v.Item
	}
	text, _, err := k.GetStringValue(v.Path[0])
	return err == nil && text == v.Item
}

func (m *manifest) removeKey(place string) error {
	k, err := openKey(place, registry.QUERY_VALUE|registry.ENUMERATE_SUB_KEYS)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("install: %s: %w", place, err)
	}
	info, err := k.Stat()
	k.Close()
	if err != nil {
		return fmt.Errorf("install: %s: %w", place, err)
	}
	if info.SubKeyCount > 0 || info.ValueCount > 0 || m.o.Dry {
		return nil // somebody else's by now
	}
	m.o.At("remove key " + place)
	root, path := hive(place)
	if err := registry.DeleteKey(root, path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("install: %s: %w", place, err)
	}
	return nil
}
