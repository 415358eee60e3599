package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tanba/internal/cms"
	"tanba/internal/filesign"
	"tanba/internal/i18n"
	"tanba/internal/pki"
	"tanba/internal/xmldsig"
	"tanba/keystore"
)

func sign(c *command, args []string) int {
	var key, passwordFile, out, outDir, tsa, roots, id string
	var detached, allowExpired, xml, stopOnError bool
	c.flags.StringVar(&key, "key", "", "")
	c.flags.StringVar(&passwordFile, "password-file", "", "")
	c.flags.BoolVar(&detached, "detached", false, "")
	c.flags.StringVar(&out, "out", "", "")
	c.flags.StringVar(&outDir, "out-dir", "", "")
	c.flags.BoolVar(&allowExpired, "allow-expired", false, "")
	c.flags.BoolVar(&stopOnError, "stop-on-error", false, "")
	c.flags.StringVar(&tsa, "tsa", "", "")
	c.flags.StringVar(&roots, "roots", "", "")
	c.flags.BoolVar(&xml, "xml", false, "")
	c.flags.StringVar(&id, "id", "", "")
	named, code, ok := c.parse(args)
	switch {
	case !ok:
		return code
	case key == "":
		return c.usageError("--key FILE")
	case len(named) == 0:
		return c.usageError("FILE…")
	case out != "" && (outDir != "" || len(named) > 1):
		return c.usageError("--out")
	case xml && tsa != "":
		return c.usageError("--xml --tsa")
	case roots != "" && tsa == "":
		return c.usageError("--roots, --tsa URL")
	case id != "" && (!xml || !filesign.ValidID(id)):
		return c.usageError("--xml --id ID")
	case xml && detached:
		return c.usageError("--xml --detached")
	}

	files := filesign.Expand(named, present(key, passwordFile)...)
	if xml {
		files = slices.DeleteFunc(files, func(f filesign.File) bool {
			return !slices.Contains(named, f.Path) && !strings.EqualFold(filepath.Ext(f.Path), ".xml")
		})
	}
	switch {
	case len(files) == 0:
		c.say("cli.sign.nothing")
		return exitOK
	case out != "" && len(files) > 1:
		return c.usageError("--out")
	}
	job := &filesign.Job{Detached: detached, Out: out, OutDir: outDir, Now: time.Now}
	if xml {
		job.XML = &filesign.XML{ID: id}
	}
	batch := &filesign.Batch{Job: job, StopOnError: stopOnError}
	if tsa != "" {
		var trusted []*pki.Certificate
		if roots != "" {
			var err error
			if trusted, err = certificatesOf(roots); err != nil {
				c.fail("cli.roots_unreadable", roots, err)
				return exitUsage
			}
		}
		if dir, err := c.dir(); err == nil {
			trusted = append(trusted, storedRoots(dir, nil)...)
		}
		stamper, err := newStamper(tsa, trusted...)
		if err != nil {
			return c.usageError("--tsa URL")
		}
		job.Stamp = stampFiles(stamper)
		batch.Workers = 8 // they wait for the network, not for a core
	}
	if collisions := job.Collisions(files); len(collisions) > 0 {
		c.reportCollisions(job, files, collisions)
		return exitError
	}

	store, k, err := c.openKey(key, passwordFile, func(cert *pki.Certificate) bool { return cert.CanSign() })
	if err != nil {
		c.failKey(key, err)
		return exitError
	}
	defer store.Close()
	certificate := k.Certificate()
	if err := certificate.ValidAt(time.Now()); err != nil {
		if !allowExpired {
			c.fail("cli.key_expired", i18n.Date(c.lang, certificate.NotAfter))
			c.hint("cli.allow_expired")
			return exitError
		}
		c.say("cli.key_expired_used", i18n.Date(c.lang, certificate.NotAfter))
	}
	if xml {
		job.XML.Signer, err = xmldsig.NewSigner(k, certificate)
	} else {
		job.Signer, err = cms.NewSigner(k, certificate)
	}
	if err != nil {
		c.fail("cli.key_unusable", err)
		return exitError
	}
	return c.signBatch(batch, files)
}

// present returns those of the files that are there.
func present(paths ...string) []fs.FileInfo {
	var found []fs.FileInfo
	for _, path := range paths {
		if fi, err := os.Stat(path); err == nil {
			found = append(found, fi)
		}
	}
	return found
}

// openKey opens a file store and chooses the key that fits; a store of the
// national CA holds one.
func (c *command) openKey(path, passwordFile string, fits func(*pki.Certificate) bool) (keystore.Store, keystore.Key, error) {
	store, err := keystore.OpenFile(path)
	if err != nil {
		return nil, nil, err
	}
	secret, err := c.password(passwordFile, c.text("cli.password_of", path))
	if err != nil {
		store.Close()
		return nil, nil, err
	}
	defer clear(secret)
	all, err := store.Unlock(context.Background(), secret)
	if err != nil {
		store.Close()
		return nil, nil, err
	}
	for _, k := range all {
		if cert := k.Certificate(); cert != nil && fits(cert) {
			return store, k, nil
		}
	}
	store.Close()
	return nil, nil, errNoFittingKey
}

var errNoFittingKey = errors.New("no key that can sign")

// failKey says what is wrong with a key file, in the person's words.
func (c *command) failKey(path string, err error) {
	c.fail("cli.key_trouble", path, c.keyTrouble(err))
}

func (c *command) keyTrouble(err error) string {
	for _, t := range []struct {
		err error
		key string
	}{
		{keystore.ErrWrongPassword, "cli.wrong_password"},
		{keystore.ErrNotFound, "cli.no_file"},
		{keystore.ErrNotKeyFile, "cli.not_a_key"},
		{keystore.ErrDamaged, "cli.damaged_key"},
		{keystore.ErrUnsupported, "cli.unsupported_key"},
		{keystore.ErrUnreadable, "cli.no_permission"},
		{errNoFittingKey, "cli.no_signing_key"},
		{errNoTerminal, "cli.no_terminal"},
		{os.ErrNotExist, "cli.no_password_file"},
	} {
		if errors.Is(err, t.err) {
			return c.text(t.key)
		}
	}
	return err.Error()
}
