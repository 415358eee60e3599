//go:build linux

package pkcs11_test

import (
	"crypto"
	"crypto/rand"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"tanba/internal/pki"
	"tanba/internal/testdata"
	"tanba/internal/testtoken"
	"tanba/keystore"
	"tanba/keystore/pkcs11"
)

// opencryptoki's soft token locks after three wrong PINs and moves the flags of
// the standard on the way: a second module that nobody here wrote. Its daemon
// wants root, a socket under /run and shared memory, so the test runs itself
// again in namespaces of its own.

const (
	ockPIN    = "1234567"
	ockInside = "TANBA_TEST_OPENCRYPTOKI" // the helper, for the test inside
)

const ockSetup = `set -e
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/lib/opencryptoki
mount -t tmpfs tmpfs /dev/shm
mkdir -p /run/lock/opencryptoki/swtok /run/opencryptoki /var/lib/opencryptoki/swtok/TOK_OBJ
printf 'version opencryptoki-3.18\nslot 3\n{\nstdll = libpkcs11_sw.so\n}\n' > /run/conf
mount --bind /run/conf /etc/opencryptoki/opencryptoki.conf
pkcsslotd
for i in 1 2 3 4 5 6 7 8 9 10; do [ -S /run/pkcsslotd.socket ] && break; sleep 0.1; done
echo ock | pkcsconf -I -c 3 -S 87654321
pkcsconf -P -c 3 -S 87654321 -n 76543210
pkcsconf -u -c 3 -S 76543210 -n ` + ockPIN + `
"$0" -test.run '^TestT23OpenCryptoki$' -test.v
`

func opencryptoki(t *testing.T) string {
	t.Helper()
	for _, path := range expand("/usr/lib/*/opencryptoki/libopencryptoki.so.0", "/usr/lib64/opencryptoki/libopencryptoki.so.0") {
		if _, err := exec.LookPath("pkcsslotd"); err == nil {
			return path
		}
	}
	testdata.Missing(t, "opencryptoki")
	return ""
}

func TestT23OpenCryptoki(t *testing.T) {
	helper := os.Getenv(ockInside)
	if helper == "" {
		opencryptoki(t)
		if os.Geteuid() != 0 {
			testdata.Missing(t, "root, for the daemon of opencryptoki")
		}
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "unshare", "--mount", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private", "sh", "-c", ockSetup, self)
		cmd.Env = append(os.Environ(), ockInside+"="+testtoken.Helper(t))
		out, err := cmd.CombinedOutput()
		t.Logf("%s", out)
		if err != nil || !strings.Contains(string(out), "--- PASS: TestT23OpenCryptoki") {
			t.Errorf("inside: %v", err)
		}
		return
	}
	tokens := pkcs11.New(pkcs11.Options{
		Helper: helper, Modules: []pkcs11.Module{{Path: opencryptoki(t)}}, Timeouts: pkcs11.Timeouts{Fresh: -1},
		Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	defer tokens.Close()
	list, err := tokens.List(t.Context())
	if err != nil || len(list) != 1 || list[0].Label != "ock" || list[0].Storage != "" || list[0].PIN.Low || list[0].PIN.LastTry || list[0].PIN.Locked {
		t.Fatalf("%+v, %v", list, err)
	}
	store, err := tokens.Open(t.Context(), list[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	state := func(what string, low, last, locked bool) {
		t.Helper()
		now, err := store.Token(t.Context())
		if err != nil || now.PIN.Low != low || now.PIN.LastTry != last || now.PIN.Locked != locked {
			t.Errorf("%s: %+v, %v; want low %v, last try %v, locked %v", what, now.PIN, err, low, last, locked)
		}
	}
	unlock := func(what, pin string, want error) {
		t.Helper()
		keys, err := store.Unlock(t.Context(), []byte(pin))
		if !errors.Is(err, want) || err != nil && len(keys) > 0 {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	unlock("an empty PIN", "", keystore.ErrPINFormat)
	unlock("a long PIN", "123456789", keystore.ErrPINFormat)
	state("PINs that were not sent", false, false, false)
	unlock("the first wrong PIN", "0000000", keystore.ErrWrongPassword)
	state("after it", true, false, false)
	unlock("the second wrong PIN", "0000000", keystore.ErrWrongPassword)
	state("after it", true, true, false)
	unlock("the last try, not confirmed", ockPIN, keystore.ErrLastTry)
	for range 50 {
		unlock("the last try, not confirmed", "0000000", keystore.ErrLastTry)
	}
	state("nothing was sent", true, true, false)
	if _, err := store.UnlockLastTry(t.Context(), []byte(ockPIN)); !errors.Is(err, keystore.ErrNoKey) {
		t.Fatalf("the last try, confirmed: %v", err)
	}
	state("after the right PIN", false, false, false)

	signer, id, err := store.Generate(t.Context(), pki.RSA, "key")
	if err != nil {
		t.Fatal(err)
	}
	public, err := pki.PublicKeyOf(signer)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := testAuthority(t).Certify(public, profile)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Import(t.Context(), id, certificate); err != nil {
		t.Fatal(err)
	}
	keys, err := store.Unlock(t.Context(), []byte(ockPIN))
	if err != nil || len(keys) != 1 || keys[0].Certificate() == nil {
		t.Fatalf("%v, %v", keys, err)
	}
	start := time.Now()
	const n = 500
	for range n {
		if _, err := keys[0].Sign(rand.Reader, make([]byte, 32), crypto.SHA256); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%.0f signatures a second, one after the other", n/time.Since(start).Seconds())

	unlock("a wrong PIN", "0000000", keystore.ErrWrongPassword)
	if _, err := keys[0].Sign(rand.Reader, make([]byte, 32), crypto.SHA256); err == nil {
		t.Error("the key signs after a wrong PIN")
	}
	unlock("another one", "0000001", keystore.ErrWrongPassword)
	if _, err := store.UnlockLastTry(t.Context(), []byte("0000002")); !errors.Is(err, keystore.ErrWrongPassword) && !errors.Is(err, keystore.ErrPINLocked) {
		t.Errorf("the last wrong PIN: %v", err)
	}
	state("after three", true, false, true)
	unlock("the right PIN of a blocked token", ockPIN, keystore.ErrPINLocked)
	if _, err := store.UnlockLastTry(t.Context(), []byte(ockPIN)); !errors.Is(err, keystore.ErrPINLocked) {
		t.Errorf("of a blocked token: %v", err)
	}
	report, err := tokens.Report(t.Context())
	if err != nil || len(report.Modules) != 1 || len(report.Modules[0].Slots) != 1 || report.Modules[0].Slots[0].Token == nil || report.Healthy() ||
		!slices.ContainsFunc(report.Modules[0].Slots[0].Token.Troubles, func(t pkcs11.Trouble) bool { return t.Key == "tokens.trouble.locked" }) {
		t.Errorf("report %+v, %v", report, err)
	}
}
