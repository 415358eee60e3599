package prompt

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tanba/internal/i18n"
)

const unknownRevocation = "notice.revocation_unknown"

// A notice is shown and changes nothing, but the window stays to be read.
func TestNotice(t *testing.T) {
	w, d := approved(t)
	if n := d.Progress.(*session).breaths(); n != 1 {
		t.Errorf("%d breaths without a notice", n)
	}
	d.Progress.(interface{ Notice(string) }).Notice(unknownRevocation)
	if n := d.Progress.(*session).breaths(); n != reading {
		t.Errorf("%d breaths with a notice", n)
	}
	_, data, _ := w.send("POST", "/poll", map[string]string{"tag": ""})
	if !bytes.Contains(data, []byte(unknownRevocation)) || !bytes.Contains(data, []byte(`"state":"work"`)) {
		t.Errorf("poll: %s", data)
	}
	select {
	case <-d.Progress.Stopped():
		t.Error("a notice stopped the work")
	default:
	}
}

func TestNoticeInBrowser(t *testing.T) {
	ctx := tab(t)
	got := make(chan Decision, 1)
	go func() {
		d, _ := NewWeb(WebOptions{Open: in(ctx), Breath: time.Minute}).Approve(context.Background(), minimal())
		got <- d
	}()
	do(t, ctx, ready, unlock, chromedp.Click(`button.primary`))
	d := <-got
	d.Progress.(*session).Notice(unknownRevocation)
	do(t, ctx, chromedp.WaitVisible(`progress`), chromedp.WaitVisible(`.notice.warn`))
	d.Progress.Finish("")
	do(t, ctx, chromedp.WaitVisible(`[data-focus=close]`), chromedp.WaitVisible(`.notice.warn`))
	text, err := chromedp.Run(ctx, chromedp.Text(`.notice.warn`))
	if err != nil || !strings.Contains(text, i18n.T("ru", unknownRevocation)) {
		t.Errorf("the end says %q, %v", text, err)
	}
}

func TestNoticeOnATerminal(t *testing.T) {
	term, out := typed("")
	l := &lines{q: &question{terminal: term, r: minimal(), lang: "en"}, stopped: make(chan struct{})}
	l.Notice(unknownRevocation)
	if !strings.Contains(out.String(), i18n.T("en", unknownRevocation)) {
		t.Errorf("said %q", out)
	}
}
