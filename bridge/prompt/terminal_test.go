package prompt

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

// typed is a terminal whose person types input. Raw mode is noted in the output.
func typed(input string) (*terminal, *bytes.Buffer) {
	out := &bytes.Buffer{}
	return &terminal{
		in: strings.NewReader(input), out: out, lang: "ru",
		is:   func() bool { return true },
		raw:  func() (func(), error) { out.WriteString("[hidden]"); return func() { out.WriteString("[shown]") }, nil },
		wait: func(ctx context.Context) error { return ctx.Err() },
		now:  func() time.Time { return now },
	}, out
}

func TestTerminal(t *testing.T) {
	unfit, ended := sampleKey(), sampleKey()
	unfit.ID, unfit.Fits, unfit.Reason = "unfit", false, "reason.for_auth"
	ended.ID, ended.Expired, ended.NeedsConsent, ended.NotAfter = "ended", true, true, now.AddDate(0, -1, 0)
	for _, c := range []struct {
		name, input string
		keys        []Key
		change      func(*Request)
		want        string // key, or "" for a no
		says        []string
	}{
		{"recent file", "1\nQwerty12\rда\n", nil, nil, "a", []string{"egov.kz просит подписать 1 документ (XML, 4,1\u00a0КБ)", "Ваша фраза: көк түйе", "SHA-256", "│ <request>", "ТЕСТОВ ТЕСТ", "••••••••\u20099011", "[hidden]", "[shown]"}},
		{"typed path", "/x/key.p12\nQwerty12\rДА\n", nil, nil, "a", nil},
		{"wrong password, then right", "1\nwrong\rQwerty12\rда\n", nil, nil, "a", []string{"Неверный пароль. Проверьте раскладку"}},
		{"corrected password", "1\nQwertyЯ\x7f1x\x7f2\rда\n", nil, nil, "a", nil},
		{"empty path", "\n", nil, nil, "", nil},
		{"empty password", "1\n\r", nil, nil, "", nil},
		{"Ctrl-C", "1\nQw\x03", nil, nil, "", nil},
		{"stray Enter", "1\nQwerty12\r\n", nil, nil, "", nil},
		{"another word", "1\nQwerty12\ryes\n", nil, nil, "", nil},
		{"end of input", "1\nQwerty12\r", nil, nil, "", nil},
		{"too long a password", "1\n" + strings.Repeat("x", 300) + "\r", nil, nil, "", nil},
		{"two keys", "1\nQwerty12\r3\n2\nда\n", []Key{sampleOrganisation(), sampleKey(), unfit}, nil, "a", []string{"1. ", "2. ", " - ", "Не подходит. Это ключ для входа"}},
		{"none fits", "1\nQwerty12\r\n", []Key{unfit}, nil, "", []string{"В этом файле нет подходящего ключа"}},
		{"expired", "1\nQwerty12\rда\nда\n", []Key{ended}, nil, "ended", []string{"срок действия истёк 23 октября 2026", "Понимаю, что срок истёк"}},
		{"expired, one yes", "1\nQwerty12\rда\n\n", []Key{ended}, nil, "", nil},
		{"digest", "\n", nil, func(r *Request) { r.Digests = true }, "", []string{"не показывая его", "! Показать документ нельзя"}},
		{"unseen", "\n", nil, func(r *Request) { r.Unseen, r.Detached, r.Documents, r.Bytes, r.Total = true, true, nil, 0, 214 }, "",
			[]string{"просит подписать 214 документов", "! Документы придут после вашего согласия", "Подписи будут отдельно от документов"}},
		{"suspicious", "\n", nil, func(r *Request) { r.Site.Suspicious = true }, "", []string{"! Осторожно"}},
		{"T7 replaced program", "\n", nil, func(r *Request) { r.Site.Local, r.Site.New, r.Site.Changed = true, true, true }, "", []string{"! Файл программы изменился"}},
		{"escape sequences of a document", "\n", nil, func(r *Request) { r.Documents[0].Text = "\x1b[2Jx" }, "", []string{"│ [2Jx"}},
		{"fields", "\n", nil, func(r *Request) {
			r.Documents[0].Fields = []Field{{Key: "document.field_form", Value: "910.00"}, {Name: "key.iin", Value: "\x1b[2J1"}}
		}, "", []string{"Форма налоговой отчётности: 910.00", "key.iin: [2J1", "Это не всё, остальное в тексте"}},
		{"a part", "\n", nil, func(r *Request) { r.Documents[0].Part = "/a/b" }, "", []string{"просит подписать только часть документа (XML", "! Подписывается часть документа: /a/b"}},
		{"many", "\n", nil, func(r *Request) { r.Total, r.Bytes = 214, 31<<20 }, "", []string{"просит подписать 214 документов, 31\u00a0МБ", "… и ещё 213"}},
		{"token", "т\n1\n24681357\rда\n", nil, func(r *Request) { offer(r, sampleToken()); r.TokensFirst = false }, "a",
			[]string{"или «т» — токены", "1. KAZTOKEN · № 3004A11F · ТЕСТОВ ТЕСТ", "ПИН-код токена"}},
		{"token first, then a file", "\n1\nQwerty12\rда\n", nil, func(r *Request) { offer(r, sampleToken()) }, "a", nil},
		{"no token", "\n", nil, func(r *Request) { onlyTokens(r) }, "", []string{"! Токен не найден"}},
		{"no tokens here", "", nil, func(r *Request) { r.NoFiles, r.Recent = true, nil }, "", []string{"! Этому сайту нужен ключ на токене"}},
		{"wrong PIN, then right", "1\n1\r24681357\rда\n", nil, func(r *Request) { onlyTokens(r, sampleToken()) }, "a", []string{"! Неверный ПИН-код", "12345678. Его знают все"}},
		{"T23 last try", "1\nда\n24681357\rда\n", nil, func(r *Request) {
			t := sampleToken()
			t.PIN.LastTry = true
			onlyTokens(r, t)
		}, "a", []string{"! Последняя попытка", "Понимаю: неверный ПИН-код заблокирует токен"}},
		{"T23 last try, not confirmed", "1\n\n24681357\rда\n", nil, func(r *Request) {
			t := sampleToken()
			t.PIN.LastTry = true
			onlyTokens(r, t)
		}, "", nil},
		{"T23 low", "1\n\r", nil, func(r *Request) {
			t := sampleToken()
			t.PIN.Low, t.PIN.Left = true, 2
			onlyTokens(r, t)
		}, "", []string{"! Осталось попыток: 2"}},
		{"T23 blocked", "1\n\n", nil, func(r *Request) {
			t := sampleToken()
			t.PIN.Locked = true
			onlyTokens(r, t)
		}, "", []string{"! ПИН-код заблокирован"}},
		{"PIN pad", "1\nда\n", nil, func(r *Request) {
			t := sampleToken()
			t.PIN.Pad = true
			onlyTokens(r, t)
			r.UnlockToken = unlocksToken("", sampleKey())
		}, "a", []string{"Наберите ПИН-код на устройстве"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := sampleRequest()
			if c.keys != nil {
				r.Unlock = unlocks(c.keys...)
			}
			if c.change != nil {
				c.change(r)
			}
			term, out := typed(c.input)
			d, err := term.Approve(context.Background(), r)
			if c.want == "" && !errors.Is(err, ErrCancelled) || c.want != "" && (err != nil || d.KeyID != c.want) {
				t.Fatalf("%+v, %v; want %q\n%s", d, err, c.want, out)
			}
			if d.Confirmed != (c.want == "ended") {
				t.Errorf("confirmed: %t", d.Confirmed)
			}
			for _, s := range c.says {
				if !strings.Contains(out.String(), s) {
					t.Errorf("does not say %q:\n%s", s, out)
				}
			}
			if strings.Contains(out.String(), "Qwerty") || strings.Contains(out.String(), "24681357") || strings.Contains(out.String(), "\x1b") {
				t.Errorf("shows too much:\n%q", out)
			}
			if strings.Count(out.String(), "[hidden]") != strings.Count(out.String(), "[shown]") {
				t.Error("the terminal stays in raw mode")
			}
			if d.Progress != nil {
				d.Progress.Step(1)
				d.Progress.Finish("")
				if !strings.Contains(out.String(), "Готово") {
					t.Errorf("at the end:\n%s", out)
				}
			}
		})
	}
}

func TestTerminalNeedsATerminal(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	w.WriteString("1\nQwerty12\nда\n")
	if _, err := NewTerminal(r, w, "ru").Approve(context.Background(), sampleRequest()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a pipe answers: %v", err)
	}
}

func TestTerminalEndsWithItsRequest(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	term, _ := typed("")
	term.in, term.wait = r, func(ctx context.Context) error { return waitReadable(ctx, r) }
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		_, err := term.Approve(ctx, sampleRequest())
		done <- err
	}()
	select {
	case err := <-done:
		if !errors.Is(err, ErrCancelled) {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("a request without an answer does not end")
	}
}

func TestTerminalPicksAFile(t *testing.T) {
	dir := t.TempDir()
	os.WriteFile(dir+"/a.xml", nil, 0o600)
	for input, want := range map[string]string{dir + "/a.xml\n": dir + "/a.xml", dir + "/b.xml\n": "", "\n": "", dir + "\n": ""} {
		term, _ := typed(input)
		d, err := term.Approve(context.Background(), &Request{Purpose: PickFile, Extensions: []string{"xml"}})
		if d.Path != want || (err == nil) != (want != "") {
			t.Errorf("%q: %+v, %v", input, d, err)
		}
	}
}
