package web

import (
	"fmt"
	"io/fs"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestPromptServesItsFilesOnly(t *testing.T) {
	for name, want := range map[string]string{
		"prompt.html": "text/html; charset=utf-8", "prompt.js": "text/javascript; charset=utf-8", "prompt.css": "text/css; charset=utf-8",
		"tokens.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml",
	} {
		if data, kind, ok := Prompt(name); !ok || kind != want || len(data) == 0 {
			t.Errorf("%s: %q, %t", name, kind, ok)
		}
	}
	for _, name := range []string{"", ".", "..", "../web.go", "web.go", "prompt", "prompt/prompt.html", "/prompt.html", "screens/prompt-ru.png"} {
		if _, _, ok := Prompt(name); ok {
			t.Errorf("%q is served", name)
		}
	}
}

// TestT11NothingInline: the policy of the pages forbids inline scripts and styles,
// and nothing may come from elsewhere or become markup.
func TestT11NothingInline(t *testing.T) {
	forbidden := map[string]*regexp.Regexp{
		"markup from a string": regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|\beval\(|new Function|srcdoc`),
		"inline script":        regexp.MustCompile(`<script(?:\s+type="module")?>|\son[a-z]+="|javascript:`),
		"inline style":         regexp.MustCompile(`<style|\sstyle="`),
		"something elsewhere":  regexp.MustCompile(`(?:https?:)?//[a-z0-9-]+\.[a-z]{2,}`),
		"storage":              regexp.MustCompile(`localStorage|sessionStorage|document\.cookie|indexedDB`),
	}
	allowed := "http://www.w3.org/2000/svg"
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := files.ReadFile(path)
		text := strings.ReplaceAll(string(data), allowed, "")
		for what, re := range forbidden {
			if m := re.FindString(text); m != "" {
				t.Errorf("%s: %s: %q", path, what, m)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestContrast: every text colour on every ground it may stand on, 4.5 : 1 at least
// (WCAG 2, relative luminance).
func TestContrast(t *testing.T) {
	data, _, _ := Shared("tokens.css")
	light, dark, ok := strings.Cut(string(data), "@media (prefers-color-scheme: dark)")
	if !ok {
		t.Fatal("no dark scheme")
	}
	token := regexp.MustCompile(`--([a-z-]+):\s*#([0-9a-f]{6})`)
	for scheme, text := range map[string]string{"light": light, "dark": dark} {
		colour := map[string]float64{}
		for _, m := range token.FindAllStringSubmatch(text, -1) {
			colour[m[1]] = luminance(t, m[2])
		}
		for _, pair := range []string{
			"ink paper", "ink wash", "ink warn-wash", "ink danger-wash", "muted paper", "muted wash", "accent paper", "accent wash",
			"accent-ink accent", "warn paper", "warn wash", "warn warn-wash", "danger paper", "danger wash", "danger danger-wash",
		} {
			a, b, _ := strings.Cut(pair, " ")
			if c := contrast(colour[a], colour[b]); c < 4.5 {
				t.Errorf("%s: %s on %s has %.2f : 1", scheme, a, b, c)
			}
		}
		// Borders that show where to type: 3 : 1.
		if c := contrast(colour["edge"], colour["paper"]); c < 3 {
			t.Errorf("%s: edge on paper has %.2f : 1", scheme, c)
		}
	}
}

func luminance(t *testing.T, hex string) float64 {
	var sum float64
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		v, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(v) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

func contrast(a, b float64) float64 { return (math.Max(a, b) + 0.05) / (math.Min(a, b) + 0.05) }

func ExamplePrompt() {
	_, kind, ok := Prompt("prompt.html")
	fmt.Println(kind, ok)
	// Output: text/html; charset=utf-8 true
}
