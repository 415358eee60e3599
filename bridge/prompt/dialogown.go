package prompt

import (
	"context"
	"strings"
	"sync"

	"tanba/bridge/prompt/win32"
)

// ownScreen is a window that shows one panel after the other: win32.Window.
type ownScreen interface {
	Show(context.Context, win32.Panel) (win32.Answer, error)
	Tell(text string)
	Choose(context.Context, win32.Choice) (path string, err error)
	Close()
}

// newOwnDialogs shows the dialogs of a request in one window of ours: who asks, what
// for and what there is to read stay above whatever is asked below.
func newOwnDialogs(q *dialogQuestion, show func(title string) (ownScreen, error)) (*ownDialogs, error) {
	o := &ownDialogs{q: q, make: show}
	o.repeated = []string{
		q.describe(),
		harmless(q.r.Site.Name) + " " + Sentence(q.lang, q.r) + "\n\n",
		"\n\n⚠ " + q.t("digest.title") + ". " + q.t("digest.text"),
		q.t(UnlockWrongPassword) + ". ",
	}
	return o, o.open()
}

type ownDialogs struct {
	q        *dialogQuestion
	make     func(title string) (ownScreen, error)
	repeated []string // what a tool's dialog repeats and this window shows all the time

	mu     sync.Mutex // one dialog at a time
	window ownScreen
	told   string // to be shown with the next dialog
}

// open makes the window if there is none. o.mu is held, or nobody else knows o.
func (o *ownDialogs) open() (err error) {
	if o.window == nil {
		o.window, err = o.make("Tanba: " + o.q.siteName())
	}
	return err
}

func (o *ownDialogs) show(ctx context.Context, d dialog) ([]byte, bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	late := o.window == nil
	if err := o.open(); err != nil {
		return nil, false, err
	}
	text := d.text
	if d.kind != tellOnly {
		for _, r := range o.repeated {
			text = strings.Replace(text, r, "", 1)
		}
	}
	// Not every font has the sign of the tools' dialogs.
	text = strings.TrimSpace(strings.ReplaceAll(text, "⚠", "!"))
	if d.kind == tellOnly {
		o.told = text
		if late { // after the question: nothing else will come
			o.read(ctx)
		} else {
			o.window.Tell(text)
		}
		return nil, true, nil
	}
	if late { // a question beside the work
		defer o.close()
	}
	if d.kind == askFile {
		path, err := o.window.Choose(ctx, win32.Choice{Title: d.text, Folder: d.folder, Start: d.start, Extensions: d.extensions})
		return []byte(path), path != "" && err == nil, nil
	}
	p := o.panel()
	p.Label, p.Yes, p.No, p.Busy = text, d.yes, d.no, o.q.t("button.opening")
	switch d.kind {
	case askConsent:
		p.Minimum, p.Busy = o.q.r.Minimum, ""
	case askRow:
		p.Yes, p.Busy = o.q.t("button.next"), ""
		for _, r := range d.rows {
			p.Rows = append(p.Rows, win32.Row{Text: r, Fits: true})
		}
		for _, r := range d.unfit {
			p.Rows = append(p.Rows, win32.Row{Text: r})
		}
	case askSecret:
		p.Secret, p.Yes = true, o.q.t("button.open")
		p.Caps, p.Layout = o.q.t("password.caps"), o.q.t("password.cyrillic")
	}
	if p.No == "" {
		p.No = o.q.t("button.cancel")
	}
	p.Message, o.told = o.told, ""
	a, err := o.window.Show(ctx, p)
	switch {
	case err != nil || !a.Yes:
		clear(a.Secret)
		return nil, false, nil
	case d.kind == askRow:
		number, _, _ := strings.Cut(d.rows[a.Row], ".")
		return []byte(number), true, nil
	}
	return a.Secret, true, nil
}

// panel is what the window shows whatever is asked.
func (o *ownDialogs) panel() win32.Panel {
	q := o.q
	p := win32.Panel{
		Heading: q.siteName(), Sentence: Sentence(q.lang, q.r), Detail: q.siteDetail(),
		Notes: strings.Join(q.warnings("!"), "\n"), Account: q.account(),
	}
	if q.r.Phrase != "" {
		p.Phrase = q.t("page.phrase") + ": " + harmless(q.r.Phrase)
	}
	return p
}

// read waits until the person has read what was told, and closes the window.
func (o *ownDialogs) read(ctx context.Context) {
	p := o.panel()
	p.Message, p.No, p.Account, p.Notes = o.told, o.q.t("button.close"), "", ""
	o.told = ""
	_, _ = o.window.Show(ctx, p) // whatever it was, it is over
	o.close()
}

func (o *ownDialogs) close() {
	o.window.Close()
	o.window = nil
}

func (o *ownDialogs) end(ctx context.Context) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.window == nil:
	case o.told != "" && ctx.Err() == nil:
		o.read(ctx)
	default:
		o.close()
	}
}
