package snippet

import (
	"regexp"
	"strings"
	"testing"
)

func TestDiagnoseIsSmall(t *testing.T) {
	if len(Diagnose) >= 8500 {
		t.Errorf("%d octets, more than the 8 KB it is said to have", len(Diagnose))
	}
	if !strings.Contains(Diagnose[:strings.Index(Diagnose, "*/")], "Free to copy") {
		t.Error("nothing says that it is free to copy")
	}
}

// Browsers that do not know newer syntax would not run a line of it.
func TestDiagnoseParsesInOldBrowsers(t *testing.T) {
	text := regexp.MustCompile(`'(?:[^'\\]|\\.)*'|/\*(?s:.*?)\*/|//[^\n]*`).ReplaceAllString(Diagnose, "''")
	for _, newer := range []string{`=>`, "`", `\b(let|const|class|async|await|import|export)\b`, `\?\?|\?\.`, `\.\.\.`, `\bcatch \{`, `,\s*[)]`} {
		if found := regexp.MustCompile(newer).FindString(text); found != "" {
			t.Errorf("%q is newer than ECMAScript 5", found)
		}
	}
}

// Each text of the visitor is there in three languages.
func TestDiagnoseTexts(t *testing.T) {
	entries := regexp.MustCompile(`(?m)^    '([A-Z_a-z.]+)': (\[(?s:.*?)\]|'[^\n]*'),?$`).FindAllStringSubmatch(Diagnose, -1)
	codes := map[string]bool{}
	for _, e := range entries {
		codes[e[1]] = true
		if texts := regexp.MustCompile(`'(?:[^'\\]|\\.)+'`).FindAllString(e[2], -1); strings.HasPrefix(e[2], "[") && len(texts) != 3 {
			t.Errorf("%s: %d texts", e[1], len(texts))
		}
	}
	for _, m := range regexp.MustCompile(`result\('([A-Z_]+)'(?:, '([a-z]+)')?`).FindAllStringSubmatch(Diagnose, -1) {
		key := m[1]
		if m[2] != "" {
			key += "." + m[2]
		}
		if !codes[key] && m[1] != "LNA_BLOCKED" {
			t.Errorf("%s has no text", key)
		}
	}
	if len(codes) < 12 {
		t.Errorf("only %d texts found", len(codes))
	}
}
