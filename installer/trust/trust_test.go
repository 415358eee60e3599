package trust

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tanba/internal/localca"
	"tanba/internal/state"
	"tanba/internal/testdata"
)

// home is a person's folder with browsers in it.
type home struct {
	t       *testing.T
	dir     string
	o       Options
	bundle  *localca.Bundle
	firefox []string // profiles
}

func newHome(t *testing.T) *home {
	t.Helper()
	if _, err := exec.LookPath("certutil"); err != nil {
		testdata.Missing(t, "certutil (libnss3-tools)")
	}
	b, err := localca.Issue(nil, time.Now(), "test")
	if err != nil {
		t.Fatal(err)
	}
	h := &home{t: t, dir: t.TempDir(), bundle: b}
	h.o = Options{Root: b.CA, Home: h.dir, State: state.Dir(filepath.Join(t.TempDir(), "state"))}
	return h
}

func (h *home) database(elem ...string) string {
	h.t.Helper()
	dir := filepath.Join(append([]string{h.dir}, elem...)...)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		h.t.Fatal(err)
	}
	if out, err := exec.Command("certutil", "-d", "sql:"+dir, "-N", "--empty-password").CombinedOutput(); err != nil {
		h.t.Fatalf("%v: %s", err, out)
	}
	return dir
}

func (h *home) firefoxIn(place string, withDatabase bool) {
	h.t.Helper()
	profile := filepath.Join(h.dir, place, "abc.default")
	if withDatabase {
		h.database(place, "abc.default")
	} else if err := os.MkdirAll(profile, 0o700); err != nil {
		h.t.Fatal(err)
	}
	ini := "[General]\nVersion=2\n\n[Profile0]\nName=default\nIsRelative=1\nPath=abc.default\nDefault=1\n[Profile1]\nName=gone\nIsRelative=1\nPath=gone.default\n[InstallABC]\nDefault=abc.default\n"
	if err := os.WriteFile(filepath.Join(h.dir, place, "profiles.ini"), []byte(ini), 0o600); err != nil {
		h.t.Fatal(err)
	}
	h.firefox = append(h.firefox, profile)
}

// content is every folder and every file with the hash of its octets.
func (h *home) content() []string {
	h.t.Helper()
	var all []string
	err := filepath.WalkDir(h.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, h.dir)
		if d.Type().IsRegular() {
			sum, err := hashOf(path)
			if err != nil {
				return err
			}
			name += " " + sum
		}
		all = append(all, name)
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

func (h *home) install() []Result {
	h.t.Helper()
	results, err := Install(h.t.Context(), h.o)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, r := range results {
		if r.Err != nil {
			h.t.Fatalf("%s: %v", r.Path, r.Err)
		}
	}
	return results
}

func (h *home) remove() {
	h.t.Helper()
	results, err := Remove(h.t.Context(), h.o)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, r := range results {
		if r.Err != nil {
			h.t.Fatalf("%s: %v", r.Path, r.Err)
		}
	}
	if _, err := h.o.State.Read(journalFile); !errors.Is(err, fs.ErrNotExist) {
		h.t.Errorf("journal after removal: %v", err)
	}
}

// Every store gets the root, and after removal everything is as before.
func TestInstallAndRemoveAreExact(t *testing.T) {
	for _, tc := range []struct {
		name string
		make func(h *home)
		want []string
	}{
		{"nothing there yet", func(*home) {}, []string{".pki/nssdb"}},
		{"old place", func(h *home) { h.database(".pki", "nssdb") }, []string{".pki/nssdb"}},
		{"XDG place", func(h *home) { h.database(".local", "share", "pki", "nssdb") }, []string{".local/share/pki/nssdb"}},
		{"both places: the old one wins", func(h *home) {
			h.database(".pki", "nssdb")
			h.database(".local", "share", "pki", "nssdb")
		}, []string{".pki/nssdb"}},
		{"Firefox in both places", func(h *home) {
			h.firefoxIn(".config/mozilla/firefox", true)
			h.firefoxIn(".mozilla/firefox", false)
		}, []string{".pki/nssdb", ".config/mozilla/firefox/abc.default", ".mozilla/firefox/abc.default"}},
		{"Snap and Flatpak", func(h *home) {
			h.firefoxIn("snap/firefox/common/.mozilla/firefox", true)
			h.firefoxIn(".var/app/org.mozilla.firefox/.mozilla/firefox", true)
			h.database("snap/chromium/current", ".pki", "nssdb")
			h.database(".var/app/com.google.Chrome", ".local", "share", "pki", "nssdb")
		}, []string{".pki/nssdb", "snap/chromium/current/.pki/nssdb", ".var/app/com.google.Chrome/.local/share/pki/nssdb",
			"snap/firefox/common/.mozilla/firefox/abc.default", ".var/app/org.mozilla.firefox/.mozilla/firefox/abc.default"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHome(t)
			tc.make(h)
			before := h.content()
			var got []string
			for _, r := range h.install() {
				if !r.Changed || !r.Trusted {
					t.Errorf("%+v", r)
				}
				rel, _ := filepath.Rel(h.dir, r.Path)
				got = append(got, rel)
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("stores\n%q, want\n%q", got, tc.want)
			}
			for _, r := range h.install() {
				if r.Changed {
					t.Errorf("second install changed %s", r.Path)
				}
			}
			status, err := Status(t.Context(), h.o)
			if err != nil || len(status) != len(tc.want) || slices.ContainsFunc(status, func(r Result) bool { return !r.Trusted }) {
				t.Errorf("status %+v, %v", status, err)
			}
			h.remove()
			if after := h.content(); !slices.Equal(before, after) {
				t.Errorf("after removal\n%q\nbefore\n%q", after, before)
			}
			h.remove() // twice is harmless
		})
	}
}

// Others' certificates stay, also one that took our nickname.
func TestRemoveTouchesNothingElse(t *testing.T) {
	h := newHome(t)
	dir := h.database(".pki", "nssdb")
	other, err := localca.Issue(nil, time.Now(), "other")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "other.pem")
	os.WriteFile(file, other.CAPEM, 0o600)
	if out, err := exec.Command("certutil", "-d", "sql:"+dir, "-A", "-n", nickname(h.bundle.CA), "-t", "C,,", "-i", file).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	before := h.content()
	h.install()
	h.remove()
	if after := h.content(); !slices.Equal(before, after) {
		t.Errorf("after\n%q\nbefore\n%q", after, before)
	}
}

// A database we made stays when somebody else has begun to use it.
func TestRemoveKeepsDatabaseInUse(t *testing.T) {
	h := newHome(t)
	h.install()
	other, err := localca.Issue(nil, time.Now(), "other")
	if err != nil {
		t.Fatal(err)
	}
	n := &nss{&h.o, Chromium, filepath.Join(h.dir, ".pki", "nssdb")}
	if err := h.o.complete(); err != nil {
		t.Fatal(err)
	}
	if err := n.put(t.Context(), other.CA, "somebody's root"); err != nil {
		t.Fatal(err)
	}
	h.remove()
	if names, err := n.list(t.Context()); err != nil || len(names) != 1 || names["somebody's root"] == "" {
		t.Errorf("left: %v, %v", names, err)
	}
}

// Nor does a database go that Firefox has used since, with the key of the saved
// passwords in it, or one that a token's module was added to.
func TestRemoveKeepsPasswordsAndModules(t *testing.T) {
	h := newHome(t)
	h.firefoxIn(".mozilla/firefox", false)
	h.install()
	os.WriteFile(filepath.Join(h.firefox[0], "prefs.js"), nil, 0o600)
	modules, err := os.OpenFile(filepath.Join(h.dir, ".pki", "nssdb", "pkcs11.txt"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	modules.WriteString("\nlibrary=/usr/lib/libtoken.so\nname=token\n")
	modules.Close()
	h.remove()
	for _, dir := range []string{h.firefox[0], filepath.Join(h.dir, ".pki", "nssdb")} {
		for _, f := range nssFiles {
			if _, err := os.Stat(filepath.Join(dir, f)); err != nil {
				t.Error(err)
			}
		}
	}
}

// A crash at any program call, then Remove: nothing is left.
func TestCrashDuringInstall(t *testing.T) {
	for crash := range 16 {
		h := newHome(t)
		h.firefoxIn(".mozilla/firefox", true)
		before := h.content()
		o, calls := h.o, 0
		var errCrash = errors.New("killed")
		ctx, kill := context.WithCancel(t.Context())
		o.Run = func(_ context.Context, name string, args ...string) ([]byte, error) {
			if calls++; calls > crash {
				kill()
				return nil, errCrash
			}
			return run(t.Context(), name, args...)
		}
		Install(ctx, o)
		h.remove()
		if after := h.content(); !slices.Equal(before, after) {
			t.Fatalf("killed at call %d: left\n%q\nbefore\n%q", crash, after, before)
		}
		if calls <= crash {
			return // the whole installation ran
		}
	}
	t.Error("more calls than expected")
}

// Renewal: the new root is added, then exactly the old one goes.
func TestRenewal(t *testing.T) {
	h := newHome(t)
	old := h.bundle.CA
	h.install()
	b, err := localca.Issue(nil, time.Now(), "test")
	if err != nil {
		t.Fatal(err)
	}
	h.o.Root = b.CA
	h.install()
	if _, err := RemoveRoot(t.Context(), h.o, old); err != nil {
		t.Fatal(err)
	}
	status, err := Status(t.Context(), h.o)
	if err != nil || !status[0].Trusted {
		t.Errorf("new root: %+v, %v", status, err)
	}
	o := h.o
	o.Root = old
	if status, err = Status(t.Context(), o); err != nil || status[0].Present {
		t.Errorf("old root: %+v, %v", status, err)
	}
	before := h.content()
	if len(before) == 0 {
		t.Error("the database went with the old root")
	}
	h.remove()
	if left := h.content(); len(left) != 1 {
		t.Errorf("left %q", left)
	}
}

func TestDamagedJournalStopsEverything(t *testing.T) {
	h := newHome(t)
	if err := h.o.State.Write([]byte("{"), journalFile); err != nil {
		t.Fatal(err)
	}
	if _, err := Install(t.Context(), h.o); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("Install: %v", err)
	}
	if _, err := Remove(t.Context(), h.o); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("Remove: %v", err)
	}
	if len(h.content()) != 1 {
		t.Errorf("changed: %q", h.content())
	}
}

func TestWithoutCertutil(t *testing.T) {
	b, err := localca.Issue(nil, time.Now(), "test")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", t.TempDir())
	_, err = Install(t.Context(), Options{Root: b.CA, Home: t.TempDir(), State: state.Dir(t.TempDir())})
	if !errors.Is(err, ErrNoCertutil) {
		t.Fatalf("err = %v", err)
	}
	for _, lang := range []string{"kk", "ru", "en"} {
		if hint := Hint(lang, err); !strings.Contains(hint, CertutilCommand()) || !strings.Contains(hint, "certutil") {
			t.Errorf("%s: %q", lang, hint)
		}
	}
	for release, want := range map[string]string{
		"ID=debian\n":                           "libnss3-tools",
		"ID=ubuntu\nID_LIKE=debian\n":           "libnss3-tools",
		"ID_LIKE=\"rhel fedora\"\nID=\"foo\"\n": "nss-tools",
		"ID=altlinux\n":                         "nss-utils",
		"ID=arch\n":                             "pacman -S nss",
		"":                                      "libnss3-tools",
	} {
		if got := certutilCommand(release); !strings.Contains(got, want) {
			t.Errorf("%q: %q, want %q", release, got, want)
		}
	}
}

// The system store, in a folder of the test.
func TestSystemStore(t *testing.T) {
	h := newHome(t)
	h.o.System, h.o.SystemDir = true, t.TempDir()
	var calls []string
	h.o.Run = func(ctx context.Context, name string, args ...string) ([]byte, error) {
		if name != "update-ca-certificates" {
			return run(ctx, name, args...)
		}
		calls = append(calls, strings.Join(args, " "))
		return nil, nil
	}
	h.install()
	if files, _ := os.ReadDir(h.o.SystemDir); len(files) != 1 || !strings.HasSuffix(files[0].Name(), ".crt") {
		t.Errorf("files %v", files)
	}
	h.remove()
	if files, _ := os.ReadDir(h.o.SystemDir); len(files) != 0 {
		t.Errorf("files %v", files)
	}
	if !slices.Equal(calls, []string{"", "--fresh"}) {
		t.Errorf("calls %q", calls)
	}
}

// A handshake with what the stores hold succeeds, and with nothing else.
func TestCheckStores(t *testing.T) {
	h := newHome(t)
	h.install()
	c, err := h.bundle.TLS()
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{*c}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func(c net.Conn) { c.(*tls.Conn).Handshake(); c.Close() }(c)
		}
	}()
	results, err := CheckStores(t.Context(), h.o, l.Addr().String())
	if err != nil || len(results) != 1 || results[0].Err != nil || !results[0].Trusted {
		t.Errorf("%+v, %v", results, err)
	}
	var untrusted *tls.CertificateVerificationError
	if err := Check(t.Context(), l.Addr().String(), x509.NewCertPool()); !errors.As(err, &untrusted) {
		t.Errorf("without the root: %v", err)
	}
}

func TestTexts(t *testing.T) {
	b, err := localca.Issue(nil, time.Now(), "test")
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"kk", "ru", "en"} {
		q := Question(lang, b.CA)
		if !strings.Contains(q, "127.0.0.1") || !strings.Contains(q, colons(b.Fingerprint())) || strings.Contains(q, "{") {
			t.Errorf("%s: %q", lang, q)
		}
		for _, r := range []Result{{}, {Present: true}, {Trusted: true}, {Changed: true}, {Changed: true, Trusted: true}, {Err: ErrNotPermitted}, {Err: errors.New("x")}} {
			r.Kind, r.Path = Firefox, "/home/x"
			if s := Describe(lang, r); strings.Contains(s, "trust.") || !strings.Contains(s, "/home/x") {
				t.Errorf("%s: %q", lang, s)
			}
		}
	}
}

// Profiles come out of a file anybody may have written; a path in it must not
// make anything but folders that exist.
func FuzzFirefoxProfiles(f *testing.F) {
	f.Add("[Profile0]\nIsRelative=1\nPath=abc.default\n")
	f.Add("[Profile0]\nIsRelative=0\nPath=/nowhere\n[General]\nPath=x")
	f.Add("[Profile0\nPath=\nIsRelative")
	root := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		if os.WriteFile(filepath.Join(root, "profiles.ini"), []byte(text), 0o600) != nil {
			t.Skip()
		}
		for _, p := range firefoxProfiles(root) {
			if fi, err := os.Stat(p); err != nil || !fi.IsDir() {
				t.Fatalf("%q", p)
			}
		}
	})
}
