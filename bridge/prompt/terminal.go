package prompt

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/term"

	"tanba/internal/i18n"
)

// NewTerminal asks on a terminal, also over SSH. It is unavailable when in is
// not a terminal: an answer from a pipe is nobody's answer. The yes is a typed
// word, so that a stray Enter is a no.
func NewTerminal(in, out *os.File, lang string) Prompter {
	return &terminal{
		out:  out,
		lang: lang,
		is:   func() bool { return term.IsTerminal(int(in.Fd())) && term.IsTerminal(int(out.Fd())) },
		raw: func() (func(), error) {
			old, err := term.MakeRaw(int(in.Fd()))
			if err != nil {
				return nil, err
			}
			return func() { _ = term.Restore(int(in.Fd()), old) }, nil
		},
		wait: func(ctx context.Context) error { return waitReadable(ctx, in) },
		in:   in,
		now:  time.Now,
	}
}

type terminal struct {
	mu   sync.Mutex // one question at a time
	in   io.Reader
	out  io.Writer
	lang string
	is   func() bool
	raw  func() (restore func(), err error)
	wait func(context.Context) error
	now  func() time.Time
}

func (t *terminal) Approve(ctx context.Context, r *Request) (Decision, error) {
	if !t.is() {
		return Decision{}, fmt.Errorf("%w: not a terminal", ErrUnavailable)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	lang := r.Locale
	if lang == "" {
		lang = t.lang
	}
	q := &question{terminal: t, r: r, lang: lang}
	d, err := q.ask(ctx)
	if err != nil && ctx.Err() != nil {
		fmt.Fprintf(t.out, "\n%s\n", q.t("gone.title"))
	}
	return d, err
}

// question is one request on the terminal.
type question struct {
	*terminal
	r    *Request
	lang string

	onToken bool // the keys are on a token
}

func (q *question) t(key string, args ...any) string { return i18n.T(q.lang, key, args...) }

func (q *question) say(format string, args ...any) { fmt.Fprintf(q.out, format+"\n", args...) }

func (q *question) ask(ctx context.Context) (Decision, error) {
	q.describe()
	if q.r.Purpose == PickFile {
		path, err := q.line(ctx, q.t("tty.pick"))
		if err != nil || path == "" {
			return Decision{}, ErrCancelled
		}
		s := &session{r: q.r}
		path, code := s.pick(expand(path))
		if code != "" {
			q.say("%s", q.t(code))
			return Decision{}, ErrCancelled
		}
		return Decision{Path: path}, nil
	}
	if q.r.Purpose == ListTokens {
		return Decision{}, q.word(ctx, q.t("tty.confirm", q.t("tty.yes")))
	}
	if q.r.Open != nil {
		q.say("  %s", q.t("memory.kept", i18n.Almaty(q.r.OpenUntil).Format("15:04")))
	}
	for first := true; ; first = false {
		keys, err := q.r.Open, error(nil)
		if !first || keys == nil {
			if q.r.Purpose == MakeKey {
				keys, err = q.openNew(ctx)
			} else {
				keys, err = q.open(ctx)
			}
		}
		if err != nil {
			return Decision{}, err
		}
		key, err := q.choose(ctx, keys)
		if err != nil {
			return Decision{}, err
		}
		if key == nil {
			continue // none fits: another file
		}
		if key.NeedsConsent {
			q.say("! %s", q.t("key.ended_note"))
			if err := q.word(ctx, q.t("key.confirm_expired")+". "+q.t("tty.confirm", q.t("tty.yes"))); err != nil {
				return Decision{}, err
			}
		}
		if err := q.word(ctx, q.t("tty.confirm", q.t("tty.yes"))); err != nil {
			return Decision{}, err
		}
		return Decision{KeyID: key.ID, Confirmed: key.NeedsConsent, Progress: &lines{q: q, stopped: make(chan struct{})}}, nil
	}
}

// describe says who asks and what for.
func (q *question) describe() {
	r := q.r
	name := r.Site.Name
	if name == "" && r.Site.Local {
		name = q.t("site.unknown_program")
	} else if name == "" {
		name = q.t("site.unknown")
	}
	q.say("\n%s", strings.Repeat("─", 60))
	if r.Phrase != "" {
		q.say("%s: %s", q.t("page.phrase"), r.Phrase)
	}
	q.say("%s %s\n  %s", name, Sentence(q.lang, r), r.Site.Detail)
	switch {
	case r.Site.Suspicious:
		q.say("! %s", q.t("site.suspicious"))
	case r.Site.Changed:
		q.say("! %s. %s", q.t("site.changed"), q.t("site.changed_text"))
	case r.Site.New && r.Site.Local:
		q.say("  %s", q.t("site.new_program_note"))
	case r.Site.New:
		q.say("  %s", q.t("site.new_note"))
	}
	if !r.Site.Secure && !r.Site.Local && !r.Site.Loopback {
		q.say("! %s", q.t("site.insecure"))
	}
	switch r.Purpose {
	case ShowKey:
		q.say("  %s", q.t("ask.show_note"))
	case ListTokens:
		q.say("  %s", q.t("ask.tokens_note"))
	case PickFile:
		q.say("  %s", q.t("ask.pick_note"))
	}
	q.sayFacts()
	if r.Warning != "" {
		q.say("! %s. %s", q.t(r.Warning), q.t(r.Warning+".text"))
	}
	if r.Digests {
		q.say("! %s. %s", q.t("digest.title"), q.t("digest.text"))
	}
	if r.Unseen {
		q.say("! %s. %s", q.t("unseen.title"), q.t("unseen.text"))
		form := "unseen.attached"
		if r.Detached {
			form = "unseen.detached"
		}
		q.say("  %s", q.t(form))
		q.say("%s", strings.Repeat("─", 60))
		return
	}
	const shown, textLines = 10, 12
	for i, d := range r.Documents[:min(len(r.Documents), shown)] {
		title := d.Name
		if title == "" {
			title = q.t("document.numbered", i+1)
		}
		q.say("  %s · %s · %s", title, q.t("kind."+d.Kind), i18n.Size(q.lang, d.Size))
		if d.SHA256 != [32]byte{} && d.Kind != "digest" {
			q.say("    SHA-256 %x", d.SHA256)
		}
		if d.Part != "" {
			q.say("  ! %s", q.t("document.part", plain(d.Part)))
		}
		for _, f := range d.Fields {
			name := plain(f.Name)
			if f.Key != "" {
				name = q.t(f.Key)
			}
			q.say("    %s: %s", name, plain(f.Value))
		}
		if d.More {
			q.say("    %s", q.t("document.more"))
		}
		if d.Text != "" && len(r.Documents) == 1 {
			text := strings.Split(d.Text, "\n")
			for _, l := range text[:min(len(text), textLines)] {
				q.say("    │ %s", plain(l))
			}
			if len(text) > textLines || d.Cut {
				q.say("    │ …")
			}
		}
	}
	if more := max(r.Total, len(r.Documents)) - min(len(r.Documents), shown); more > 0 {
		q.say("  %s", q.t("tty.more", more))
	}
	q.say("%s", strings.Repeat("─", 60))
}

// plain keeps what a document says from speaking to the terminal.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' {
			return ' '
		}
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
}

// choose lists the keys; nil without an error means that none fits.
func (q *question) choose(ctx context.Context, keys []Key) (*Key, error) {
	var fit []*Key
	for _, v := range viewKeys(keys, q.now()) {
		mark, note := " -", ""
		if v.Fits {
			for i := range keys {
				if keys[i].ID == v.ID {
					fit = append(fit, &keys[i])
				}
			}
			mark = strconv.Itoa(len(fit)) + "."
			if v.Soon {
				note = q.t("key.renew")
			}
		} else {
			note = q.t("key.unfit") + ". " + q.t(v.Reason)
		}
		var facts []string
		for _, f := range []string{v.Owner, v.Organisation, q.optional(v.Role), labelled(q.t("key.iin"), v.IIN), q.optional(v.Use), v.Validity[q.lang], v.Algorithm[q.lang]} {
			if f != "" {
				facts = append(facts, f)
			}
		}
		q.say("  %s %s", mark, strings.Join(facts, " · "))
		if note != "" {
			q.say("     %s", note)
		}
	}
	switch len(fit) {
	case 0:
		title, where := "none.title", "none.where"
		if q.onToken {
			title, where = "none.title_token", "none.where_token"
		}
		q.say("! %s. %s", q.t(title), q.t(where))
		return nil, nil
	case 1:
		return fit[0], nil
	}
	for {
		text, err := q.line(ctx, q.t("tty.key"))
		if err != nil || text == "" {
			return nil, ErrCancelled
		}
		if n, err := strconv.Atoi(text); err == nil && n >= 1 && n <= len(fit) {
			return fit[n-1], nil
		}
	}
}

func (q *question) optional(key string) string {
	if key == "" {
		return ""
	}
	return q.t(key)
}

func labelled(label, value string) string {
	if value == "" {
		return ""
	}
	return label + " " + value
}

// word waits for the word of agreement; anything else is a no.
func (q *question) word(ctx context.Context, prompt string) error {
	text, err := q.line(ctx, prompt)
	if err != nil || !strings.EqualFold(text, q.t("tty.yes")) {
		return ErrCancelled
	}
	return nil
}

// lines is the Progress of a terminal.
type lines struct {
	q       *question
	stopped chan struct{}
	done    int
}

func (l *lines) Step(done int) {
	l.done = done
	if total := l.q.r.Total; total > 1 {
		fmt.Fprintf(l.q.out, "\r%s", l.q.t("work.count", done, total))
	}
}

func (l *lines) Finish(failed string) {
	switch {
	case failed != "":
		l.q.say("\n! %s. %s", l.q.t(failed), l.q.t(failed+".hint"))
	default:
		l.q.say("\n%s", l.q.t("done.title"))
	}
}

func (l *lines) Stopped() <-chan struct{} { return l.stopped }
