package i18n

import (
	"strconv"
	"strings"
	"time"
)

// Almaty is the time of Kazakhstan: UTC+5 in the whole country since 1 March
// 2024, UTC+6 in Almaty before. It is computed, not loaded: systems without
// time zone data and those with data from before 2024 show the same dates.
func Almaty(t time.Time) time.Time {
	change := time.Date(2024, time.February, 29, 18, 0, 0, 0, time.UTC)
	offset := 5 * 60 * 60
	if t.Before(change) {
		offset = 6 * 60 * 60
	}
	return t.In(time.FixedZone("Asia/Almaty", offset))
}

var months = map[string][12]string{
	"kk": {"қаңтар", "ақпан", "наурыз", "сәуір", "мамыр", "маусым", "шілде", "тамыз", "қыркүйек", "қазан", "қараша", "желтоқсан"},
	"ru": {"января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября", "декабря"},
	"en": {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
}

// The Kazakh cases of a month: its last sound and its vowels choose the ending,
// so they are listed rather than computed.
var kazakhCases = map[string][12]string{
	"dative":   {"қаңтарға", "ақпанға", "наурызға", "сәуірге", "мамырға", "маусымға", "шілдеге", "тамызға", "қыркүйекке", "қазанға", "қарашаға", "желтоқсанға"},
	"locative": {"қаңтарда", "ақпанда", "наурызда", "сәуірде", "мамырда", "маусымда", "шілдеде", "тамызда", "қыркүйекте", "қазанда", "қарашада", "желтоқсанда"},
	"ablative": {"қаңтардан", "ақпаннан", "наурыздан", "сәуірден", "мамырдан", "маусымнан", "шілдеден", "тамыздан", "қыркүйектен", "қазаннан", "қарашадан", "желтоқсаннан"},
}

// Date writes a day as people of the language do, in the time of Kazakhstan:
// 23 ноября 2026, 2026 жылғы 23 қараша, 23 November 2026.
func Date(lang string, t time.Time) string { return date(lang, t, "") }

// DateUntil is Date as the end of "valid until …": 2026 жылғы 23 қарашаға
// (дейін). In Russian and English it is the same as Date.
func DateUntil(lang string, t time.Time) string { return date(lang, t, "dative") }

// DateOn is Date as "on …": 2026 жылғы 23 қарашада.
func DateOn(lang string, t time.Time) string { return date(lang, t, "locative") }

// DateFrom is Date as the beginning of "from …": 2026 жылғы 23 қарашадан
// (бастап).
func DateFrom(lang string, t time.Time) string { return date(lang, t, "ablative") }

func date(lang string, t time.Time, form string) string {
	lang = known(lang)
	t = Almaty(t)
	day, month, year := strconv.Itoa(t.Day()), months[lang][t.Month()-1], strconv.Itoa(t.Year())
	if lang == "kk" {
		if form != "" {
			month = kazakhCases[form][t.Month()-1]
		}
		return year + " жылғы " + day + " " + month
	}
	return day + " " + month + " " + year
}

// nbsp keeps a number and its unit on one line.
const nbsp = "\u00a0"

// Size writes a number of octets: 312 байт, 4 КБ, 1,5 МБ; 1 КБ is 1024 octets.
// A tenth is shown below ten.
func Size(lang string, n int64) string {
	lang = known(lang)
	units := map[string][4]string{
		"kk": {"байт", "КБ", "МБ", "ГБ"},
		"ru": {"байт", "КБ", "МБ", "ГБ"},
		"en": {"bytes", "KB", "MB", "GB"},
	}[lang]
	if n < 1024 {
		unit := units[0]
		switch {
		case lang == "ru" && category(lang, int(n)) == "few":
			unit = "байта"
		case lang == "en" && n == 1:
			unit = "byte"
		}
		return strconv.FormatInt(n, 10) + nbsp + unit
	}
	v, u := float64(n)/1024, 1
	for ; v >= 1023.5 && u < 3; u++ {
		v /= 1024
	}
	if v >= 9.95 {
		return strconv.FormatFloat(v, 'f', 0, 64) + nbsp + units[u]
	}
	s := strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0")
	if lang != "en" {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s + nbsp + units[u]
}

// Number writes a whole number with its thousands apart: 10 000; 10,000 in
// English.
func Number(lang string, n int64) string {
	s := strconv.FormatInt(n, 10)
	digits := strings.TrimPrefix(s, "-")
	if len(digits) < 4 || len(digits) == 4 && known(lang) != "en" {
		return s
	}
	sep := nbsp
	if known(lang) == "en" {
		sep = ","
	}
	var b strings.Builder
	b.WriteString(s[:len(s)-len(digits)])
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(sep)
		}
		b.WriteRune(d)
	}
	return b.String()
}
