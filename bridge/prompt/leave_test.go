package prompt

import (
	"context"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// The page that is closed during the work says Stop by itself; nothing waits for
// its silence. The keys that load a page again do nothing.
func TestClosedPageSaysStop(t *testing.T) {
	for _, name := range []string{"work", "retry"} {
		t.Run(name, func(t *testing.T) {
			ctx := tab(t)
			got := make(chan Decision, 1)
			go func() {
				d, _ := NewWeb(WebOptions{Open: in(ctx), Gone: time.Hour}).Approve(context.Background(), minimal())
				got <- d
			}()
			do(t, ctx, ready, unlock, chromedp.Click(`button.primary`))
			d := <-got
			defer d.Progress.Finish(FailedStopped)
			do(t, ctx, chromedp.WaitVisible(`progress`))
			if name == "retry" {
				go d.Progress.(*session).Retry(context.Background(), shortOf(FailedTimestamp))
				do(t, ctx, chromedp.WaitVisible(`[data-focus=again]`))
			}
			for _, key := range []string{`{key: 'F5'}`, `{key: 'r', code: 'KeyR', ctrlKey: true}`, `{key: 'к', code: 'KeyR', ctrlKey: true}`, `{key: 'r', code: 'KeyR', metaKey: true}`} {
				free, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`dispatchEvent(new KeyboardEvent('keydown', Object.assign({cancelable: true}, `+key+`)))`))
				if err != nil || free {
					t.Errorf("%s loads the page again (%v)", key, err)
				}
			}
			select {
			case <-d.Progress.Stopped():
				t.Fatal("stopped while the page was there")
			default:
			}
			do(t, ctx, chromedp.Navigate("about:blank"))
			select {
			case <-d.Progress.Stopped():
			case <-time.After(20 * time.Second):
				t.Error("the work goes on")
			}
		})
	}
}
