package e2e

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tanba/internal/csr"
	"tanba/internal/i18n"
	"tanba/internal/pki"
	"tanba/internal/settings"
	"tanba/internal/state"
	"tanba/internal/testdata"
	"tanba/internal/testpki"
	"tanba/internal/testtoken"
)

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
