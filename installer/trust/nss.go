package trust

import (
	"bufio"
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// nss is one NSS database: a folder with cert9.db.
type nss struct {
	o    *Options
	what Kind
	dir  string
}

// Files of a database made by certutil -N.
var nssFiles = []string{"cert9.db", "key4.db", "pkcs11.txt"}

func (n *nss) kind() Kind   { return n.what }
func (n *nss) path() string { return n.dir }

func (n *nss) exists() bool {
	_, err := os.Stat(filepath.Join(n.dir, "cert9.db"))
	return err == nil
}

func (n *nss) certutil(ctx context.Context, args ...string) ([]byte, error) {
	return n.o.Run(ctx, "certutil", append([]string{"-d", "sql:" + n.dir}, args...)...)
}

// named returns the certificates under a nickname.
func (n *nss) named(ctx context.Context, nickname string) ([]*x509.Certificate, error) {
	out, err := n.certutil(ctx, "-L", "-a", "-n", nickname)
	if err != nil {
		list, lerr := n.list(ctx)
		if lerr != nil {
			return nil, lerr
		}
		if _, there := list[nickname]; !there {
			return nil, nil
		}
		return nil, err
	}
	var found []*x509.Certificate
	for rest := out; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return found, nil
		}
		if c, err := x509.ParseCertificate(block.Bytes); err == nil {
			found = append(found, c)
		}
	}
}

// list returns nickname → trust flags ("C,,").
func (n *nss) list(ctx context.Context) (map[string]string, error) {
	out, err := n.certutil(ctx, "-L")
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for line := range strings.Lines(string(out)) {
		line = strings.TrimRight(line, " \r\n")
		i := strings.LastIndexByte(line, ' ')
		if i < 0 || strings.Count(line[i:], ",") != 2 || strings.HasSuffix(line, "SSL,S/MIME,JAR/XPI") {
			continue
		}
		names[strings.TrimRight(line[:i], " ")] = line[i+1:]
	}
	return names, nil
}

// findName returns the nickname our root really has. NSS gives certificates of
// one subject one nickname, the first that was chosen.
func (n *nss) findName(ctx context.Context, fp, nickname string) (name, flags string, err error) {
	names, err := n.list(ctx)
	if err != nil {
		return "", "", err
	}
	for candidate, f := range names {
		if candidate != nickname && !strings.HasPrefix(candidate, "Tanba ") {
			continue
		}
		certificates, err := n.named(ctx, candidate)
		if err != nil {
			return "", "", err
		}
		for _, c := range certificates {
			if fingerprint(c.Raw) == fp {
				return candidate, f, nil
			}
		}
	}
	return "", "", nil
}

func (n *nss) status(ctx context.Context, c *x509.Certificate) (present, trusted bool, err error) {
	name, flags, err := n.findName(ctx, fingerprint(c.Raw), nickname(c))
	ssl, _, _ := strings.Cut(flags, ",")
	return name != "", strings.Contains(ssl, "C"), err
}

// guard names the files of a database that was there before us.
func (n *nss) guard(j *journal) *guarded {
	return &guarded{j: j, o: n.o, dir: n.dir, names: nssFiles}
}

func (n *nss) add(ctx context.Context, j *journal, c *x509.Certificate, nickname string) error {
	put := func(ctx context.Context, dir string) error {
		return (&nss{n.o, n.what, dir}).put(ctx, c, nickname)
	}
	if n.exists() && !j.created(n.dir) {
		return n.guard(j).change(ctx, put)
	}
	if !n.exists() {
		if err := os.MkdirAll(n.dir, 0o700); err != nil {
			return permission(err)
		}
		n.o.at("create " + n.dir)
		if _, err := n.certutil(ctx, "-N", "--empty-password"); err != nil {
			return err
		}
	}
	return put(ctx, n.dir)
}

func (n *nss) put(ctx context.Context, c *x509.Certificate, nickname string) error {
	names, err := n.list(ctx)
	if err != nil {
		return err
	}
	// NSS refuses a nickname that another subject has. findName goes by the
	// fingerprint, so any name that begins like ours will do.
	for base, i := nickname, 2; names[nickname] != ""; i++ {
		nickname = fmt.Sprintf("%s (%d)", base, i)
	}
	file, err := n.o.rootFile(c)
	if err != nil {
		return err
	}
	// "C,,": a root for TLS servers and for nothing else.
	_, err = n.certutil(ctx, "-A", "-n", nickname, "-t", "C,,", "-i", file)
	return err
}

func (n *nss) remove(ctx context.Context, j *journal, e Entry, last bool) (exact bool, err error) {
	take := func(ctx context.Context, dir string) error {
		return (&nss{n.o, n.what, dir}).take(ctx, e.Fingerprint, e.Nickname)
	}
	if j.created(n.dir) {
		return false, take(ctx, n.dir)
	}
	g := n.guard(j)
	if last {
		if exact, err = g.restore(); err != nil || exact {
			return exact, errors.Join(err, g.forget())
		}
	}
	if err := g.change(ctx, take); err != nil || !last {
		return false, err
	}
	return false, g.forget()
}

func (n *nss) take(ctx context.Context, fp, nickname string) error {
	name, _, err := n.findName(ctx, fp, nickname)
	if err != nil || name == "" {
		return err
	}
	certificates, err := n.named(ctx, name)
	if err != nil {
		return err
	}
	for _, c := range certificates {
		if fingerprint(c.Raw) != fp {
			return fmt.Errorf("trust: %s: %q names another certificate as well", n.dir, name)
		}
	}
	if _, err := n.certutil(ctx, "-D", "-n", name); err != nil {
		return err
	}
	if left, _, err := n.findName(ctx, fp, nickname); err != nil || left != "" {
		return errors.Join(err, fmt.Errorf("trust: %s: still there", n.dir))
	}
	return nil
}

// destroy removes a database that nobody else has begun to use, and the folders
// we made for it, as far as nobody put anything else there.
func (n *nss) destroy(ctx context.Context, folders []string) error {
	if n.exists() {
		used, err := n.inUse(ctx)
		if err != nil || used {
			return err
		}
	}
	for _, f := range append(nssFiles, "cert9.db-journal", "key4.db-journal") {
		n.o.at("remove " + f)
		if err := os.Remove(filepath.Join(n.dir, f)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return permission(err)
		}
	}
	for _, dir := range slices.Backward(folders) {
		if os.Remove(dir) != nil {
			break // not empty, or gone
		}
	}
	return nil
}

// inUse tells whether anybody but us has put something into the database. A
// profile of Firefox that has ever run counts as used: key4.db then holds the
// key of its saved passwords, which certutil does not list.
func (n *nss) inUse(ctx context.Context) (bool, error) {
	if n.what == Firefox {
		if _, err := os.Stat(filepath.Join(n.dir, "prefs.js")); err == nil {
			return true, nil
		}
	}
	modules, err := os.ReadFile(filepath.Join(n.dir, "pkcs11.txt"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, permission(err)
	}
	if bytes.Count(modules, []byte("library=")) > 1 {
		return true, nil // a token's module beside the built-in one
	}
	names, err := n.list(ctx)
	if err != nil || len(names) > 0 {
		return len(names) > 0, err
	}
	// certutil fails when there are no keys to list.
	keys, err := n.certutil(ctx, "-K")
	return err == nil && bytes.Contains(keys, []byte("<")), nil
}

// chromiumHomes are places that hold a Chromium's data, each as if it were a
// home folder: the user's own and those of confined packages.
func chromiumHomes(home string) []string {
	homes := []string{home}
	for _, pattern := range confined {
		found, _ := filepath.Glob(filepath.Join(home, pattern))
		homes = append(homes, found...)
	}
	return homes
}

// confined are the homes of Chromium and its relatives in Snap and Flatpak.
var confined = []string{
	"snap/chromium/current", "snap/brave/current", "snap/opera/current", "snap/chromium/[0-9]*",
	".var/app/org.chromium.Chromium", ".var/app/com.google.Chrome", ".var/app/com.brave.Browser",
	".var/app/com.microsoft.Edge", ".var/app/ru.yandex.Browser",
}

// chromiumDatabase is the one Chromium reads: ~/.pki/nssdb when it exists, else
// the XDG place, which a fresh Chromium 156 makes for itself (measured). When
// there is neither we make ~/.pki/nssdb: every version reads that one.
func chromiumDatabase(home string) string {
	old := filepath.Join(home, ".pki", "nssdb")
	xdg := filepath.Join(home, ".local", "share", "pki", "nssdb")
	if _, err := os.Stat(old); err == nil {
		return old // Chromium goes by the folder, not by what is in it
	}
	if _, err := os.Stat(filepath.Join(xdg, "cert9.db")); err == nil {
		return xdg
	}
	return old
}

// firefoxRoots are folders with a profiles.ini.
func firefoxRoots(home string) []string {
	var roots []string
	for _, pattern := range []string{
		".config/mozilla/firefox", ".mozilla/firefox", ".librewolf", ".config/librewolf/librewolf",
		"snap/firefox/common/.mozilla/firefox", "snap/firefox/common/.config/mozilla/firefox",
		".var/app/org.mozilla.firefox/.mozilla/firefox", ".var/app/org.mozilla.firefox/config/mozilla/firefox",
		".var/app/io.gitlab.librewolf-community/.librewolf",
	} {
		roots = append(roots, filepath.Join(home, pattern))
	}
	return roots
}

// firefoxProfiles reads profiles.ini. A profile that has never run has no
// database yet; certutil makes it and Firefox takes it over.
func firefoxProfiles(root string) []string {
	data, err := os.ReadFile(filepath.Join(root, "profiles.ini"))
	if err != nil {
		return nil
	}
	var profiles []string
	var path, relative string
	inProfile := false
	flush := func() {
		if inProfile && path != "" {
			dir := filepath.FromSlash(path)
			if relative != "0" {
				dir = filepath.Join(root, dir)
			}
			if fi, err := os.Stat(dir); err == nil && fi.IsDir() {
				profiles = append(profiles, filepath.Clean(dir))
			}
		}
		path, relative = "", ""
	}
	for s := bufio.NewScanner(bytes.NewReader(data)); s.Scan(); {
		line := strings.TrimSpace(s.Text())
		if strings.HasPrefix(line, "[") {
			flush()
			inProfile = strings.HasPrefix(line, "[Profile")
			continue
		}
		switch key, value, _ := strings.Cut(line, "="); key {
		case "Path":
			path = value
		case "IsRelative":
			relative = value
		}
	}
	flush()
	return profiles
}
