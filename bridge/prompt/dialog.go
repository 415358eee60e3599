package prompt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"tanba/internal/i18n"
)

// NewDialog asks with the dialogs of the desktop, through a tool that is there
// already: zenity, kdialog or yad on Linux, osascript on macOS. It is for a screen
// without a browser, after NewWeb and before NewTerminal, and shows less: who asks,
// what for, the names, sizes and checksums of a few documents, no text of them.
// The password comes through a pipe of the tool and is cleared; no shell is
// involved and what strangers wrote never reaches a tool as markup or an option. A
// tool that cannot show anything, at first or any longer, is no refusal: the next
// back-end is asked.
//
// Windows has no such tool; there a window of our own shows the same questions
// (bridge/prompt/win32).
//
// It makes no keys and installs no certificates, and offers nothing to be kept or
// blocked. While several documents are signed it shows how far the work is, with Stop.
func NewDialog(lang string) Prompter {
	return &dialogs{find: findTool, own: ownWindow, show: displayAnswers, run: runTool, meter: newMeter, lang: lang, now: time.Now}
}

type dialogs struct {
	find func() *tool
	own  func(*dialogQuestion) (dialogWindow, error) // nil = a tool shows the dialogs
	show func() bool
	run  func(ctx context.Context, t *tool, d dialog) (out []byte, yes bool, err error)
	// meter shows how far the work is.
	meter func(ctx context.Context, t *tool, d dialog, total int) (meter, error)
	lang  string
	now   func() time.Time
}

// dialogWindow is one of our own for the dialogs of one request. It stays between them.
type dialogWindow interface {
	// show answers as runTool does. What is only told is seen beside the next
	// dialog, or else until it was read.
	show(ctx context.Context, d dialog) (out []byte, yes bool, err error)
	// end closes the window once the person has read what was told last.
	end(ctx context.Context)
}

func (d *dialogs) Approve(ctx context.Context, r *Request) (Decision, error) {
	t := d.find()
	switch {
	case t == nil && d.own == nil || !d.show():
		return Decision{}, fmt.Errorf("%w: no tool for dialogs", ErrUnavailable)
	case r.Purpose == MakeKey || r.Purpose == InstallCertificate:
		return Decision{}, fmt.Errorf("%w: dialogs make no keys", ErrUnavailable)
	}
	q := &dialogQuestion{dialogs: d, tool: t, r: r, lang: cmp.Or(r.Locale, d.lang)}
	if d.own != nil {
		var err error
		if q.window, err = d.own(q); err != nil {
			return Decision{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		defer q.window.end(ctx)
	}
	decision, err := q.ask(ctx)
	if ctx.Err() != nil {
		return Decision{}, ErrCancelled
	}
	return decision, err
}

// dialogQuestion is one request in dialogs.
type dialogQuestion struct {
	*dialogs
	tool   *tool
	window dialogWindow // or nil: tool shows the dialogs
	r      *Request
	lang   string
}

func (q *dialogQuestion) t(key string, args ...any) string { return i18n.T(q.lang, key, args...) }

func (q *dialogQuestion) title() string {
	return "Tanba: " + cmp.Or(harmless(q.r.Site.Name), q.t("site.unknown"))
}

// put shows a dialog. A no, an Escape and a closed dialog are ErrCancelled.
func (q *dialogQuestion) put(ctx context.Context, d dialog) ([]byte, error) {
	d.title = q.title()
	show := func(ctx context.Context, d dialog) ([]byte, bool, error) {
		return q.run(ctx, q.tool, d)
	}
	if q.window != nil {
		show = q.window.show
	}
	out, yes, err := show(ctx, d)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	case !yes || ctx.Err() != nil:
		clear(out)
		return nil, ErrCancelled
	}
	return out, nil
}

// line is put for a dialog whose answer is one line.
func (q *dialogQuestion) line(ctx context.Context, d dialog) (string, error) {
	out, err := q.put(ctx, d)
	return strings.TrimRight(string(out), "\r\n"), err
}

// sure is a question with a yes. One that comes sooner than a person reads is
// asked again (security.md T9): a key was held down, or a click was meant for
// something else.
func (q *dialogQuestion) sure(ctx context.Context, text, yes string) error {
	for range 5 {
		shown := q.now()
		if _, err := q.put(ctx, dialog{kind: askConsent, text: text, yes: yes, no: q.t("button.cancel")}); err != nil {
			return err
		}
		if q.now().Sub(shown) >= q.r.Minimum {
			return nil
		}
	}
	return ErrCancelled
}

func (q *dialogQuestion) ask(ctx context.Context) (Decision, error) {
	switch q.r.Purpose {
	case ListTokens:
		return Decision{}, q.sure(ctx, q.describe(), q.t("button.allow"))
	case PickFile:
		if err := q.sure(ctx, q.describe(), q.t("button.next")); err != nil {
			return Decision{}, err
		}
		path, err := q.line(ctx, dialog{kind: askFile, text: q.t("key.choose_file"), start: q.r.Start, extensions: q.r.Extensions, folder: q.r.Directory})
		if err != nil {
			return Decision{}, err
		}
		path, code := (&session{r: q.r}).pick(path)
		if code != "" {
			q.tell(ctx, q.t(code))
			return Decision{}, ErrCancelled
		}
		return Decision{Path: path}, nil
	}
	if err := q.sure(ctx, q.describe(), q.t("button.next")); err != nil {
		return Decision{}, err
	}
	for {
		keys, err := q.open(ctx)
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
		text := harmless(q.r.Site.Name) + " " + Sentence(q.lang, q.r) + "\n\n" + q.t("whose.title") + ":\n" + q.describeKey(*key)
		if q.r.Digests {
			text += "\n\n⚠ " + q.t("digest.title") + ". " + q.t("digest.text")
		}
		if key.NeedsConsent {
			text += "\n\n⚠ " + q.t("key.ended_note") + "\n" + q.t("key.confirm_expired")
		}
		yes := "button.sign"
		switch {
		case q.r.Purpose == ShowKey:
			yes = "button.show"
		case q.r.Login:
			yes = "button.login"
		}
		if err := q.sure(ctx, text, q.t(yes)); err != nil {
			return Decision{}, err
		}
		return Decision{KeyID: key.ID, Confirmed: key.NeedsConsent, Progress: newDialogProgress(q)}, nil
	}
}

// open asks for a file or a token and its secret until one opens.
func (q *dialogQuestion) open(ctx context.Context) ([]Key, error) {
	for {
		path, token, err := q.store(ctx)
		if err != nil {
			return nil, err
		}
		var keys []Key
		if token != nil {
			keys, err = q.openToken(ctx, *token)
		} else {
			keys, err = q.openFile(ctx, path)
		}
		if err != nil || keys != nil {
			return keys, err
		}
	}
}

// openFile asks for the password until it is right; nothing at all means that the
// file is of no use.
func (q *dialogQuestion) openFile(ctx context.Context, path string) ([]Key, error) {
	text := q.t("password.label")
	for {
		secret, err := q.put(ctx, dialog{kind: askSecret, text: text})
		if err != nil {
			return nil, err
		}
		keys, err := q.r.Unlock(ctx, path, secret)
		clear(secret)
		runtime.KeepAlive(secret)
		if code, err := q.trouble(ctx, err); code == "" || err != nil {
			return keys, err
		} else if code != UnlockWrongPassword {
			return nil, nil
		}
		text = q.t(UnlockWrongPassword) + ". " + q.t("password.label")
	}
}

// openToken asks for a PIN; each answer is one try, the last one confirmed.
func (q *dialogQuestion) openToken(ctx context.Context, t Token) ([]Key, error) {
	for pin := t.PIN; ; {
		if code := pinView(pin).Stop; code != "" {
			q.tell(ctx, q.t(code)+". "+q.t(code+".hint"))
			return nil, nil
		}
		text := q.t("pin.label")
		switch {
		case pin.LastTry:
			if err := q.sure(ctx, "⚠ "+q.t("pin.last")+". "+q.t("pin.last.text"), q.t("pin.confirm_last")); err != nil {
				return nil, err
			}
		case pin.Low && pin.Left >= 0:
			text = q.t("pin.left", pin.Left) + ". " + text
		}
		var secret []byte
		var err error
		if pin.Pad {
			q.tell(ctx, q.t("pin.pad_now"))
		} else if secret, err = q.put(ctx, dialog{kind: askSecret, text: text}); err != nil {
			return nil, err
		}
		keys, err := q.r.UnlockToken(ctx, t.ID, secret, pin.LastTry)
		clear(secret)
		runtime.KeepAlive(secret)
		code, other := q.trouble(ctx, err)
		if code == "" || other != nil {
			return keys, other
		}
		if trouble := (*UnlockError)(nil); errors.As(err, &trouble) && trouble.PIN != nil {
			pin = *trouble.PIN
		}
		if code != UnlockWrongPIN && code != UnlockPINFormat && code != UnlockLastTry || !pin.usable() || pin.Pad {
			return nil, nil
		}
	}
}

// trouble shows what went wrong; other errors end the question.
func (q *dialogQuestion) trouble(ctx context.Context, err error) (code string, other error) {
	var trouble *UnlockError
	switch {
	case err == nil:
		return "", nil
	case errors.As(err, &trouble):
		q.tell(ctx, q.t(trouble.Code)+". "+q.t(trouble.Code+".hint"))
		return trouble.Code, nil
	}
	return "", fmt.Errorf("%w: %w", ErrCancelled, err)
}

// tell shows a sentence; whether it is read is the person's business.
func (q *dialogQuestion) tell(ctx context.Context, text string) {
	_, _ = q.put(ctx, dialog{kind: tellOnly, text: text, no: q.t("button.close")})
}
