package i18n

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
	"unicode"
)

func TestCatalogueReads(t *testing.T) {
	c, err := read(files)
	if err != nil {
		t.Fatal(err)
	}
	for _, area := range []string{"prompt", "errors", "cli", "status", "trust", "demo"} {
		if _, ok := c.areas[area]; !ok {
			t.Errorf("no catalogue/%s.json", area)
		}
	}
}

func TestDamagedCatalogueIsRefused(t *testing.T) {
	for want, file := range map[string]string{
		"two files":        `{"a": {"kk": "x", "ru": "x", "en": "x"}}`,
		"unexpected":       `{"b": `,
		"cannot unmarshal": `{"b": {"ru": 1}}`,
	} {
		fsys := fstest.MapFS{
			"catalogue/1.json": {Data: []byte(`{"a": {"kk": "x", "ru": "x", "en": "x"}}`)},
			"catalogue/2.json": {Data: []byte(file)},
		}
		if _, err := read(fsys); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: err = %v, want %q", file, err, want)
		}
	}
}

var placeholder = regexp.MustCompile(`\{\d\}`)

// TestCatalogueIsComplete: every text in every language, in every plural form,
// with the same placeholders.
func TestCatalogueIsComplete(t *testing.T) {
	for key, byLanguage := range load().texts {
		plural := false
		for _, text := range byLanguage {
			_, plain := text[""]
			plural = plural || !plain
		}
		var want []string
		for _, lang := range Languages {
			text, ok := byLanguage[lang]
			if !ok {
				t.Errorf("%s: missing in %s", key, lang)
				continue
			}
			forms := []string{""}
			if plural {
				forms = Categories(lang)
			}
			for form := range text {
				if !slices.Contains(forms, form) {
					t.Errorf("%s: %s has a form %q", key, lang, form)
				}
			}
			for _, form := range forms {
				s := text[form]
				if strings.TrimSpace(s) == "" {
					t.Errorf("%s: %s %s is empty", key, lang, form)
				}
				got := placeholder.FindAllString(s, -1)
				slices.Sort(got)
				got = slices.Compact(got)
				if want == nil {
					want = append([]string{}, got...)
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s: %s %s has the placeholders %v, others %v", key, lang, form, got, want)
				}
				check(t, key, lang, s)
			}
		}
		if len(byLanguage) != len(Languages) {
			t.Errorf("%s: %d languages", key, len(byLanguage))
		}
	}
}

// Letters that Kazakh has and Russian has not.
const kazakh = "әіңғүұқөһӘІҢҒҮҰҚӨҺ"

// check finds texts in the wrong language, letters of the wrong alphabet inside
// a word, and the typing mistakes of hurried translators.
func check(t *testing.T, key, lang, s string) {
	t.Helper()
	if lang == "ru" && strings.ContainsAny(s, kazakh) {
		t.Errorf("%s: Kazakh letters in Russian: %s", key, s)
	}
	if lang == "en" && strings.IndexFunc(s, func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) }) >= 0 {
		t.Errorf("%s: Cyrillic in English: %s", key, s)
	}
	for _, word := range strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) }) {
		latin, cyrillic := false, false
		for _, r := range word {
			latin = latin || unicode.Is(unicode.Latin, r)
			cyrillic = cyrillic || unicode.Is(unicode.Cyrillic, r)
		}
		if latin && cyrillic {
			t.Errorf("%s: %s mixes alphabets in %q", key, lang, word)
		}
	}
	if strings.HasPrefix(key, "cli.") {
		return // laid out for a terminal
	}
	if s != strings.TrimSpace(s) || strings.Contains(s, "  ") || strings.Contains(s, "..") || strings.Contains(s, " ,") || strings.Contains(s, "!") {
		t.Errorf("%s: %s: %q", key, lang, s)
	}
	for _, word := range []string{"ERI", "Error", "Ошибка", "ошибка", "Қате"} {
		if strings.Contains(s, word) && slices.Contains(Keys("prompt"), key) {
			t.Errorf("%s: %s says %q instead of the next step", key, lang, word)
		}
	}
}

// TestTermsOfTheBrief: the words of the design brief are the words of the window.
func TestTermsOfTheBrief(t *testing.T) {
	for key, want := range map[string][3]string{
		"button.sign":           {"Қол қою", "Подписать", "Sign"},
		"button.cancel":         {"Бас тарту", "Отмена", "Cancel"},
		"document.show_text":    {"Мәтінді көрсету", "Показать текст", "Show the text"},
		"unlock.wrong_password": {"Құпиясөз дұрыс емес", "Неверный пароль", "Wrong password"},
		"key.iin":               {"ЖСН", "ИИН", "IIN"},
		"key.bin":               {"БСН", "БИН", "BIN"},
		"use.sign":              {"қол қоюға арналған", "для подписи", "for signing"},
		"use.auth":              {"кіруге арналған", "для входа", "for logging in"},
		"role.head":             {"бірінші басшы", "первый руководитель", "head"},
		"role.sign":             {"қол қою құқығы", "право подписи", "right to sign"},
		"role.employee":         {"қызметкер", "сотрудник", "employee"},
		"key.person":            {"жеке тұлға", "физическое лицо", "person"},
	} {
		if !Has(key) {
			t.Errorf("no %s", key)
			continue
		}
		for i, lang := range Languages {
			if got := T(lang, key); got != want[i] {
				t.Errorf("%s in %s is %q, want %q", key, lang, got, want[i])
			}
		}
	}
}

// Keys are used by their name, or through a prefix: "kind." + the kind of a
// document, a reason that keystore gives.
var prefixes = []string{"kind.", "role.", "use.", "reason.", "warning.", "unlock.", "failed.", "place.", "warn.", "note.", "notice.", "again."}

var (
	inScript = regexp.MustCompile(`\b(?:t|n|has)\(\s*'([a-z_.]+)'|'((?:button|browse|site|key|done|warn|warning|none|password|pin|token|block|always|ask)\.[a-z_.]+)'`)
	inGo     = regexp.MustCompile(`"((?:page|site|ask|what|whose|document|kind|digest|warn|key|use|role|reason|warning|none|password|button|browse|place|work|done|failed|gone|wait|tty|unlock|pin|token|memory|always|block|retry)\.[a-z_]+(?:\.[a-z]+)?)"`)
)

// TestKeysAreUsedAndExist reads the sources of the window: no text is missing, and
// none is left over.
func TestKeysAreUsedAndExist(t *testing.T) {
	root := filepath.Join("..", "..")
	used := map[string]string{}
	for _, dir := range []string{"bridge/web/prompt", "bridge/prompt", "bridge/consent", "keystore"} {
		err := fs.WalkDir(os.DirFS(filepath.Join(root, dir)), ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") {
				return err
			}
			find := map[string]*regexp.Regexp{".js": inScript, ".go": inGo}[filepath.Ext(path)]
			if find == nil {
				return nil
			}
			data, err := os.ReadFile(filepath.Join(root, dir, path))
			for _, m := range find.FindAllStringSubmatch(string(data), -1) {
				for i, key := range m[1:] {
					// The second form finds the arms of a condition, and classes
					// of elements as well.
					if key != "" && (i == 0 || Has(key)) {
						used[key] = dir + "/" + path
					}
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(used) < 80 {
		t.Fatalf("only %d keys found in the sources", len(used))
	}
	for key, where := range used {
		if !Has(key) && !strings.HasSuffix(key, ".go") {
			t.Errorf("%s uses %q, which is in no catalogue", where, key)
		}
	}
	for _, key := range append(Keys("prompt"), Keys("errors")...) {
		if _, ok := used[key]; ok {
			continue
		}
		if !slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(key, p) }) {
			t.Errorf("%q is used nowhere", key)
		}
	}
	for _, prefix := range []string{"unlock.", "failed."} {
		for _, key := range append(Keys("errors"), Keys("prompt")...) {
			heading := strings.HasPrefix(key, "failed.partly") || key == "failed.title"
			if strings.HasPrefix(key, prefix) && !heading && !strings.HasSuffix(key, ".hint") && !Has(key+".hint") {
				t.Errorf("%s does not say what to do: no %s.hint", key, key)
			}
		}
	}
}

func TestPlurals(t *testing.T) {
	for _, c := range []struct {
		lang string
		n    int
		want string
	}{
		{"ru", 0, "просит подписать 0 документов"}, {"ru", 1, "просит подписать 1 документ"}, {"ru", 2, "просит подписать 2 документа"},
		{"ru", 5, "просит подписать 5 документов"}, {"ru", 11, "просит подписать 11 документов"}, {"ru", 14, "просит подписать 14 документов"},
		{"ru", 21, "просит подписать 21 документ"}, {"ru", 102, "просит подписать 102 документа"}, {"ru", 111, "просит подписать 111 документов"},
		{"ru", 10000, "просит подписать 10\u00a0000 документов"},
		{"kk", 1, "1 құжатқа қол қоюды сұрайды"}, {"kk", 214, "214 құжатқа қол қоюды сұрайды"},
		{"en", 1, "asks you to sign 1 document"}, {"en", 2, "asks you to sign 2 documents"}, {"en", 0, "asks you to sign 0 documents"},
		{"fr", 1, "просит подписать 1 документ"},
	} {
		if got := N(c.lang, "ask.documents_unsized", c.n); got != c.want {
			t.Errorf("N(%s, %d) = %q, want %q", c.lang, c.n, got, c.want)
		}
	}
	if got := N("ru", "ask.documents", 3, "4 КБ"); got != "просит подписать 3 документа, 4 КБ" {
		t.Errorf("with an argument: %q", got)
	}
	if got := T("ru", "no.such.key"); got != "no.such.key" {
		t.Errorf("missing key: %q", got)
	}
	if got := T("en", "ask.document", "{1}", "4 KB"); got != "asks you to sign 1 document ({1}, 4 KB)" {
		t.Errorf("an argument is text, not a pattern: %q", got)
	}
}

func TestArea(t *testing.T) {
	a := Area("ru", "prompt")
	if a["button.sign"] != "Подписать" || a["ask.documents_unsized#few"] == "" || a["unlock.failed"] != "" {
		t.Errorf("area: %q", a["button.sign"])
	}
	if _, err := json.Marshal(a); err != nil {
		t.Error(err)
	}
}

func TestMatch(t *testing.T) {
	for tags, want := range map[string]string{
		"": "ru", "C": "ru", "kk_KZ.UTF-8": "kk", "ru_RU": "ru", "en_US.UTF-8": "en", "kz": "kk", "KK": "kk",
		"de, en;q=0.5, kk;q=0.9": "kk", "fr-FR,fr;q=0.9": "ru", "en-GB,kk;q=0.8": "en", "uk:ru": "ru", "en;q=x, kk;q=0.1": "kk", "en;q=0": "ru",
	} {
		if got := Match(tags); got != want {
			t.Errorf("Match(%q) = %s, want %s", tags, got, want)
		}
	}
}

func TestDates(t *testing.T) {
	day := time.Date(2026, 11, 22, 19, 30, 0, 0, time.UTC) // the 23rd in Almaty
	for _, c := range [][2]string{
		{Date("ru", day), "23 ноября 2026"}, {Date("kk", day), "2026 жылғы 23 қараша"}, {Date("en", day), "23 November 2026"},
		{DateUntil("kk", day), "2026 жылғы 23 қарашаға"}, {DateOn("kk", day), "2026 жылғы 23 қарашада"}, {DateFrom("kk", day), "2026 жылғы 23 қарашадан"},
		{DateUntil("ru", day), "23 ноября 2026"},
		// UTC+6 until the end of February 2024, UTC+5 afterwards.
		{Date("en", time.Date(2024, 2, 28, 18, 0, 0, 0, time.UTC)), "29 February 2024"},
		{Date("en", time.Date(2024, 3, 1, 18, 30, 0, 0, time.UTC)), "1 March 2024"},
	} {
		if c[0] != c[1] {
			t.Errorf("%q, want %q", c[0], c[1])
		}
	}
}

// TestKazakhCases: the ending agrees with the vowels of the month and its last
// sound.
func TestKazakhCases(t *testing.T) {
	for form, endings := range map[string][]string{
		"dative": {"ға", "ге", "қа", "ке"}, "locative": {"да", "де", "та", "те"}, "ablative": {"дан", "ден", "тан", "тен", "нан", "нен"},
	} {
		for i, word := range kazakhCases[form] {
			month := months["kk"][i]
			ending, ok := strings.CutPrefix(word, month)
			if !ok || !slices.Contains(endings, ending) {
				t.Errorf("%s of %s: %s", form, month, word)
				continue
			}
			last := []rune(month)
			vowel := slices.IndexFunc(last, func(rune) bool { return false })
			for j, r := range last {
				if strings.ContainsRune("аәеоөұүыіуи", r) {
					vowel = j
				}
			}
			soft := strings.ContainsRune("әеөүі", last[vowel])
			if hasSoft := strings.ContainsAny(ending, "е"); hasSoft != soft {
				t.Errorf("%s of %s: %s does not agree", form, month, word)
			}
			voiceless := strings.ContainsRune("кқпстфхцчшщ", last[len(last)-1])
			if hard := strings.ContainsRune("қкт", []rune(ending)[0]); hard != voiceless {
				t.Errorf("%s of %s: %s begins wrongly", form, month, word)
			}
		}
	}
}

func TestSizesAndNumbers(t *testing.T) {
	for _, c := range []struct {
		lang string
		n    int64
		want string
	}{
		{"ru", 0, "0 байт"}, {"ru", 1, "1 байт"}, {"ru", 2, "2 байта"}, {"ru", 1023, "1023 байта"}, {"ru", 1024, "1 КБ"}, {"ru", 1536, "1,5 КБ"},
		{"ru", 10 << 10, "10 КБ"}, {"ru", 1<<20 - 1, "1 МБ"}, {"ru", 31 << 20, "31 МБ"}, {"ru", 5 << 30, "5 ГБ"}, {"ru", 3000 << 30, "3000 ГБ"},
		{"kk", 2, "2 байт"}, {"kk", 1_600_000, "1,5 МБ"}, {"en", 1, "1 byte"}, {"en", 2, "2 bytes"}, {"en", 1_600_000, "1.5 MB"},
	} {
		if got := strings.ReplaceAll(Size(c.lang, c.n), "\u00a0", " "); got != c.want {
			t.Errorf("Size(%s, %d) = %q, want %q", c.lang, c.n, got, c.want)
		}
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567"} {
		if got := Number("en", n); got != want {
			t.Errorf("Number(%d) = %q, want %q", n, got, want)
		}
	}
	if got := Number("ru", 1234); got != "1234" {
		t.Errorf("four digits stay together in Russian: %q", got)
	}
}
