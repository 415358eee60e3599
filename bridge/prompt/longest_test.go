package prompt

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// doubled makes every text of the catalogue twice as long on its way to the page.
const doubled = `
const real = window.fetch;
window.fetch = async (...a) => {
	const r = await real(...a);
	const v = await r.clone().json().catch(() => null);
	if (!v?.texts) return r;
	for (const language of Object.values(v.texts)) for (const k in language) {
		if (typeof language[k] === 'string') language[k] += ' ' + language[k];
	}
	return Response.json(v);
};`

// TestLongestText: with texts twice as long nothing is cut, and the buttons stay
// in sight.
func TestLongestText(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	ctx := tab(t)
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: doubled}); err != nil {
		t.Fatal(err)
	}
	tried := []string{"02-first-visit", "07-key", "09-none-fits", "11-ended", "14-many", "22-done", "25-gone", "46-token-last-try", "62-always", "64-block", "66-new-key", "69-retry-token", "72-retry-several", "73-documents-at-fault"}
	for _, s := range scenes {
		if !slices.Contains(tried, s.name) {
			continue
		}
		tried = slices.DeleteFunc(tried, func(name string) bool { return name == s.name })
		t.Run(s.name, func(t *testing.T) {
			r := sampleRequest()
			r.Locale = "kk"
			s.request(r)
			w := NewWeb(WebOptions{Open: in(ctx), Now: func() time.Time { return now }, Gone: time.Minute, Breath: time.Minute})
			asked, cancel := context.WithCancel(context.Background())
			defer cancel()
			go func() {
				d, err := w.Approve(asked, r)
				if err == nil && s.work != nil {
					s.work(d.Progress)
					<-asked.Done()
					d.Progress.Finish(FailedStopped)
				}
			}()
			do(t, ctx, ready)
			do(t, ctx, s.steps...)
			title, err := chromedp.Run(ctx, chromedp.Evaluate[string](`[...document.querySelectorAll('footer button')].pop().textContent`))
			if half := len(title) / 2; err != nil || len(title) < 3 || title[:half] != title[half+1:] {
				t.Fatalf("the texts are not doubled: %q, %v", title, err)
			}
			fits(t, ctx, "texts twice as long")
		})
	}
	if len(tried) > 0 {
		t.Errorf("no such scenes: %v", tried)
	}
}
