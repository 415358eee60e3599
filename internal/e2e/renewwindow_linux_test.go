package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/remote"
)

// windowFlags let a test look into the window that the program opens by itself.
var windowFlags = []string{"--trial-window", "--remote-debugging-port=0"}

// patience is how long anything may take before a test gives up: far more than a
// busy machine needs.
const patience = 90 * time.Second

// window is the real window of a bridge: its own browser process on the display,
// with the page that asks.
type window struct {
	t       *testing.T
	ctx     context.Context
	devices string // address of its DevTools
}

// awaitWindow waits until the bridge has opened one.
func (b *bridge) awaitWindow(t *testing.T) *window {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		files, _ := filepath.Glob(filepath.Join(b.State, "window", "*", "DevToolsActivePort"))
		for _, file := range files {
			text, err := os.ReadFile(file)
			port, _, ok := strings.Cut(string(text), "\n")
			if err != nil || !ok {
				continue
			}
			address := "http://127.0.0.1:" + port
			if id := pageOf(address); id != "" {
				if w, err := attach(t, address, id); err == nil {
					return w
				} // it is just loading
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("no window\n%s", b.log.String())
		}
	}
}

// pageOf returns the page that the browser at an address shows, "" = none.
func pageOf(address string) target.ID {
	client := http.Client{Timeout: 5 * time.Second}
	answer, err := client.Get(address + "/json/list")
	if err != nil {
		return "" // of a window that is gone
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	var list []struct {
		ID   target.ID `json:"id"`
		Type string    `json:"type"`
		URL  string    `json:"url"`
	}
	if err != nil || json.Unmarshal(text, &list) != nil {
		return ""
	}
	for _, p := range list {
		if p.Type == "page" && strings.HasPrefix(p.URL, "http://127.0.0.1:") {
			return p.ID
		}
	}
	return ""
}

func attach(t *testing.T, address string, id target.ID) (*window, error) {
	t.Helper()
	all, stopAll := remote.NewAllocator(context.Background(), address)
	ctx, stop := chromedp.NewContext(all, chromedp.WithTargetID(id), chromedp.WithDetachOnCancel())
	// The window has the keyboard, whatever the virtual desktop thinks.
	if _, err := chromedp.Call(ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}); err != nil {
		stop()
		stopAll()
		return nil, err
	}
	t.Cleanup(stopAll)
	t.Cleanup(stop)
	return &window{t: t, ctx: ctx, devices: address}, nil
}

// once waits until a script says true; the script does what it says in the same
// breath.
func (w *window) once(what, script string) {
	w.t.Helper()
	var err error
	for deadline := time.Now().Add(patience); ; time.Sleep(30 * time.Millisecond) {
		var done bool
		if done, err = chromedp.Run(w.ctx, chromedp.Evaluate[bool](script)); done {
			return
		}
		if time.Now().After(deadline) {
			break
		}
	}
	text, _ := chromedp.Run(w.ctx, chromedp.Evaluate[string](`document.body.innerText`))
	w.t.Fatalf("never: %s: %v\nthe window says\n%s", what, err, text)
}

// press presses a button when it can be pressed.
func (w *window) press(selector string) {
	w.t.Helper()
	w.once("a button "+selector, fmt.Sprintf(`(() => {
		const b = document.querySelector(%q);
		if (!b || b.disabled || b.getAttribute('aria-disabled') === 'true') return false;
		b.click();
		return true;
	})()`, selector))
}

// see waits for something to be there.
func (w *window) see(selector string) {
	w.t.Helper()
	w.once(selector, fmt.Sprintf(`!!document.querySelector(%q)`, selector))
}

// enter types a text into a field, in one breath: the page may draw itself anew
// and give the keyboard to another field at any time.
func (w *window) enter(selector, text string) {
	w.t.Helper()
	w.once("typing into "+selector, fmt.Sprintf(`(() => {
		const f = document.querySelector(%q);
		if (!f) return false;
		f.focus();
		f.select();
		document.execCommand('insertText', false, %q);
		return f.isConnected && f.value === %q;
	})()`, selector, text, text))
}

// yes opens what was chosen and agrees: the last button needs its second.
func (w *window) yes() {
	w.t.Helper()
	w.press(`button.primary`)
	w.see(`input[name=key]:checked`)
	w.press(`button.primary`)
	w.gone()
}

// gone waits until the window has closed by itself.
func (w *window) gone() {
	w.t.Helper()
	for deadline := time.Now().Add(patience); pageOf(w.devices) != ""; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			text, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](`document.body.innerText`))
			w.t.Fatalf("the window stays: %v\n%s", err, text)
		}
	}
}

// file chooses a key file by its path: one of those the window offers, or another.
func (w *window) file(path string) {
	w.t.Helper()
	w.see(`footer button.main, .choice`)
	w.once("the choice of a file", fmt.Sprintf(`(() => {
		const known = document.querySelector('label[title="' + CSS.escape(%q) + '"]');
		(known || document.querySelector('[data-focus=browse]'))?.click();
		return !!(known || document.querySelector('[data-focus=path]'));
	})()`, path))
	w.once("the file", fmt.Sprintf(`(() => {
		if (document.querySelector('#password')) return true;
		const typed = document.querySelector('[data-focus=path]'), go = document.querySelector('[data-focus=go]');
		if (!typed || !go) return false;
		typed.value = %q;
		typed.dispatchEvent(new Event('input'));
		go.click();
		return false;
	})()`, path))
}
