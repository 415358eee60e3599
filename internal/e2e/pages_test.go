package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"tanba/bridge/pages"
	"tanba/internal/pki"
)

// usedBridge is one that two sites have asked to sign and a third to log in;
// signature is what the first of them got.
func usedBridge(t *testing.T) (b *bridge, k key, signature []byte) {
	t.Helper()
	k = throwawayKey(t, pki.GOST512)
	b = startBridge(t, approve(k))
	for _, origin := range []string{"https://portal.test", "https://cabinet.salyk.kz", "https://egov.kz"} {
		conn := b.dial(t, origin)
		request := fmt.Sprintf(`{"module":"kz.gov.pki.knca.commonUtils","method":"createCAdESFromBase64","args":["PKCS12","SIGNATURE",%q,true]}`,
			base64.StdEncoding.EncodeToString([]byte("contract of "+origin)))
		var reply struct {
			Code           string
			ResponseObject string
			Message        string
		}
		text := ask(t, conn, request)
		if err := json.Unmarshal([]byte(text), &reply); err != nil || reply.ResponseObject == "" {
			t.Fatalf("%v: %s", err, text)
		}
		signature = []byte(reply.ResponseObject)
	}
	return b, k, signature
}

// TestPagesLook: every page in every language, light and dark, narrow and wide:
// nothing is cut, nothing goes wrong, nothing against WCAG 2.2 AA, everything by
// keyboard, and with texts twice as long.
func TestPagesLook(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	checker := axe(t)
	b, k, signature := usedBridge(t)
	good, bad := signedFiles(t, signature)
	l := lookAt(t, b)
	for _, path := range pages.Paths {
		if path == "/renew" && !pageServed(t, "renew") {
			continue
		}
		name := strings.TrimPrefix(path, "/")
		if name == "" {
			name = "status"
		}
		for _, lang := range []string{"kk", "ru", "en"} {
			l.size(1280, "light")
			l.open(path + "?lang=" + lang)
			if path == "/verify" {
				l.do(chromedp.SetUploadFiles(`#files`, []string{good, bad}))
				l.until(`document.querySelectorAll('.verdict').length === 2`)
			}
			for _, scheme := range []string{"light", "dark"} {
				for _, wide := range []int64{1280, 360} {
					where := fmt.Sprintf("%s, %s, %s, %d px", path, lang, scheme, wide)
					l.size(wide, scheme)
					l.fits(where)
					if (scheme == "dark") == (wide == 360) {
						l.accessible(where, checker)
					}
					if wide == 1280 && (scheme == "light" || lang == "ru") {
						l.shoot(fmt.Sprintf("page-%s-%s-%s", name, lang, scheme), b, k)
					}
					if wide == 360 && scheme == "light" && lang == "kk" {
						l.shoot(fmt.Sprintf("page-%s-%s-narrow", name, lang), b, k)
					}
				}
			}
			if lang == "en" {
				l.noCyrillic(path)
			}
			if lang == "ru" {
				l.size(1280, "light")
				l.byKeyboard(path)
			}
		}
		l.open(path + "?lang=kk#longest")
		for _, wide := range []int64{360, 1280} {
			l.size(wide, "light")
			l.fits(fmt.Sprintf("%s, texts twice as long, %d px", path, wide))
		}
	}
	l.size(360, "light")
	l.open("/?lang=en")
	l.do(chromedp.Click(`.menu`), chromedp.WaitVisible(`nav a[href="/journal"]`))
	l.fits("the list of pages in a narrow window")
	l.accessible("the list of pages in a narrow window", checker)
}

// pageServed: a page listed by the handler has its script.
func pageServed(t *testing.T, name string) bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "bridge", "web", "pages", "app.js"))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Contains(text, []byte("'/"+name+"'"))
}

// signedFiles are a signature and one whose content was changed.
func signedFiles(t *testing.T, signature []byte) (good, bad string) {
	t.Helper()
	der := derOf(t, string(signature))
	changed := bytes.Replace(der, []byte("contract"), []byte("kontract"), 1)
	if bytes.Equal(der, changed) {
		t.Fatal("the content is not in the signature")
	}
	dir := t.TempDir()
	good, bad = filepath.Join(dir, "contract.cms"), filepath.Join(dir, "changed.cms")
	for path, data := range map[string][]byte{good: der, bad: changed} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return good, bad
}

// keepSaved takes what the page offers to save where it makes it.
const keepSaved = `(() => { window.saved = []; const make = URL.createObjectURL; URL.createObjectURL = (b) => { b.text().then((t) => saved.push(t)); return make(b); }; return true; })()`

// TestPagesWork: what the pages offer is done.
func TestPagesWork(t *testing.T) {
	b, _, signature := usedBridge(t)
	good, bad := signedFiles(t, signature)
	l := lookAt(t, b)
	l.size(1280, "light")
	text := func(selector string) string {
		return ask1[string](l, `(document.querySelector(`+fmt.Sprintf("%q", selector)+`) || {innerText: ''}).innerText`)
	}
	press := func(label string) {
		t.Helper()
		if !ask1[bool](l, fmt.Sprintf(`(() => { const b = [...document.querySelectorAll('main button, main a.button')].find((b) => b.textContent === %q); b?.click(); return !!b; })()`, label)) {
			t.Fatalf("no button %q in\n%s", label, text("main"))
		}
	}

	l.open("/permissions?lang=en")
	if n := ask1[int](l, `document.querySelectorAll('main li').length`); n != 3 {
		t.Errorf("%d permissions, want 3:\n%s", n, text("main"))
	}
	press("Revoke")
	l.until(`document.querySelectorAll('main li').length === 2`)
	press("Block")
	press("Press again to confirm")
	l.until(`document.querySelector('main h2 ~ ul, main h2 + ul') && document.querySelector('main').innerText.includes('Blocked on')`)
	press("Unblock")
	l.until(`!document.querySelector('main').innerText.includes('Blocked on')`)

	l.open("/journal?lang=en")
	l.do(chromedp.SendKeys(`#search`, "salyk"))
	l.until(`document.querySelectorAll('main ul.entries > li').length === 1`)
	ask1[bool](l, keepSaved)
	press("Save CSV")
	press("Save JSON")
	l.until(`window.saved.length === 2`)
	if all := ask1[string](l, `window.saved.join('\n')`); !strings.Contains(all, "salyk.kz") || strings.Contains(all, "egov.kz") {
		t.Errorf("saved: %s", all)
	}
	press("Clear the journal")
	press("Press again to confirm")
	l.until(`!document.querySelector('main ul.entries > li')`)

	l.open("/settings?lang=en")
	l.do(chromedp.SendKeys(`#phrase`, "blue camel"))
	press("Save")
	l.until(`document.querySelector('form .notice:not([hidden])')`)
	l.open("/settings?lang=en")
	if got := ask1[string](l, `document.getElementById('phrase').value`); got != "blue camel" {
		t.Errorf("the phrase is %q", got)
	}
	l.do(chromedp.SendKeys(`#port`, "80"))
	press("Save")
	l.until(`document.querySelector('form .notice.danger')?.innerText.includes('1024')`)

	l.open("/verify?lang=en")
	ask1[bool](l, keepSaved)
	ask1[bool](l, `document.getElementById('online').click(); true`)
	l.do(chromedp.SetUploadFiles(`#files`, []string{good}))
	l.until(`document.querySelectorAll('.verdict').length === 1`)
	if got := text("main"); !strings.Contains(got, "ТЕСТОВ ТЕСТ") || !strings.Contains(got, "IIN 123456789011") || strings.Contains(got, "WRONG") || strings.Contains(got, "changed") {
		t.Errorf("a good signature:\n%s", got)
	}
	l.do(chromedp.SetUploadFiles(`#files`, []string{bad}))
	l.until(`document.querySelector('.verdict.bad')`)
	if got := text("main"); !strings.Contains(got, "changed after it was signed") {
		t.Errorf("a changed document:\n%s", got)
	}
	l.until(`window.saved.length === 2`)
	if report := ask1[string](l, `window.saved[1]`); !strings.Contains(report, "<html lang=\"en\">") || !strings.Contains(report, "changed.cms") {
		t.Errorf("the report to be saved: %s", report)
	}
	// Dropped, as a person does, with the document beside.
	ask1[bool](l, `(() => {
		const d = new DataTransfer();
		d.items.add(new File(['no signature'], 'note.txt'));
		document.querySelector('.drop').dispatchEvent(new DragEvent('drop', {dataTransfer: d, bubbles: true, cancelable: true}));
		return true;
	})()`)
	l.until(`document.querySelector('main').innerText.includes('note.txt')`)
	for _, trouble := range ask1[[]string](l, `window.troubles`) {
		t.Error(trouble)
	}
}
