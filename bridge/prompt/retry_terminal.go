package prompt

import (
	"context"

	"tanba/internal/i18n"
)

// Retry is part of the Progress of a terminal.
func (l *lines) Retry(ctx context.Context, short Shortfall) bool {
	q := l.q
	q.say("\n! %s. %s", q.t(short.reason()), q.t(short.again()))
	q.sayShortfall(&short)
	if short.Unlock == nil {
		return q.word(ctx, q.t("tty.again", q.t("tty.yes"))) == nil
	}
	// An empty PIN is a no, as everywhere on a terminal.
	r := *q.r
	r.UnlockToken = func(ctx context.Context, _ string, secret []byte, last bool) ([]Key, error) {
		return []Key{}, short.Unlock(ctx, secret, last)
	}
	again := *q
	again.r = &r
	keys, err := again.openPIN(ctx, Token{PIN: short.PIN})
	return err == nil && keys != nil
}

// Partly is part of the Progress of a terminal.
func (l *lines) Partly(short Shortfall) {
	l.q.say("")
	l.q.sayShortfall(&short)
}

// sayShortfall says which documents of several failed.
func (q *question) sayShortfall(short *Shortfall) {
	if !short.worthNaming() {
		return
	}
	const few = 20
	q.say("%s. %s", q.t("failed.partly", short.Signed, short.Total), i18n.N(q.lang, "retry.failed", len(short.Failed)+short.More))
	more := short.More
	for i, f := range short.Failed {
		if i == few {
			more += len(short.Failed) - few
			break
		}
		line := q.t("document.numbered", f.Document+1)
		if f.Document < len(q.r.Documents) && q.r.Documents[f.Document].Name != "" {
			line += " · " + plain(q.r.Documents[f.Document].Name)
		}
		if short.several() {
			line += ": " + q.t(f.Reason)
		}
		q.say("  %s", line)
	}
	if more > 0 {
		q.say("  %s", i18n.N(q.lang, "retry.more", more))
	}
	if n := short.waiting(); n > 0 {
		q.say("%s", i18n.N(q.lang, "retry.waiting", n))
	}
}
