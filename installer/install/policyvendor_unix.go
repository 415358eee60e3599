//go:build !windows && !darwin

package install

import (
	"maps"
	"path/filepath"
)

// vendorFolders hold the policies that came with a Firefox. It reads them only
// where there is no policies.json of the machine: one of ours would do away with
// what the vendor decided, so it begins as a copy of that.
var vendorFolders = []string{
	"/usr/lib/firefox-esr/distribution", "/usr/lib/firefox/distribution", "/usr/lib64/firefox/distribution",
	"/usr/lib64/firefox-esr/distribution", "/opt/firefox/distribution",
}

// policyDocument is what our values are added to.
func (m *manifest) policyDocument(f policyFile, path string) (map[string]any, error) {
	doc, err := readPolicy(path)
	if err != nil || len(doc) > 0 || filepath.Ext(f.path) != ".json" {
		return doc, err
	}
	for _, folder := range vendorFolders {
		vendor, err := readPolicy(filepath.Join(m.o.PolicyRoot, folder, filepath.Base(path)))
		if err != nil {
			continue // Firefox does not understand it either
		}
		theirs, ok := vendor["policies"].(map[string]any)
		if !ok {
			continue
		}
		// Of several the first wins where they differ.
		if ours, ok := doc["policies"].(map[string]any); ok {
			maps.Copy(theirs, ours)
		}
		doc["policies"] = theirs
	}
	return doc, nil
}
