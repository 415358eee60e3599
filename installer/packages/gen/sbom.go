package main

import (
	"debug/buildinfo"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// sbom writes a bill of materials (CycloneDX 1.5) out of what the linker noted in
// the program.
func sbom(out io.Writer, path string) error {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return err
	}
	type hash struct {
		Algorithm string `json:"alg"`
		Content   string `json:"content"`
	}
	type component struct {
		Type    string `json:"type"`
		Name    string `json:"name"`
		Version string `json:"version"`
		Package string `json:"purl,omitempty"`
		Hashes  []hash `json:"hashes,omitempty"`
	}
	components := []component{{"platform", "go", strings.TrimPrefix(info.GoVersion, "go"), "pkg:golang/stdlib@" + strings.TrimPrefix(info.GoVersion, "go"), nil}}
	for _, m := range info.Deps {
		c := component{"library", m.Path, m.Version, fmt.Sprintf("pkg:golang/%s@%s", m.Path, m.Version), nil}
		// "h1:" is a SHA-256 over the module's own list of files.
		if sum, ok := strings.CutPrefix(m.Sum, "h1:"); ok {
			if raw, err := base64.StdEncoding.DecodeString(sum); err == nil {
				c.Hashes = []hash{{"SHA-256", fmt.Sprintf("%x", raw)}}
			}
		}
		components = append(components, c)
	}
	doc := map[string]any{
		"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
		"metadata": map[string]any{
			"timestamp": date().Format("2006-01-02T15:04:05Z"),
			"component": component{Type: "application", Name: "tanba", Version: info.Main.Version},
		},
		"components": components,
	}
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(doc)
}
