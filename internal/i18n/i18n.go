// Package i18n speaks to people in Kazakh, Russian and English.
//
// One embedded catalogue, a file per area (catalogue/prompt.json,
// catalogue/errors.json, …), maps a key to its text in the three languages:
//
//	{"unlock.wrong_password": {"kk": "…", "ru": "…", "en": "…"}}
//
// A text that depends on a number has a form per plural category of each
// language: {"kk": {"other"}, "ru": {"one", "few", "many"}, "en": {"one",
// "other"}}. Placeholders are {0}, {1}, …; in a plural text {0} is the number.
// Keys are unique over all files.
//
// The functions never fail: an unknown language is treated as Russian, the
// default of the original program, and a missing key is returned as it is,
// which the tests of the catalogue forbid.
package i18n

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Languages are the languages of the catalogue, in the order they are offered.
var Languages = []string{"kk", "ru", "en"}

// Default is the language when nothing is known about the person.
const Default = "ru"

//go:embed catalogue/*.json
var files embed.FS

// text is one entry in one language: a plain text under "", or a text per
// plural category.
type text map[string]string

type catalogue struct {
	texts map[string]map[string]text     // key → language → text
	areas map[string]map[string]struct{} // file → keys
}

var load = sync.OnceValue(func() *catalogue {
	c, err := read(files)
	if err != nil {
		// The files are part of the program and read by its tests.
		return &catalogue{}
	}
	return c
})

func read(fsys fs.FS) (*catalogue, error) {
	names, err := fs.Glob(fsys, "catalogue/*.json")
	if err != nil {
		return nil, err
	}
	c := &catalogue{texts: map[string]map[string]text{}, areas: map[string]map[string]struct{}{}}
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		var raw map[string]map[string]json.RawMessage
		if err := json.Unmarshal(data, &raw); err != nil {
			return nil, fmt.Errorf("i18n: %s: %w", name, err)
		}
		area := strings.TrimSuffix(path.Base(name), ".json")
		c.areas[area] = map[string]struct{}{}
		for key, byLanguage := range raw {
			if _, twice := c.texts[key]; twice {
				return nil, fmt.Errorf("i18n: %s: key %q is in two files", name, key)
			}
			c.areas[area][key] = struct{}{}
			c.texts[key] = map[string]text{}
			for lang, value := range byLanguage {
				t := text{}
				var plain string
				if json.Unmarshal(value, &plain) == nil {
					t[""] = plain
				} else if err := json.Unmarshal(value, &t); err != nil {
					return nil, fmt.Errorf("i18n: %s: %q in %s: %w", name, key, lang, err)
				}
				c.texts[key][lang] = t
			}
		}
	}
	return c, nil
}

// T returns the text of key with {0}, {1}, … replaced by args.
func T(lang, key string, args ...any) string {
	t, ok := load().find(lang, key)
	if !ok {
		return key
	}
	s, ok := t[""]
	if !ok { // a plural text without a number: the form for many
		s = t[category(known(lang), 100)]
	}
	return fill(s, args)
}

// N returns the text of key in the plural form of n. {0} is n, {1}, {2}, … are
// args.
func N(lang, key string, n int, args ...any) string {
	t, ok := load().find(lang, key)
	if !ok {
		return key
	}
	s, ok := t[category(known(lang), n)]
	if !ok {
		s = t[""]
	}
	return fill(s, append([]any{Number(lang, int64(n))}, args...))
}

// Has reports whether the catalogue holds key.
func Has(key string) bool {
	_, ok := load().texts[key]
	return ok
}

// Keys returns the keys of an area, sorted.
func Keys(area string) []string {
	return slices.Sorted(maps.Keys(load().areas[area]))
}

// Area returns the texts of one area for a page, by key; the forms of a plural
// text are under key#one, key#few, key#many and key#other.
func Area(lang, area string) map[string]string {
	out := map[string]string{}
	for key := range load().areas[area] {
		t, _ := load().find(lang, key)
		for form, s := range t {
			if form == "" {
				out[key] = s
			} else {
				out[key+"#"+form] = s
			}
		}
	}
	return out
}

func (c *catalogue) find(lang, key string) (text, bool) {
	byLanguage, ok := c.texts[key]
	if !ok {
		return nil, false
	}
	t, ok := byLanguage[known(lang)]
	return t, ok
}

func known(lang string) string {
	if slices.Contains(Languages, lang) {
		return lang
	}
	return Default
}

func fill(s string, args []any) string {
	if len(args) == 0 || !strings.Contains(s, "{") {
		return s
	}
	pairs := make([]string, 0, 2*len(args))
	for i, a := range args {
		pairs = append(pairs, "{"+strconv.Itoa(i)+"}", fmt.Sprint(a))
	}
	return strings.NewReplacer(pairs...).Replace(s)
}

// category returns the CLDR plural category of n among those the catalogue
// uses for the language.
func category(lang string, n int) string {
	if n < 0 {
		n = -n
	}
	switch lang {
	case "ru":
		switch {
		case n%10 == 1 && n%100 != 11:
			return "one"
		case n%10 >= 2 && n%10 <= 4 && (n%100 < 12 || n%100 > 14):
			return "few"
		}
		return "many"
	case "en":
		if n == 1 {
			return "one"
		}
	}
	return "other" // Kazakh nouns keep the singular after a number
}

// Categories returns the plural categories of a language.
func Categories(lang string) []string {
	switch known(lang) {
	case "kk":
		return []string{"other"}
	case "en":
		return []string{"one", "other"}
	}
	return []string{"one", "few", "many"}
}

// Match returns the language of the catalogue for a LANG value ("kk_KZ.UTF-8")
// or an Accept-Language list ("en;q=0.5, kk"), by weight, first wins among
// equals; Default when none is known.
func Match(tags string) string {
	best, weight := Default, 0.0
	for tag := range strings.FieldsFuncSeq(tags, func(r rune) bool { return r == ',' || r == ':' }) {
		tag, params, _ := strings.Cut(strings.TrimSpace(tag), ";")
		q := 1.0
		if v, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			f, err := strconv.ParseFloat(v, 64)
			if err != nil {
				continue
			}
			q = f
		}
		base := strings.ToLower(tag)
		if i := strings.IndexAny(base, "-_.@"); i >= 0 {
			base = base[:i]
		}
		if base == "kz" { // what people and pages write for Kazakh
			base = "kk"
		}
		if slices.Contains(Languages, base) && q > weight {
			best, weight = base, q
		}
	}
	return best
}

// Areas returns the names of the areas, sorted.
func Areas() []string { return slices.Sorted(maps.Keys(load().areas)) }
