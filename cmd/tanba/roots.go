package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tanba/internal/i18n"
	"tanba/internal/pki"
	"tanba/internal/state"
	"tanba/keystore/pkcs12"
)

// rootsFolder in the state directory holds the certificates of authorities that
// the program knows by the hash of their key only. They are trusted because they
// fit that pin, each time anew, not because they lie there.
const rootsFolder = "roots"

func roots(c *command, args []string) int {
	add := c.flags.String("add", "", "")
	words, code, ok := c.parse(args)
	switch {
	case !ok:
		return code
	case len(words) > 0:
		return c.usageError(words[0])
	}
	dir, err := c.dir()
	if err != nil {
		c.fail("cli.cannot_start", err)
		return exitError
	}
	if *add != "" {
		return c.addRoot(dir, *add)
	}
	stored := storedRoots(dir, nil)
	for _, a := range pki.Anchors(true, true) {
		c.showAnchor(a, certificateOf(a, stored))
	}
	return exitOK
}

// certificateOf finds the stored certificate of a pinned anchor.
func certificateOf(a pki.Anchor, stored []*pki.Certificate) *pki.Certificate {
	i := slices.IndexFunc(stored, func(c *pki.Certificate) bool { return fits(a, c) })
	if i < 0 {
		return nil
	}
	return stored[i]
}

// fits asks the pool, which decides what a pin admits.
func fits(a pki.Anchor, c *pki.Certificate) bool {
	if !a.Pinned() {
		return false
	}
	pool := pki.NewPool([]pki.Anchor{a})
	pool.AddCertificate(c)
	return len(pool.Wanted()) == 0
}

func (c *command) addRoot(dir state.Dir, file string) int {
	certificates, err := certificatesOf(file)
	if err != nil {
		c.fail("cli.roots_unreadable", file, err)
		return exitError
	}
	code := exitOK
	for _, cert := range certificates {
		i := slices.IndexFunc(pki.Anchors(true, true), func(a pki.Anchor) bool { return fits(a, cert) })
		if i < 0 {
			c.fail("roots.no_pin", cert.Subject.CommonName())
			code = exitError
			continue
		}
		sum := cert.Fingerprint()
		if err := dir.Write(cert.Raw, rootsFolder, hex.EncodeToString(sum[:])+".cer"); err != nil {
			c.fail("cli.cannot_start", err)
			return exitError
		}
		c.say("roots.stored", pki.Anchors(true, true)[i].Name, hex.EncodeToString(sum[:]))
	}
	return code
}

func (c *command) showAnchor(a pki.Anchor, stored *pki.Certificate) {
	how, sum, until := "name_only", a.SHA256, a.NotAfter
	switch {
	case a.PublicKey != nil:
		how = "built_in"
	case stored != nil:
		how, sum, until = "added", stored.Fingerprint(), stored.NotAfter
	case a.Pinned():
		how = "pinned"
	}
	fingerprint := ""
	if sum != [32]byte{} {
		fingerprint = hex.EncodeToString(sum[:])
	}
	if c.json {
		line := map[string]any{
			"name": a.Name, "subject": a.Subject.String(), "production": a.Production, "how": how,
			"keyId": hex.EncodeToString(a.KeyID), "sha256": fingerprint, "source": a.Source, "url": a.URL,
		}
		if !until.IsZero() {
			line["notAfter"] = until
		}
		json.NewEncoder(c.stdout).Encode(line)
		return
	}
	facts := []string{c.text("roots."+how, a.URL)}
	if !a.Production {
		facts = append(facts, c.text("roots.test"))
	}
	if !until.IsZero() {
		facts = append(facts, c.text("roots.until", i18n.DateUntil(c.lang, until)))
	}
	fmt.Fprintf(c.stdout, "%s: %s\n", a.Name, strings.Join(facts, ", "))
	if fingerprint != "" {
		fmt.Fprintf(c.stdout, "    SHA-256 %s\n", fingerprint)
	}
	if len(a.KeyID) > 0 {
		fmt.Fprintf(c.stdout, "    key ID  %x\n", a.KeyID)
	}
}

// storedRoots reads what `roots --add` has stored and still fits a pin. A nil
// log is none.
func storedRoots(dir state.Dir, log *slog.Logger) []*pki.Certificate {
	entries, err := os.ReadDir(dir.Path(rootsFolder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) && log != nil {
		log.Warn("roots", "error", err)
	}
	var found []*pki.Certificate
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".cer" {
			continue
		}
		data, err := dir.Read(rootsFolder, e.Name())
		var cert *pki.Certificate
		if err == nil {
			cert, err = pki.ParseCertificate(data)
		}
		switch {
		case err != nil:
			if log != nil {
				log.Warn("roots", "file", e.Name(), "error", err)
			}
		case slices.ContainsFunc(pki.Anchors(true, true), func(a pki.Anchor) bool { return fits(a, cert) }):
			found = append(found, cert)
		}
	}
	return found
}

// certificatesOf reads a file of certificates: PEM blocks, one in DER, or a trust
// store of Java, whose password guards nothing and is one of the two usual ones.
func certificatesOf(path string) ([]*pki.Certificate, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if !bytes.Contains(data, []byte("-----BEGIN")) {
		c, err := pki.ParseCertificate(data)
		if err == nil {
			return []*pki.Certificate{c}, nil
		}
		for _, password := range []string{"changeit", ""} {
			if certificates, storeErr := pkcs12.OpenCertificates(data, password); storeErr == nil {
				return certificates, nil
			}
		}
		return nil, err
	}
	var certificates []*pki.Certificate
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := pki.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		certificates = append(certificates, c)
	}
	if len(certificates) == 0 {
		return nil, errors.New("no certificate in it")
	}
	return certificates, nil
}
