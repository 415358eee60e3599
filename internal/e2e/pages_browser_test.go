package e2e

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"tanba/internal/testscreen"
)

var screens = flag.String("screens", "", "write pictures of the pages to this folder")

// onEveryPage runs before the scripts of a page: it notes what goes wrong, and with
// #longest every text of the catalogue is twice as long.
const onEveryPage = `
window.troubles = [];
addEventListener('error', (e) => troubles.push('error: ' + e.message));
addEventListener('unhandledrejection', (e) => troubles.push('rejected: ' + e.reason));
addEventListener('securitypolicyviolation', (e) => troubles.push('policy: ' + e.violatedDirective + ' ' + e.blockedURI));
for (const f of ['error', 'warn']) console[f] = (...a) => troubles.push('console: ' + a.join(' '));
if (location.hash === '#longest') {
	const real = window.fetch;
	window.fetch = async (...a) => {
		const r = await real(...a);
		if (a[0] !== '/api/texts') return r;
		const v = await r.json();
		for (const k in v.texts) v.texts[k] += ' ' + v.texts[k];
		return Response.json(v);
	};
}`

// look is a browser on the bridge's own pages.
type look struct {
	t   *testing.T
	ctx context.Context
	url string
}

// lookAt starts a Chromium that trusts the bridge's CA as a person's does.
func lookAt(t *testing.T, b *bridge) *look {
	t.Helper()
	trustInNSS(t, chromiumNSS(b.Home), b.CA)
	l := &look{t: t, ctx: startChromium(t, b.Home), url: "https" + strings.TrimPrefix(b.URL, "wss")}
	if _, err := chromedp.Call(l.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: onEveryPage}); err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *look) do(steps ...chromedp.Action[chromedp.Void]) {
	l.t.Helper()
	for i, s := range steps {
		ctx, stop := context.WithTimeout(l.ctx, 40*time.Second)
		err := chromedp.Do(ctx, s)
		stop()
		if err != nil {
			text, _ := chromedp.Run(l.ctx, chromedp.Evaluate[string](`document.body.innerText`))
			l.t.Fatalf("step %d: %v\n%s", i, err, text)
		}
	}
}

// ask evaluates an expression, which may be a promise.
func ask1[T any](l *look, script string) T {
	l.t.Helper()
	ctx, stop := context.WithTimeout(l.ctx, 60*time.Second)
	defer stop()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		l.t.Fatalf("%.80s: %v", script, err)
	}
	return v
}

// until waits for an expression to hold.
func (l *look) until(expression string) {
	l.t.Helper()
	for deadline := time.Now().Add(90 * time.Second); ; {
		// A page that is being left has nobody to answer for it.
		if holds, err := chromedp.Run(l.ctx, chromedp.Evaluate[bool]("!!("+expression+")")); err == nil && holds {
			return
		}
		if time.Now().After(deadline) {
			l.t.Fatalf("never: %s\n%s\n%v", expression, ask1[string](l, `document.body.innerText`), ask1[[]string](l, `window.troubles`))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// settled: the page has its content, and nothing is being asked.
const settled = `document.querySelector('main') && document.querySelector('nav') && !document.querySelector('main > [role=status], .actions button:disabled')`

// open loads a page anew.
func (l *look) open(path string) {
	l.t.Helper()
	l.do(chromedp.Navigate("about:blank"), chromedp.Navigate(l.url+path))
	l.until(settled)
}

// size sets the width of the window in a colour scheme.
func (l *look) size(wide int64, scheme string) {
	l.t.Helper()
	high := int64(800)
	if wide < 500 {
		high = 740
	}
	l.do(chromedp.EmulateViewport(wide, high))
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}
	if _, err := chromedp.Call(l.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
		l.t.Fatal(err)
	}
}

// fits: nothing sticks out, no text is cut, no key stands for its text, nothing
// went wrong.
func (l *look) fits(where string) {
	l.t.Helper()
	for _, line := range ask1[[]string](l, `(() => {
		const out = [...window.troubles];
		const root = document.documentElement;
		if (root.scrollWidth > root.clientWidth) out.push('the page scrolls sideways: ' + root.scrollWidth + ' in ' + root.clientWidth);
		for (const e of document.querySelectorAll('body *')) {
			if (e.closest('.unseen, svg, [hidden], .skip') || !e.getClientRects().length) continue;
			const r = e.getBoundingClientRect();
			const who = e.tagName + '.' + e.className + ': ' + e.textContent.slice(0, 40);
			if (r.right > root.clientWidth + 1 || r.left < -1) out.push('sticks out: ' + who);
			const display = getComputedStyle(e).display;
			if (display !== 'inline' && e.tagName !== 'INPUT' && e.tagName !== 'SELECT' && e.clientWidth > 0 &&
				(e.scrollWidth > e.clientWidth + 1 || getComputedStyle(e).overflow === 'hidden' && e.scrollHeight > e.clientHeight + 1)) out.push('is cut: ' + who);
		}
		const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
		while (texts.nextNode()) if (/^(pages|verify|cli|doctor|role|key)\.[a-z_.]+$/.test(texts.currentNode.data.trim())) out.push('a key instead of its text: ' + texts.currentNode.data);
		return out;
	})()`) {
		l.t.Errorf("%s: %s", where, line)
	}
}

// noCyrillic: an English page speaks English; names of people and languages are
// what they are.
func (l *look) noCyrillic(where string) {
	l.t.Helper()
	for _, line := range ask1[[]string](l, `(() => {
		const out = [];
		const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
		while (texts.nextNode()) {
			const e = texts.currentNode.parentElement;
			if (e.closest('[lang=kk], [lang=ru], [translate=no], noscript, script, option')) continue;
			if (/[\u0400-\u04ff]/.test(texts.currentNode.data.replace(/ТЕСТОВ ТЕСТ|CN=[^,]*/g, ''))) out.push(texts.currentNode.data);
		}
		return out;
	})()`) {
		l.t.Errorf("%s: Cyrillic in English: %s", where, line)
	}
}

// axe is the accessibility checker's text, from the npm package.
func axe(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(nodeDir(t), "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// accessible asks axe for violations of WCAG 2.2, levels A and AA.
func (l *look) accessible(where, axe string) {
	l.t.Helper()
	if !ask1[bool](l, `!!window.axe`) {
		ask1[bool](l, axe+"\n;true")
	}
	for _, line := range ask1[[]string](l, `axe.run(document, {runOnly: {type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']}, resultTypes: ['violations']})
		.then((r) => r.violations.flatMap((v) => v.nodes.map((n) => v.id + ': ' + n.target + ': ' + n.failureSummary)))`) {
		l.t.Errorf("%s: axe: %s", where, line)
	}
}

// byKeyboard walks the page with Tab and misses nothing that can be worked.
func (l *look) byKeyboard(where string) {
	l.t.Helper()
	count := ask1[int](l, `(() => {
		document.activeElement.blur();
		window.reached = new Set();
		window.wanted = [...document.querySelectorAll('a[href], button, input, select, summary')].filter((e) => !e.disabled && !e.closest('[hidden]') && e.getClientRects().length);
		document.addEventListener('focusin', (e) => {
			reached.add(e.target);
			const s = getComputedStyle(e.target);
			if (s.outlineStyle === 'none' || parseFloat(s.outlineWidth) < 1) troubles.push('no mark of the focus on ' + e.target.outerHTML.slice(0, 80));
		});
		return wanted.length;
	})()`)
	if count < 5 {
		l.t.Errorf("%s: only %d things to work", where, count)
	}
	l.do(chromedp.KeyEvent(strings.Repeat("\t", count+4)))
	for _, line := range ask1[[]string](l, `[...wanted.filter((e) => !reached.has(e)).map((e) => e.outerHTML.slice(0, 120)), ...troubles]`) {
		l.t.Errorf("%s: by keyboard: %s", where, line)
	}
}

// shoot keeps a picture, with the folders of a person in place of the test's.
func (l *look) shoot(name string, b *bridge, k key) {
	l.t.Helper()
	if *screens == "" {
		return
	}
	places, err := json.Marshal([][2]string{
		{filepath.Dir(k.Path), "/home/test/keys"}, {b.State, "/home/test/.local/state/tanba"}, {b.Home, "/home/test"}, {fmt.Sprint(b.port), "13579"},
	})
	if err != nil {
		l.t.Fatal(err)
	}
	ask1[bool](l, `((places) => {
		const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
		while (texts.nextNode()) for (const [from, to] of places) texts.currentNode.data = texts.currentNode.data.replaceAll(from, to);
		document.activeElement.blur();
		return true;
	})(`+string(places)+`)`)
	png, err := chromedp.Run(l.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		l.t.Fatal(err)
	}
	if err := testscreen.Write(filepath.Join(*screens, name+".png"), png); err != nil {
		l.t.Fatal(err)
	}
}
