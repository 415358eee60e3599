package prompt

import (
	"bytes"
	"context"
	"runtime"
)

// withKey: the yes needs a key that was opened, or stands for a new one.
func (p Purpose) withKey() bool {
	switch p {
	case Sign, ShowKey, MakeKey, InstallCertificate:
		return true
	}
	return false
}

// viewFacts are the facts of a request; names are catalogue keys.
func viewFacts(facts []Field) []viewFact {
	out := make([]viewFact, 0, len(facts))
	for _, f := range facts {
		out = append(out, viewFact{f.Key, f.Name, each(func(l string) string { return f.in(l) })})
	}
	return out
}

type viewFact struct {
	Key   string `json:"key"`
	Name  string `json:"name"`
	Value local  `json:"value"`
}

// in is the value of a fact in a language.
func (f Field) in(lang string) string {
	if f.Key == "fact.algorithm" {
		return algorithm(lang, f.Value)
	}
	return f.Value
}

// sayFacts lists what is said of a new key or certificate on the terminal.
func (q *question) sayFacts() {
	for _, f := range q.r.Facts {
		name := plain(f.Name)
		if f.Key != "" {
			name = q.t(f.Key)
		}
		q.say("  %s: %s", name, plain(f.in(q.lang)))
	}
}

// openNew asks where a new key is to live: in a file of its own, under a password
// typed twice, or on a token.
func (q *question) openNew(ctx context.Context) ([]Key, error) {
	for {
		if q.r.NewFile == nil {
			return q.open(ctx) // a token, for there are no files
		}
		q.say("  %s", q.t("new.safer"))
		ask := q.t("tty.new_place", q.r.Folder)
		if q.r.Tokens != nil {
			ask = q.t("tty.new_place_token", q.r.Folder, q.t("tty.token"))
		}
		place, err := q.line(ctx, ask)
		if err != nil {
			return nil, ErrCancelled
		}
		if q.r.Tokens != nil && place == q.t("tty.token") {
			if keys, err := q.openToken(ctx); err != nil || keys != nil {
				return keys, err
			}
			continue
		}
		if place == "" {
			place = q.r.Folder
		}
		q.say("  %s", q.t("new.lost"))
		secret, err := q.newSecret(ctx)
		if err != nil {
			return nil, err
		}
		keys, err := q.r.NewFile(ctx, expand(place), secret)
		clear(secret)
		runtime.KeepAlive(secret)
		if code, err := q.trouble(err); err != nil {
			return nil, err
		} else if code == "" {
			return keys, nil
		}
	}
}

// newSecret asks for a new password until it was typed twice alike.
func (q *question) newSecret(ctx context.Context) ([]byte, error) {
	for {
		secret, err := q.secret(ctx, q.t("new.password"))
		if err != nil || len(secret) == 0 {
			return nil, ErrCancelled
		}
		again, err := q.secret(ctx, q.t("new.again"))
		same := bytes.Equal(secret, again)
		clear(again)
		runtime.KeepAlive(again)
		switch {
		case err == nil && same:
			return secret, nil
		case err == nil:
			q.say("! %s", q.t("new.differ"))
		}
		clear(secret)
		runtime.KeepAlive(secret)
		if err != nil {
			return nil, ErrCancelled
		}
	}
}
