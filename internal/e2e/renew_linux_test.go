package e2e

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"tanba/internal/csr"
	"tanba/internal/i18n"
	"tanba/internal/pki"
	"tanba/internal/settings"
	"tanba/internal/state"
	"tanba/internal/testdata"
	"tanba/internal/testoracle"
	"tanba/internal/testpki"
	"tanba/internal/testtoken"
)

const (
	oldPassword = "canary-Old-Qwerty12"
	newPassword = "canary-New-Qwerty34"
)

var owner = testpki.Profile{CommonName: "ТЕСТОВ ТЕСТ", Surname: "ТЕСТОВ", GivenName: "ТЕСТОВИЧ", IIN: "123456789011", Email: "test@example.kz"}

// expiring is the owner's profile for ten more days.
func expiring() testpki.Profile {
	p := owner
	p.NotBefore, p.NotAfter = time.Now().AddDate(-1, 0, 10), time.Now().AddDate(0, 0, 10)
	return p
}

// issuer is a certification authority of the tests.
type issuer struct {
	root  *pki.Certificate
	issue func(t *testing.T, request []byte) (leaf, issuing *pki.Certificate)
}

// ownIssuer is ours.
func ownIssuer(t *testing.T, a *testpki.Authority, family pki.Family) issuer {
	t.Helper()
	root, issuing := a.Root(), a.Issuing()
	if family == pki.RSA {
		var err error
		if root, issuing, err = a.RSA(); err != nil {
			t.Fatal(err)
		}
	}
	return issuer{root, func(t *testing.T, request []byte) (*pki.Certificate, *pki.Certificate) {
		t.Helper()
		r, err := csr.Parse(request)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := a.Certify(r.PublicKey, owner)
		if err != nil {
			t.Fatal(err)
		}
		return leaf, issuing
	}}
}

// otherIssuer is the Java oracle's stand-in of the national authority, which
// shares no code with us.
func otherIssuer(t *testing.T) issuer {
	t.Helper()
	folder := testdata.Shared(t, "oracle-pki")
	base := testoracle.Serve(t, folder)
	read := func(name string) *pki.Certificate {
		data, err := os.ReadFile(filepath.Join(folder, "trust", name))
		if err != nil {
			t.Fatal(err)
		}
		c, err := pki.ParseCertificate(data)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	issuing := read("nca_gost_oracle.cer")
	return issuer{read("root_gost_oracle.cer"), func(t *testing.T, request []byte) (*pki.Certificate, *pki.Certificate) {
		t.Helper()
		block, _ := pem.Decode(request)
		if block == nil {
			t.Fatalf("no request: %.80q", request)
		}
		answer, err := http.Post(base+"/issue?profile=individual", "application/pkcs10", bytes.NewReader(block.Bytes))
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("issue: %s %q %v", answer.Status, body, err)
		}
		leaf, err := pki.ParseCertificate(body)
		if err != nil {
			t.Fatal(err)
		}
		return leaf, issuing
	}}
}

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

// softPIN is that of the token.
const softPIN = "48151623"

// TestRenewalToken: the same with an RSA key on a token of SoftHSM, which is spoken
// to through the helper. The first key is made and certified on the terminal.
func TestRenewalToken(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a person's time")
	}
	t.Parallel() // most of it is waiting for windows
	module := softHSM(t)
	authority, err := testpki.New(rand.Reader, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	i := ownIssuer(t, authority, pki.RSA)
	var serial string
	r := startRenewal(t, i, func(b *bridge) { serial = tokenWithKey(t, b, module, authority, i.root) })
	r.b.hide("the PIN", []byte(softPIN))
	open := func(w *window) {
		w.once("the token", `(() => {
			const token = document.querySelector('#token-0');
			(token || document.querySelector('[data-focus=look]'))?.click();
			return !!token;
		})()`)
		w.enter(`#password`, softPIN)
		w.yes()
	}
	leaf := r.renews(open, open, open)
	k := key{Password: softPIN, Certificate: leaf, Serial: serial, Storage: "AKKaztokenStore"}
	r.signs(k, func(w *window) {
		w.once("the token", `(() => {
			const token = document.querySelector('#token-0');
			(token || document.querySelector('[data-focus=look]'))?.click();
			return !!token;
		})()`)
		w.enter(`#password`, softPIN)
		w.press(`button.primary`)
		// Both keys serve; the new one is told by its end, in the language the client asks for.
		w.once("the new key", fmt.Sprintf(`(() => {
			const l = [...document.querySelectorAll('label.choice.key')].find((l) => l.innerText.includes(%q));
			l?.click();
			return l?.querySelector('input').checked === true;
		})()`, i18n.DateUntil("ru", leaf.NotAfter)))
		w.press(`button.primary`)
		w.gone()
	})
}

// softHSM returns the path of the module.
func softHSM(t *testing.T) string {
	t.Helper()
	const module = "/usr/lib/softhsm/libsofthsm2.so"
	if _, err := exec.LookPath("softhsm2-util"); err != nil || !fileThere(module) {
		testdata.Missing(t, "softhsm2")
	}
	return module
}

// tokenWithKey makes a token, and on it a key that ends in ten days, with the
// program's own verbs. It returns the token's serial number.
func tokenWithKey(t *testing.T, b *bridge, module string, authority *testpki.Authority, root *pki.Certificate) string {
	t.Helper()
	programs, tokens := filepath.Join(b.Home, "bin"), filepath.Join(b.Home, "tokens")
	for _, dir := range []string{programs, tokens} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, from := range map[string]string{"tanba": scripted.binary(t), "tanba-token": testtoken.Helper(t)} {
		program, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(programs, name), program, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write := func(name string, data []byte) string {
		path := filepath.Join(b.Home, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	b.env = append(b.env, "SOFTHSM2_CONF="+write("softhsm2.conf", []byte("directories.tokendir = "+tokens+"\nlog.level = ERROR\n")))
	if out, status := b.runToEnd(t, "softhsm2-util", "--init-token", "--free", "--label", "TEST", "--so-pin", "87654321", "--pin", softPIN); status != 0 {
		t.Fatalf("softhsm2-util: %s", out)
	}
	if err := state.Dir(b.State).Create(); err != nil {
		t.Fatal(err)
	}
	if err := settings.Save(state.Dir(b.State), settings.Settings{Modules: []settings.Module{{Path: module, Storage: "AKKaztokenStore"}}}); err != nil {
		t.Fatal(err)
	}
	tanba := func(args ...string) string {
		t.Helper()
		cmd := b.command(filepath.Join(programs, "tanba"), append(args, "--state", b.State, "--lang", "en", "--json")...)
		var complaint bytes.Buffer
		cmd.Stderr = &complaint
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("tanba %q: %v\n%s%s", args, err, out, complaint.String())
		}
		return string(out)
	}
	serial := ""
	out := tanba("tokens")
	for lines := json.NewDecoder(strings.NewReader(out)); serial == ""; {
		var module struct {
			Slots []struct{ Token struct{ Serial string } }
		}
		if err := lines.Decode(&module); err != nil {
			t.Fatalf("tanba tokens: %v\n%s", err, out)
		}
		for _, s := range module.Slots {
			serial = cmp.Or(serial, s.Token.Serial)
		}
	}
	pin, request := write("pin", []byte(softPIN)), filepath.Join(b.Home, "old.csr")
	tanba("csr", "--subject", "CN=ТЕСТОВ ТЕСТ,SURNAME=ТЕСТОВ,SERIALNUMBER=IIN123456789011,C=KZ,G=ТЕСТОВИЧ", "--alg", "rsa2048",
		"--token", serial, "--password-file", pin, "--out", request)
	text, err := os.ReadFile(request)
	if err != nil {
		t.Fatal(err)
	}
	made, err := csr.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	old, err := authority.Certify(made.PublicKey, expiring())
	if err != nil {
		t.Fatal(err)
	}
	_, issuing, err := authority.RSA()
	if err != nil {
		t.Fatal(err)
	}
	tanba("import", "--token", serial, "--password-file", pin, "--roots", write("roots.pem", root.PEM()),
		"--cert", write("old.pem", append(old.PEM(), issuing.PEM()...)))
	os.Remove(pin)
	return serial
}

// sharedThere reports whether the independent authority can be asked; in CI it must.
func sharedThere() bool {
	root := os.Getenv("TANBA_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	return os.Getenv("CI") == "true" || fileThere(filepath.Join(root, "oracle", "oracle"))
}
