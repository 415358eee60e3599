package pages

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tanba/bridge/consent"
	"tanba/internal/csr"
	"tanba/internal/state"
	"tanba/internal/testdata"
	"tanba/internal/testpki"
	"tanba/keystore"
)

// tab starts a headless Chromium that trusts the authority of a test's server the
// way a person's does: it is in the NSS database of a home of its own.
func tab(t *testing.T, authority *x509.Certificate) context.Context {
	t.Helper()
	home := t.TempDir()
	database := "sql:" + filepath.Join(home, ".pki", "nssdb")
	file := filepath.Join(home, "authority.pem")
	if err := errors.Join(os.MkdirAll(filepath.Join(home, ".pki", "nssdb"), 0o700),
		os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.Raw}), 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("certutil"); err != nil {
		testdata.Missing(t, "certutil (libnss3-tools)")
	}
	for _, args := range [][]string{{"-N", "--empty-password"}, {"-A", "-n", "test", "-t", "C,,", "-i", file}} {
		if out, err := exec.Command("certutil", append([]string{"-d", database}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("certutil %v: %v: %s", args, err, out)
		}
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		testdata.Missing(t, "chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()),
		chromedp.WindowSize(900, 900), chromedp.DisableGPU, chromedp.Flag("no-proxy-server", true),
		chromedp.Env("HOME="+home, "XDG_CONFIG_HOME=", "XDG_CACHE_HOME=", "XDG_DATA_HOME="))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator, chromedp.WithErrorf(t.Logf))
	ctx, timeout := context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(func() { timeout(); cancel(); stop() })
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(900, 900)); err != nil {
		t.Fatalf("chromium does not start: %v", err)
	}
	return ctx
}

// TestRenewalInBrowser: a person goes through the page, from a key that ends to a
// signature with the new one.
func TestRenewalInBrowser(t *testing.T) {
	a, err := testpki.New(nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	who := testpki.Profile{Surname: "ТЕСТОВ", GivenName: "ТЕСТ", IIN: "123456789011"}
	soon := who
	soon.NotBefore, soon.NotAfter = time.Now().AddDate(-1, 0, 10), time.Now().AddDate(0, 0, 10)
	id, err := a.Issue(soon)
	if err != nil {
		t.Fatal(err)
	}
	store, name, err := a.PKCS12(id, []byte("Qwerty12"))
	if err != nil {
		t.Fatal(err)
	}
	p := &holder{t: t, old: filepath.Join(t.TempDir(), name), folder: filepath.Join(t.TempDir(), "Tanba keys")}
	if err := os.WriteFile(p.old, store, 0o600); err != nil {
		t.Fatal(err)
	}
	d := consent.New(consent.Options{Prompter: p, State: state.Dir(filepath.Join(t.TempDir(), "state")), Anchors: a.Pool()})
	r := &Renewal{Desk: d, Registry: d.Registry(), Origin: "https://127.0.0.1:13579", Now: time.Now}
	server := httptest.NewTLSServer(New(Options{Calls: r.Calls(), Language: func() string { return "ru" }}))
	defer server.Close()
	ctx := tab(t, server.Certificate())

	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		for i, s := range steps {
			step, cancel := context.WithTimeout(ctx, 20*time.Second)
			err := chromedp.Do(step, s)
			cancel()
			if err != nil {
				text, _ := chromedp.Run(ctx, chromedp.TextContent("body"))
				t.Fatalf("step %d: %v\n%s", i, err, text)
			}
		}
	}
	says := func(want string) {
		t.Helper()
		if text, err := chromedp.Run(ctx, chromedp.TextContent("#main")); err != nil || !strings.Contains(text, want) {
			t.Fatalf("nothing of %q in %q, %v", want, text, err)
		}
	}
	button := func(class string, n string) string { return class + ` li:nth-child(` + n + `) button:not([disabled])` }
	do(chromedp.Navigate(server.URL+"/renew"), chromedp.WaitVisible(button(".renew > ol >", "1")))
	says("только пока он действует")
	do(chromedp.Click(button(".renew > ol >", "1")), chromedp.WaitVisible(button(".renew > ol >", "2")))
	says("ТЕСТОВ ТЕСТ")
	do(chromedp.Click(button(".renew > ol >", "2")), chromedp.WaitVisible(button("section.card ol >", "1")))
	do(chromedp.Click(button("section.card ol >", "1")), chromedp.WaitVisible(`section.card ol > li:nth-child(1) svg`))
	says("Подписано")
	if dir := os.Getenv("TANBA_SCREENS"); dir != "" {
		if png, err := chromedp.Run(ctx, chromedp.FullScreenshot(90)); err == nil {
			os.WriteFile(filepath.Join(dir, "renew.png"), png, 0o600)
		}
	}
	list, err := d.Registry().List()
	if err != nil || len(list) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	request, err := csr.Parse(list[0].Request)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := a.Certify(request.PublicKey, who)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "new.cer")
	if err := os.WriteFile(file, leaf.Raw, 0o600); err != nil {
		t.Fatal(err)
	}
	do(chromedp.SetUploadFiles(`input[type=file]`, []string{file}), chromedp.Click(button("section.card ol >", "3")), chromedp.WaitVisible(`.card.well`))
	says("новый ключ действует до")
	says("Старый ключ действует, пока вы его не отзовёте")

	files, _ := filepath.Glob(filepath.Join(p.folder, "*.p12"))
	if len(files) != 1 {
		t.Fatalf("files %q", files)
	}
	s, err := keystore.OpenFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	keys, err := s.Unlock(t.Context(), []byte("Newkey12"))
	if err != nil || len(keys) != 1 || !keys[0].Certificate().Equal(leaf) {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	h := leaf.PublicKey.Family.NewHash()
	h.Write([]byte("document"))
	digest := h.Sum(nil)
	signature, err := keys[0].Sign(nil, digest, nil)
	if err != nil || leaf.PublicKey.VerifyDigest(digest, signature) != nil {
		t.Errorf("the new key signs: %v", err)
	}
}
