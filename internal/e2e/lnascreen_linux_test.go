package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestChromiumSnippetAsking: in a window, Chromium asks the person, and the page
// can say so meanwhile; once it is allowed the page connects. Where nobody listens it does not ask, and the page does not
// speak of a question.
func TestChromiumSnippetAsking(t *testing.T) {
	d := startDisplay(t)
	b := startBridge(t)
	p := startLNAPortals(t, b.port)
	trustInNSS(t, chromiumNSS(b.Home), p.ca, b.CA)
	ctx := startChromium(t, b.Home, p.public(), chromedp.Flag("headless", false), chromedp.Env("DISPLAY="+d.Name), chromedp.WindowSize(1000, 700))
	c := &lnaBrowser{t, ctx, p.at(p.site)}
	wait := 2500
	run := func(port int) diagnosis {
		return c.run(c.origin, fmt.Sprintf(diagnose, fmt.Sprintf("{port: %d, wait: %d}", port, wait)))
	}
	wantDiagnosis(t, run(freePort(t)), "NOT_RUNNING", false)
	before := d.picture()
	wantDiagnosis(t, run(b.port), "LNA_BLOCKED.prompt", false)
	d.shot()
	if differing(before, d.picture()) < 5000 {
		t.Error("no question is on the screen")
	}

	wait = 20000
	clicked := make(chan error, 1)
	go func() {
		time.Sleep(2 * time.Second) // the person reads; the browser takes no click before that
		clicked <- d.xdotool("mousemove", "401", "228", "click", "1")
	}()
	wantDiagnosis(t, run(b.port), "OK", true)
	if err := <-clicked; err != nil {
		t.Error(err)
	}
	wait = 2500
	wantDiagnosis(t, run(b.port), "OK", true) // it does not ask again
}
