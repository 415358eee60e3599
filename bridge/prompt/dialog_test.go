//go:build !windows

package prompt

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"tanba/internal/i18n"
)

// What a stranger wrote is one argument, and neither markup nor an option for any
// tool.
func TestDialogArguments(t *testing.T) {
	hostile := harmless("<b>--help</b> & \\n %s _x [*]\x1b[0m\u202e\n")
	if hostile != `<b>--help</b> & \n %s _x [*][0m` {
		t.Fatalf("%q", hostile)
	}
	for name, arguments := range map[string]func(dialog) []string{"zenity": zenity, "kdialog": kdialog, "yad": yad, "osascript": osascript} {
		for kind := askConsent; kind <= stopOnly; kind++ {
			d := dialog{kind: kind, title: "Tanba: egov.kz", text: hostile, yes: "Yes", no: "No", rows: []string{"1. --x", "2. y"}, start: "/home/x", extensions: []string{"p12"}}
			argv := arguments(d)
			if joined := strings.Join(argv, "\x00"); !strings.Contains(joined, "Tanba: egov.kz") || kind == askConsent && (!strings.Contains(joined, "Yes") || !strings.Contains(joined, "No")) {
				t.Errorf("%s, %d: %q", name, kind, argv)
			}
			for _, a := range argv {
				if a == "--x" || a == hostile && strings.HasPrefix(a, "-") {
					t.Errorf("%s, %d: %q is an option", name, kind, a)
				}
				if name == "osascript" && a != hostile && strings.Contains(a, "help") {
					t.Errorf("a script holds a text: %q", a)
				}
			}
		}
		for _, start := range []string{"-x", "relative", ""} {
			for _, a := range arguments(dialog{kind: askFile, title: "T", start: start}) {
				if start != "" && strings.Contains(a, start) {
					t.Errorf("%s: %q in %q", name, start, a)
				}
			}
		}
	}
	for _, c := range []struct {
		got  []string
		want string
	}{
		{kdialog(dialog{kind: askConsent, title: "T", text: "x", yes: "Y", no: "N"}), "--title|T|--yes-label|Y|--no-label|N|--warningyesno|<html>x</html>"},
		{kdialog(dialog{kind: askRow, title: "T", text: "x", rows: []string{"1. a"}}), "--title|T|--menu|<html>x</html>|1|1. a"},
		{kdialog(dialog{kind: askSecret, title: "T", text: "x"}), "--title|T|--password|<html>x</html>"},
		{kdialog(dialog{kind: askFile, title: "T", extensions: []string{"p12"}}), "--title|T|--getopenfilename|.|*.p12 *.P12"},
		{kdialog(dialog{kind: askFile, title: "T", folder: true, start: "/a"}), "--title|T|--getexistingdirectory|/a/"},
		// What is shown is "a<b>\n_&" in every one of them: looked at (zenity 3.44, yad 0.40, kdialog 22.12).
		{zenity(dialog{kind: askConsent, title: "T", text: `a<b>\n_&`, yes: "Y", no: "N"})[5:6], `--text=a<b>\n_&`},
		{zenity(dialog{kind: askSecret, title: "T", text: `a<b>\n_&`})[4:], `--text=a<b>\\n__&`},
		{zenity(dialog{kind: askRow, title: "T", text: `a<b>\n_&`})[5:6], `--text=a&lt;b&gt;\\n_&amp;`},
		{zenity(dialog{kind: stopOnly, title: "T", text: `a\n`, no: "Stop"}), `--progress|--percentage=0|--auto-close|--width=420|--title=T|--text=a\\n|--cancel-label=Stop`},
		{yad(dialog{kind: askSecret, title: "T", text: `a<b>\n_&`})[5:], `--text=a<b>\\n_&`},
		{yad(dialog{kind: stopOnly, title: "T", text: "x", no: "Stop"}), `--progress|--percentage=0|--auto-close|--no-markup|--width=420|--title=T|--text=x|--button=Stop:1`},
		{kdialog(dialog{kind: askConsent, title: "T[*]", text: "a<b>\\n_&\nc", yes: "Y", no: "N"}), `--title|T[*][*]|--yes-label|Y|--no-label|N|--warningyesno|<html>a&lt;b&gt;\\n_&amp;<br>c</html>`},
		{kdialog(dialog{kind: stopOnly, title: "T", text: "x", no: "Stop"}), `--title|T|--ok-label|Stop|--msgbox|<html>x</html>`},
		{kdialogProgress(dialog{title: "T", text: "x"}, 5), `--title|T|--progressbar|<html>x</html>|5`},
		{osascript(dialog{kind: stopOnly, title: "T", text: `"x" & (do shell script "id")`, no: "Stop"}), `-e|on run argv|-e|display dialog (item 2 of argv) with title (item 1 of argv) buttons {item 3 of argv} with icon note|-e|end run|T|"x" & (do shell script "id")|Stop`},
		{osascript(dialog{kind: askConsent, title: "T", text: `" & x`, yes: "Y", no: "N"}), `-e|on run argv|-e|display dialog (item 2 of argv) with title (item 1 of argv) buttons {item 4 of argv, item 3 of argv} default button 1 cancel button 1 with icon caution|-e|end run|T|" & x|Y|N`},
		{osascript(dialog{kind: askSecret, title: "T", text: "x"}), `-e|on run argv|-e|text returned of (display dialog (item 2 of argv) with title (item 1 of argv) default answer "" with hidden answer)|-e|end run|T|x`},
		{yad(dialog{kind: tellOnly, title: "T", text: "x", no: "OK"}), "--no-markup|--width=420|--title=T|--text=x|--button=OK:0"},
	} {
		if got := strings.Join(c.got, "|"); got != c.want {
			t.Errorf("%s\nwant %s", got, c.want)
		}
	}
}

// desktop answers dialogs from a list and notes them. An empty answer is a no.
type desktop struct {
	answers []string
	asked   []string
	secrets [][]byte
	clock   *clock
	quick   int // so many answers come at once
	meters  chan *bar
}

func (d *desktop) run(_ context.Context, t *tool, q dialog) ([]byte, bool, error) {
	d.asked = append(d.asked, strings.Join(t.arguments(q), "\x00"))
	if d.quick--; d.quick < 0 {
		d.clock.add(5 * time.Second)
	}
	if len(d.answers) == 0 {
		return nil, false, nil
	}
	a := d.answers[0]
	d.answers = d.answers[1:]
	out := []byte(strings.TrimPrefix(a, "secret "))
	if strings.HasPrefix(a, "secret ") {
		d.secrets = append(d.secrets, out)
	}
	return out, a != "", nil
}

// bar is a meter that nobody sees.
type bar struct {
	steps chan int
	gone  chan struct{}
	ended chan struct{}
}

func (b *bar) step(done int) {
	select {
	case b.steps <- done:
	default:
	}
}
func (b *bar) stopped() <-chan struct{} { return b.gone }
func (b *bar) end()                     { close(b.ended) }

func (d *desktop) meter(context.Context, *tool, dialog, int) (meter, error) {
	if d.meters == nil {
		return nil, errors.New("none")
	}
	b := &bar{make(chan int, 100), make(chan struct{}), make(chan struct{})}
	d.meters <- b
	return b, nil
}

func (d *desktop) prompter() *dialogs {
	d.clock = &clock{t: now}
	return &dialogs{find: func() *tool { return &theZenity }, show: func() bool { return true }, run: d.run, meter: d.meter, lang: "en", now: d.clock.Now}
}

func TestDialogFlow(t *testing.T) {
	const ok = "ok"
	digests := minimal()
	digests.Digests, digests.Documents, digests.Total = true, []Document{{Kind: "digest", Size: 32}}, 1
	expired := minimal()
	old := sampleKey()
	old.Expired, old.NeedsConsent = true, true
	expired.Unlock = unlocks(old)
	two := minimal()
	two.Unlock = unlocks(sampleKey(), sampleOrganisation())
	none := minimal()
	unfit := sampleKey()
	unfit.Fits = false
	none.Unlock = unlocks(unfit)
	token := minimal()
	token.NoFiles, token.Recent = true, nil
	onlyTokens(token, sampleToken())
	list := minimal()
	list.Purpose = ListTokens
	show := minimal()
	show.Purpose = ShowKey
	for _, c := range []struct {
		name    string
		r       *Request
		answers []string
		quick   int
		key     string
		yes     bool
		says    string // somewhere
	}{
		{"approved", minimal(), []string{ok, "1", "secret Qwerty12", ok}, 0, "a", true, "SHA-256 "},
		{"another file", minimal(), []string{ok, "3", "/x.p12", "secret Qwerty12", ok}, 0, "a", true, "*.p12"},
		{"no", minimal(), []string{""}, 0, "", false, "https://idp.egov.kz"},
		{"no password", minimal(), []string{ok, "1", ""}, 0, "", false, "--hide-text"},
		{"no at the end", minimal(), []string{ok, "1", "secret Qwerty12", ""}, 0, "", false, "ТЕСТОВ ТЕСТ"},
		{"wrong, then right", minimal(), []string{ok, "1", "secret x", ok, "secret Qwerty12", ok}, 0, "a", true, i18n.T("en", UnlockWrongPassword)},
		{"T9: a yes at once is asked again", minimal(), []string{ok, ok, "1", "secret Qwerty12", ok}, 1, "a", true, ""},
		{"T9: a held key is no yes", minimal(), []string{ok, ok, ok, ok, ok, ok, ok}, 99, "", false, ""},
		{"a loud word about digests", digests, []string{ok, "1", "secret Qwerty12", ok}, 0, "a", true, "⚠ " + i18n.T("en", "digest.title")},
		{"an expired key is confirmed", expired, []string{ok, "1", "secret Qwerty12", ok}, 0, "a", true, i18n.T("en", "key.confirm_expired")},
		{"two keys", two, []string{ok, "1", "secret Qwerty12", "2", ok}, 0, "b", true, "ТОО"},
		{"none fits", none, []string{ok, "1", "secret Qwerty12", ok, ""}, 0, "", false, i18n.T("en", "none.title")},
		{"a token", token, []string{ok, "1", "secret 1234", ok}, 0, "a", true, sampleToken().Serial},
		{"tokens are listed", list, []string{ok}, 0, "", true, i18n.T("en", "ask.tokens_note")},
		{"a certificate is shown", show, []string{ok, "1", "secret Qwerty12", ok}, 0, "a", true, i18n.T("en", "button.show")},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.r == token {
				c.r.UnlockToken = unlocksToken("1234", sampleKey())
			}
			d := &desktop{answers: c.answers, quick: c.quick}
			p := d.prompter()
			c.r.Locale = "en"
			got, err := p.Approve(t.Context(), c.r)
			if got.KeyID != c.key || (err == nil) != c.yes || err != nil && !errors.Is(err, ErrCancelled) {
				t.Errorf("%+v, %v\n%q", got, err, d.asked)
			}
			if c.says != "" && !slices.ContainsFunc(d.asked, func(a string) bool { return strings.Contains(a, c.says) }) {
				t.Errorf("nothing says %q: %q", c.says, d.asked)
			}
			for _, s := range d.secrets {
				if strings.Trim(string(s), "\x00") != "" {
					t.Errorf("T21: a password was kept: %q", s)
				}
			}
			if len(d.answers) > 0 && c.quick < 9 {
				t.Errorf("not asked for: %q", d.answers)
			}
		})
	}
}

func TestDialogUnavailable(t *testing.T) {
	broken := (&desktop{}).prompter()
	broken.run = func(context.Context, *tool, dialog) ([]byte, bool, error) { return nil, false, errors.New("gone") }
	blind := (&desktop{}).prompter()
	blind.show = func() bool { return false }
	without := (&desktop{}).prompter()
	without.find = func() *tool { return nil }
	make := minimal()
	make.Purpose = MakeKey
	for i, c := range []struct {
		p *dialogs
		r *Request
	}{{broken, minimal()}, {blind, minimal()}, {without, minimal()}, {(&desktop{}).prompter(), make}} {
		if _, err := c.p.Approve(t.Context(), c.r); !errors.Is(err, ErrUnavailable) {
			t.Errorf("%d: %v", i, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (&desktop{answers: []string{"ok"}}).prompter().Approve(ended, minimal()); !errors.Is(err, ErrCancelled) {
		t.Errorf("a request that is over: %v", err)
	}
}
