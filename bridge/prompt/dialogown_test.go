package prompt

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"tanba/bridge/prompt/win32"
)

// fakeScreen answers panels from a list and notes them.
type fakeScreen struct {
	t       *testing.T
	answers []string // "yes", "no", "row N", "secret X", "file X"
	panels  []win32.Panel
	opened  int
	closed  int
	clock   *clock
	secrets [][]byte
}

func (f *fakeScreen) next() string {
	f.clock.add(5 * time.Second)
	if len(f.answers) == 0 {
		return "no"
	}
	a := f.answers[0]
	f.answers = f.answers[1:]
	return a
}

func (f *fakeScreen) Show(_ context.Context, p win32.Panel) (win32.Answer, error) {
	f.panels = append(f.panels, p)
	a := f.next()
	answer := win32.Answer{Yes: a != "no"}
	if n, ok := strings.CutPrefix(a, "row "); ok {
		answer.Row = int(n[0] - '0')
		if answer.Row >= len(p.Rows) || !p.Rows[answer.Row].Fits {
			f.t.Errorf("no row %d in %+v", answer.Row, p.Rows)
		}
	}
	if s, ok := strings.CutPrefix(a, "secret "); ok {
		answer.Secret = []byte(s)
		f.secrets = append(f.secrets, answer.Secret)
	}
	if answer.Yes && (p.Secret != strings.HasPrefix(a, "secret ") || (len(p.Rows) > 0) != strings.HasPrefix(a, "row ")) {
		f.t.Errorf("%q is no answer to %+v", a, p)
	}
	return answer, nil
}

func (f *fakeScreen) Tell(string) {}
func (f *fakeScreen) Close()      { f.closed++ }
func (f *fakeScreen) Choose(context.Context, win32.Choice) (string, error) {
	path, _ := strings.CutPrefix(f.next(), "file ")
	return path, nil
}

// approve asks r in a window that answers.
func (f *fakeScreen) approve(t *testing.T, r *Request) (Decision, error) {
	f.t, f.clock = t, &clock{t: now}
	d := NewDialog("en").(*dialogs)
	d.find, d.show, d.now = func() *tool { return nil }, func() bool { return true }, f.clock.Now
	d.own = func(q *dialogQuestion) (dialogWindow, error) {
		return newOwnDialogs(q, func(title string) (ownScreen, error) {
			f.opened++
			if title != "Tanba: egov.kz" {
				t.Errorf("title %q", title)
			}
			return f, nil
		})
	}
	return d.Approve(t.Context(), r)
}

func TestOwnDialogs(t *testing.T) {
	other := sampleKey()
	other.ID, other.Fits, other.Reason = "b", false, "reason.for_auth"
	second := sampleKey()
	second.ID = "c"
	none := minimal()
	none.Unlock = unlocks(other)
	several := minimal()
	several.Unlock = unlocks(sampleKey(), other, second)
	digests := minimal()
	digests.Digests, digests.Documents, digests.Total = true, []Document{{Kind: "digest", Size: 32}}, 1
	list := minimal()
	list.Purpose = ListTokens
	token := minimal()
	onlyTokens(token, sampleToken())
	for _, c := range []struct {
		name    string
		r       *Request
		answers []string
		key     string
		last    string // in the last panel
		lacks   string
	}{
		{"approved", minimal(), []string{"yes", "row 1", "secret Qwerty12", "yes"}, "a", "•••••••• 9011", "asks you"},
		{"refused", minimal(), []string{"no"}, "", "", ""},
		{"wrong password: the same again, with the message", minimal(), []string{"yes", "row 0", "secret wrong", "no"}, "", "Wrong password. Check the keyboard layout and Caps Lock and type it again. | Password of the key", ""},
		{"none fits: the reason is told, the rows come again", none, []string{"yes", "row 0", "secret Qwerty12", "no"}, "", "This key is for logging in; the site needs one for signing.", ""},
		{"what does not fit is shown and cannot be chosen", several, []string{"yes", "row 0", "secret Qwerty12", "no"}, "", "Does not fit. This key is for logging in", ""},
		{"the other one", several, []string{"yes", "row 0", "secret Qwerty12", "row 1", "yes"}, "c", "", ""},
		{"only hashes: said once, above", digests, []string{"yes", "row 0", "secret Qwerty12", "yes"}, "a", "Whose key", "The document cannot be shown"},
		{"tokens", list, []string{"yes"}, "", "", "asks"},
		{"PIN", token, []string{"yes", "row 0", "secret 24681357", "yes"}, "a", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &fakeScreen{answers: c.answers}
			d, err := f.approve(t, c.r)
			refused := c.key == "" && c.r.Purpose == Sign
			if d.KeyID != c.key || refused != errors.Is(err, ErrCancelled) || !refused && err != nil {
				t.Errorf("%+v, %v", d, err)
			}
			if f.opened != 1 || f.closed != 1 {
				t.Errorf("opened %d times, closed %d times", f.opened, f.closed)
			}
			for _, p := range f.panels {
				if p.Heading != "egov.kz" || p.Sentence != Sentence("en", c.r) || !strings.Contains(p.Detail, "https://idp.egov.kz") || !strings.Contains(p.Phrase, "көк түйе") || p.Yes == "" || p.No != "Cancel" {
					t.Errorf("%+v", p)
				}
				if consent := !p.Secret && p.Rows == nil; consent != (p.Minimum == c.r.Minimum) {
					t.Errorf("delay %s: %+v", p.Minimum, p)
				}
			}
			p := f.panels[len(f.panels)-1]
			text := p.Message + " | " + p.Label
			for _, r := range p.Rows {
				text += " | " + r.Text
			}
			text = strings.ReplaceAll(text, "\u2009", " ")
			if !strings.Contains(text, c.last) || c.lacks != "" && strings.Contains(text, c.lacks) {
				t.Errorf("the last panel says %q", text)
			}
			for _, s := range f.secrets {
				if strings.Trim(string(s), "\x00") != "" {
					t.Errorf("a secret is left: %q", s)
				}
			}
		})
	}
}

// TestOwnDialogsLate: what is told after the decision has a window of its own, which
// stays until it was read.
func TestOwnDialogsLate(t *testing.T) {
	f := &fakeScreen{answers: []string{"yes", "row 0", "secret Qwerty12", "yes"}}
	d, err := f.approve(t, minimal())
	if err != nil {
		t.Fatal(err)
	}
	late := &lateScreen{fakeScreen: f, read: make(chan struct{})}
	d.Progress.(*dialogProgress).q.window.(*ownDialogs).make = func(string) (ownScreen, error) { return late, nil }
	d.Progress.Finish(FailedToken)
	select {
	case <-late.read:
	case <-time.After(30 * time.Second):
		t.Fatal("nothing was told")
	}
	if p := late.panel; !strings.HasPrefix(p.Message, "The token did not sign. Take it out") || p.Yes != "" || p.No != "Close" {
		t.Errorf("%+v", p)
	}
}

type lateScreen struct {
	*fakeScreen
	panel win32.Panel
	read  chan struct{}
}

func (l *lateScreen) Show(_ context.Context, p win32.Panel) (win32.Answer, error) {
	l.panel = p
	return win32.Answer{}, nil
}

func (l *lateScreen) Close() { close(l.read) }

func TestAccount(t *testing.T) {
	r := minimal()
	d := r.Documents[0]
	d.Text = "first\u202e line\x1b[0m\n" + strings.Repeat("x", 2*longestAccount)
	d.Fields = []Field{{Key: "document.field_site", Value: "a\nb"}, {Name: "own", Value: "c"}}
	d.Part, d.More = "/root/x", true
	r.Documents = []Document{d}
	q := &dialogQuestion{dialogs: NewDialog("en").(*dialogs), r: r, lang: "en"}
	got := q.account()
	for _, want := range []string{"SHA-256: ", "Site: a b", "own: c", "/root/x", "This is not all", "first line[0m\nxxx", "Only the beginning is shown"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %.600s", want, got)
		}
	}
	if len(got) > 2*longestAccount {
		t.Errorf("%d octets", len(got))
	}
	r.Documents, r.Total = make([]Document, 5000), 6000
	for i := range r.Documents {
		r.Documents[i] = Document{Name: "Договор.pdf", Kind: "pdf", Size: 1 << 20}
	}
	if got = q.account(); len(got) > longestAccount+1000 || !strings.Contains(got, "more documents are not in the list") {
		t.Errorf("%d octets: …%s", len(got), got[len(got)-200:])
	}
	r.Documents = []Document{{Kind: "file", Name: `C:\x.pdf`}}
	if got = q.account(); !strings.Contains(got, "The file is read only after you agree") || strings.Contains(got, "SHA") {
		t.Error(got)
	}
}
