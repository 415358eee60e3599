package prompt

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
)

// open asks for a file or a token and its secret until one opens.
func (q *question) open(ctx context.Context) ([]Key, error) {
	for i, f := range q.r.Recent {
		q.say("  %d. %s %s", i+1, f.Path, f.Owner)
	}
	look := q.r.Tokens != nil && q.r.TokensFirst
	for {
		if look || q.r.NoFiles {
			keys, err := q.openToken(ctx)
			if err != nil || keys != nil {
				return keys, err
			}
			look = false
			continue
		}
		ask := q.t("tty.path")
		if q.r.Tokens != nil {
			ask = q.t("tty.path_token", q.t("tty.token"))
		}
		path, err := q.line(ctx, ask)
		if err != nil || path == "" {
			return nil, ErrCancelled
		}
		if q.r.Tokens != nil && strings.EqualFold(path, q.t("tty.token")) {
			look = true
			continue
		}
		if n, err := strconv.Atoi(path); err == nil && n >= 1 && n <= len(q.r.Recent) {
			path = q.r.Recent[n-1].Path
		}
		keys, err := q.openFile(ctx, path)
		if err != nil || keys != nil {
			return keys, err
		}
	}
}

// openFile asks for the password of a file; nothing at all means that it is not
// to be opened.
func (q *question) openFile(ctx context.Context, path string) ([]Key, error) {
	q.onToken = false
	for {
		secret, err := q.secret(ctx, q.t("tty.password"))
		if err != nil || len(secret) == 0 {
			return nil, ErrCancelled
		}
		keys, err := q.r.Unlock(ctx, expand(path), secret)
		clear(secret)
		runtime.KeepAlive(secret)
		if code, err := q.trouble(err); err != nil {
			return nil, err
		} else if code == UnlockWrongPassword {
			continue
		} else if code != "" {
			return nil, nil
		}
		return keys, nil
	}
}

// openToken asks which token, and for its PIN; nothing at all means that none is
// to be opened, or none is there.
func (q *question) openToken(ctx context.Context) ([]Key, error) {
	for {
		if q.r.Tokens == nil {
			q.say("! %s. %s", q.t("token.unsupported"), q.t("token.unsupported.hint"))
			return nil, ErrCancelled
		}
		tokens, err := q.r.Tokens(ctx)
		if code, err := q.trouble(err); err != nil {
			return nil, err
		} else if code == "" && len(tokens) == 0 {
			q.say("! %s", q.t("token.none"))
		}
		for i, t := range tokens {
			q.sayToken(i+1, t)
		}
		if len(tokens) == 0 && !q.r.NoFiles {
			return nil, nil
		}
		text, err := q.line(ctx, q.t("tty.number_token", q.t("tty.token")))
		if err != nil || text == "" && q.r.NoFiles {
			return nil, ErrCancelled
		}
		if text == "" {
			return nil, nil // perhaps a file
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > len(tokens) {
			continue
		}
		keys, err := q.openPIN(ctx, tokens[n-1])
		if err != nil || keys != nil {
			return keys, err
		}
	}
}

// sayToken describes a token on one line, and below it what is wrong.
func (q *question) sayToken(n int, t Token) {
	facts := []string{plain(t.Label), q.t("token.serial", plain(t.Serial))}
	for _, o := range t.Owners {
		facts = append(facts, plain(o.Name))
	}
	q.say("  %d. %s", n, strings.Join(facts, " · "))
	if t.Problem != "" {
		q.say("     ! %s", q.t(t.Problem))
	}
}

// openPIN asks for a PIN, one try each time. Nothing at all means that this token
// cannot be opened.
func (q *question) openPIN(ctx context.Context, t Token) ([]Key, error) {
	q.onToken = true
	for pin := t.PIN; ; {
		if code := pinView(pin).Stop; code != "" {
			q.say("! %s. %s", q.t(code), q.t(code+".hint"))
			return nil, nil
		}
		switch {
		case pin.LastTry:
			q.say("! %s. %s", q.t("pin.last"), q.t("pin.last.text"))
			if err := q.word(ctx, q.t("pin.confirm_last")+". "+q.t("tty.confirm", q.t("tty.yes"))); err != nil {
				return nil, err
			}
		case pin.Low && pin.Left >= 0:
			q.say("! %s", q.t("pin.left", pin.Left))
		case pin.Low:
			q.say("! %s", q.t("pin.low"))
		}
		var secret []byte
		if pin.Pad {
			q.say("%s", q.t("pin.pad_now"))
		} else {
			var err error
			if secret, err = q.secret(ctx, q.t("tty.pin")); err != nil || len(secret) == 0 {
				return nil, ErrCancelled
			}
		}
		keys, err := q.r.UnlockToken(ctx, t.ID, secret, pin.LastTry)
		clear(secret)
		runtime.KeepAlive(secret)
		code, other := q.trouble(err)
		if other != nil {
			return nil, other
		}
		if trouble := (*UnlockError)(nil); errors.As(err, &trouble) && trouble.PIN != nil {
			pin = *trouble.PIN
		}
		switch {
		case code == "":
			return keys, nil
		case code == UnlockWrongPIN && t.Factory != "":
			q.say("  %s", q.t(t.Factory))
		case code == UnlockPINFormat:
			if length := pinLength(q.lang, pin); length != "" {
				q.say("  %s", length)
			}
		}
		if code != UnlockWrongPIN && code != UnlockPINFormat && code != UnlockLastTry || !pin.usable() || pin.Pad {
			return nil, nil
		}
	}
}

// trouble says what went wrong inside the window; other errors end the question.
func (q *question) trouble(err error) (code string, other error) {
	var trouble *UnlockError
	switch {
	case err == nil:
		return "", nil
	case errors.As(err, &trouble):
		q.say("! %s. %s", q.t(trouble.Code), q.t(trouble.Code+".hint"))
		return trouble.Code, nil
	}
	return "", fmt.Errorf("%w: %w", ErrCancelled, err)
}
