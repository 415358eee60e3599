package e2e

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"tanba/internal/pki"
	"tanba/internal/testoracle"
	"tanba/internal/testpki"
)

// renewal is a person who renews a key on the bridge's own pages.
type renewal struct {
	t *testing.T
	*look
	b *bridge
	p *portal
	issuer
	axe string // the accessibility checker, "" = nobody looks at the pages
}

// startRenewal starts a bridge with its real windows, and a browser that trusts it.
func startRenewal(t *testing.T, i issuer, prepare func(b *bridge)) *renewal {
	t.Helper()
	screen := startDisplay(t)
	b := newBridge(t, freePort(t))
	b.env = []string{"DISPLAY=" + screen.Name}
	b.hide("a password", []byte(oldPassword), []byte(newPassword))
	if prepare != nil {
		prepare(b)
	}
	r := &renewal{t: t, b: b, p: startPortal(t), issuer: i}
	r.run()
	t.Cleanup(func() { b.stop(t) })
	trustInNSS(t, chromiumNSS(b.Home), r.p.CA, b.CA)
	r.look = &look{t: t, ctx: startChromium(t, b.Home), url: "https" + strings.TrimPrefix(b.URL, "wss")}
	if _, err := chromedp.Call(r.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: onEveryPage}); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *renewal) run() {
	r.t.Helper()
	root := filepath.Join(r.t.TempDir(), "root.pem")
	if err := os.WriteFile(root, r.root.PEM(), 0o600); err != nil {
		r.t.Fatal(err)
	}
	binary := scripted.binary(r.t)
	if beside := filepath.Join(r.b.Home, "bin", "tanba"); fileThere(beside) {
		binary = beside
	}
	r.b.run(r.t, binary, append([]string{"--trial-root", root, "--lang", "en"}, windowFlags...)...)
}

func fileThere(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// press presses the button of the page with a label, once it is there.
func (r *renewal) press(label string) {
	r.t.Helper()
	r.until(`(() => {
		const b = [...document.querySelectorAll('main button, nav a')].find((b) => b.textContent === '` + label + `' && !b.disabled);
		b?.click();
		return b;
	})()`)
}

// renews goes through the page from the old key to the new one. Between the
// request and its certificate the page is left and the computer switched off.
func (r *renewal) renews(openOld, place, openNew func(*window)) *pki.Certificate {
	r.t.Helper()
	settledIn := func() { r.t.Helper(); r.until(`!document.querySelector('main .renew [role=status]')`) }
	r.do(chromedp.Navigate(r.url + "/?lang=en"))
	r.press("Renewal")
	r.press("Choose the key")
	openOld(r.b.awaitWindow(r.t))
	r.until(`document.querySelector('main').innerText.includes('ТЕСТОВ ТЕСТ · valid until')`)
	r.pictured("/keys", "keys-ends", `document.querySelector('main li a.button')`)
	r.pictured("/renew", "renew-key", `document.querySelector('.steps li:nth-child(2) button:not(:disabled)')`)

	if ask1[bool](r.look, `!!document.querySelector('.renew input[type=checkbox]')`) {
		ask1[bool](r.look, `document.querySelector('.renew input[type=checkbox]').click() === undefined`)
	}
	r.press("Make the key and request")
	place(r.b.awaitWindow(r.t))
	r.until(`document.querySelector('section.card')`)
	settledIn()

	r.press("Sign")
	openOld(r.b.awaitWindow(r.t))
	r.until(`[...document.querySelectorAll('section.card li')].some((l) => l.innerText.includes('Signed'))`)
	settledIn()
	r.do(chromedp.SendKeys(`section.card input[type=text]`, "N-20261123/7"))
	r.press("Keep")
	r.until(`document.getElementById('live').textContent === 'The number is kept'`)
	r.pictured("/renew", "renew-request", `document.querySelector('section.card input[type=text]')`)

	ask1[bool](r.look, keepSaved)
	r.press("Save the request")
	r.until(`window.saved.length === 1`)
	request := ask1[string](r.look, `window.saved[0]`)
	r.press("Save the signed request")
	r.until(`window.saved.length === 2`)

	r.do(chromedp.Navigate("about:blank"))
	r.b.end(r.t)
	leaf, issuing := r.issue(r.t, []byte(request))
	r.run()
	r.do(chromedp.Navigate(r.url + "/renew?lang=en"))
	r.until(`document.querySelector('section.card input[type=text]')?.value === 'N-20261123/7'`)
	r.until(`document.querySelector('section.card').innerText.includes('Signed')`)

	folder := r.t.TempDir()
	var files []string
	for name, c := range map[string]*pki.Certificate{"certificate.cer": leaf, "issuer.cer": issuing} {
		files = append(files, filepath.Join(folder, name))
		if err := os.WriteFile(files[len(files)-1], c.Raw, 0o600); err != nil {
			r.t.Fatal(err)
		}
	}
	r.do(chromedp.SetUploadFiles(`section.card input[type=file]`, files))
	r.press("Install")
	openNew(r.b.awaitWindow(r.t))
	r.until(`document.querySelector('.card.well')?.innerText.includes('Done: the new key is valid until')`)
	r.until(`!document.querySelector('section.card')`)
	r.pictured("/renew", "renew-done", `document.querySelector('.card.well')`)
	return leaf
}

// pictured looks at a page in every language, width and colour, and comes back to
// the renewal in English.
func (r *renewal) pictured(path, name, ready string) {
	r.t.Helper()
	if r.axe == "" {
		return
	}
	for _, lang := range []string{"kk", "ru", "en"} {
		r.size(1280, "light")
		r.open(path + "?lang=" + lang)
		r.until(ready)
		for scheme, wide := range map[string]int64{"light": 1280, "dark": 360} {
			r.size(wide, scheme)
			r.fits(fmt.Sprintf("%s, %s, %s, %d px", name, lang, scheme, wide))
			r.shoot(fmt.Sprintf("page-%s-%s-%s", name, lang, scheme), r.b, key{Path: filepath.Join(r.b.Home, "keys", "x")})
			if lang == "en" {
				r.accessible(name, r.axe)
			}
		}
	}
	r.noCyrillic(name)
	r.size(1280, "light")
	if path != "/renew" {
		r.open("/renew?lang=en")
	}
}

// signs lets a page of a portal ask for a signature with the new key.
func (r *renewal) signs(k key, agree func(*window)) {
	r.t.Helper()
	var plan []step
	for _, s := range signingPlan(k, judges{others: []otherJudge{opensslJudge}}) {
		if s.name == "basics attached" {
			plan = append(plan, s)
		}
	}
	done := make(chan session, 1)
	r.t.Run("portal", func(t *testing.T) {
		go func() {
			defer close(done)
			done <- chromiumSession(t, r.ctx, r.p, r.b, calls(plan))
		}()
		w := r.b.awaitWindow(t)
		agree(w)
		judge(t, <-done, plan)
	})
}

// TestRenewalFile: a key file that ends in ten days becomes a new one, from the
// first page to a signature on a portal, by the buttons of the real page and the
// real windows. The new file lies where this desktop has its documents.
func TestRenewalFile(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a person's time")
	}
	t.Parallel() // most of it is waiting for windows
	authority, err := testpki.New(rand.Reader, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	id, err := authority.Issue(expiring())
	if err != nil {
		t.Fatal(err)
	}
	store, name, err := authority.PKCS12(id, []byte(oldPassword))
	if err != nil {
		t.Fatal(err)
	}
	i := ownIssuer(t, authority, pki.GOST512)
	if sharedThere() {
		i = otherIssuer(t)
	}
	var old, documents string
	r := startRenewal(t, i, func(b *bridge) {
		documents = filepath.Join(b.Home, "Құжаттар")
		for path, data := range map[string][]byte{
			filepath.Join(documents, name):                     store,
			filepath.Join(b.Home, ".config", "user-dirs.dirs"): []byte("XDG_DOCUMENTS_DIR=\"$HOME/Құжаттар\"\n"),
		} {
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		old = filepath.Join(documents, name)
	})
	r.axe = axe(t)
	openOld := func(w *window) {
		w.file(old)
		w.enter(`#password`, oldPassword)
		w.yes()
	}
	leaf := r.renews(openOld,
		func(w *window) {
			w.press(`#fresh`)
			w.enter(`#new-password`, newPassword)
			w.enter(`#new-again`, newPassword)
			w.yes()
		},
		func(w *window) {
			w.enter(`#password`, newPassword)
			w.yes()
		})
	made, _ := filepath.Glob(filepath.Join(documents, "Tanba keys", "*"))
	if len(made) != 1 || !strings.HasPrefix(filepath.Base(made[0]), "GOST512_") {
		t.Fatalf("files %q", made)
	}
	if data, err := os.ReadFile(old); err != nil || !bytes.Equal(data, store) {
		t.Errorf("the old key file was touched: %v", err)
	}
	if sharedThere() {
		if got := testoracle.Java(t, "p12-open", made[0], newPassword); !got.Valid {
			t.Errorf("the oracle says %s", got.Output)
		}
	}
	k := key{Path: made[0], Password: newPassword, Certificate: leaf}
	r.signs(k, func(w *window) {
		w.file(k.Path)
		w.enter(`#password`, newPassword)
		w.yes()
	})
}
