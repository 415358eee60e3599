package prompt

import (
	"testing"
	"time"
)

// Who closes the window while the work is going on means Stop, be it a window
// whose browser ends or a tab that is not heard of any more.
func TestClosedWhileWorkingStops(t *testing.T) {
	for _, c := range []struct {
		name  string
		gone  time.Duration
		close func(*window)
	}{
		{"the browser ends", time.Minute, func(w *window) { close(w.closed) }},
		{"the page is silent", 3 * time.Second, func(*window) {}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := open(t, minimal(), func(o *WebOptions) { o.Gone = c.gone })
			w.exchange()
			w.unlock("/x.p12", "Qwerty12")
			w.look()
			if code, data, _ := w.send("POST", "/approve", map[string]any{"key": "a"}); code != 200 {
				t.Fatalf("approve: %d %s", code, data)
			}
			d, err := w.wait()
			if err != nil {
				t.Fatal(err)
			}
			w.send("POST", "/poll", map[string]string{"tag": ""})
			select {
			case <-d.Progress.Stopped():
				t.Error("stopped while the page was there")
			default:
			}
			c.close(w)
			select {
			case <-d.Progress.Stopped():
			case <-time.After(time.Minute):
				t.Fatal("the work goes on")
			}
			select {
			case <-w.window.Done():
				t.Error("the window's server ended before the work")
			default:
			}
			d.Progress.Finish(FailedStopped)
			select {
			case <-w.window.Done():
			case <-time.After(time.Minute):
				t.Error("the window was left open")
			}
		})
	}
}
