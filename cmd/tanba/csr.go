package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"tanba/internal/csr"
	"tanba/internal/enrollment"
	"tanba/internal/pki"
	"tanba/protocol"
)

// algorithms of new keys, as --alg names them.
var algorithms = map[string]pki.Family{"gost512": pki.GOST512, "gost256": pki.GOST256, "rsa2048": pki.RSA}

func makeRequest(c *command, args []string) int {
	var subject, algorithm, email, out, keyOut, token, passwordFile string
	c.flags.StringVar(&subject, "subject", "", "")
	c.flags.StringVar(&algorithm, "alg", "gost512", "")
	c.flags.StringVar(&email, "email", "", "")
	c.flags.StringVar(&out, "out", "", "")
	c.flags.StringVar(&keyOut, "key-out", "", "")
	c.flags.StringVar(&token, "token", "", "")
	c.flags.StringVar(&passwordFile, "password-file", "", "")
	rest, code, ok := c.parse(args)
	family, known := algorithms[algorithm]
	switch {
	case !ok:
		return code
	case len(rest) > 0:
		return c.usageError(rest[0])
	case subject == "":
		return c.usageError("--subject DN")
	case !known:
		return c.usageError("--alg gost512|gost256|rsa2048")
	case out == "":
		return c.usageError("--out FILE")
	case (keyOut == "") == (token == ""):
		return c.usageError("--key-out FILE | --token SERIAL")
	}
	name, err := distinguishedName(subject)
	if err != nil {
		return c.usageError("--subject: " + err.Error())
	}
	// Asked before a key is made: a request that cannot be kept is worth nothing.
	if _, err := os.Lstat(out); err == nil {
		c.fail("cli.life.exists", out)
		return exitError
	}
	dir, err := c.dir()
	if err != nil {
		c.fail("cli.cannot_start", err)
		return exitError
	}
	key := enrollment.NewKey{Family: family, Template: csr.Template{Subject: name, Email: email}, Now: time.Now()}
	var pending *enrollment.Pending
	if token != "" {
		pending, err = c.requestOnToken(key, token, passwordFile)
	} else {
		pending, err = c.requestInFile(key, keyOut, passwordFile)
	}
	if err != nil {
		c.failLife(err)
		return exitError
	}
	if err := writeNew(out, csr.PEM(pending.Request)); err != nil {
		c.failLife(err)
		return exitError
	}
	if err := enrollment.NewRegistry(dir).Put(*pending); err != nil {
		c.fail("cli.life.registry", err)
		return exitError
	}
	if c.json {
		json.NewEncoder(c.stdout).Encode(map[string]any{
			"request": out, "keyId": pending.KeyID, "key": pending.Path, "token": pending.Token, "algorithm": family.KalkanName(),
		})
		return exitOK
	}
	fmt.Fprintln(c.stdout, out)
	c.say("cli.life.requested", out, first(pending.Path, pending.Token))
	return exitOK
}

func (c *command) requestInFile(key enrollment.NewKey, path, passwordFile string) (*enrollment.Pending, error) {
	secret, err := c.newPassword(passwordFile, path)
	if err != nil {
		return nil, err
	}
	defer clear(secret)
	if path, err = filepath.Abs(path); err != nil {
		return nil, err
	}
	return key.InFile(path, false, secret)
}

// newPassword asks for a password that does not exist yet: twice on a terminal,
// by the rules of the authority.
func (c *command) newPassword(file, path string) ([]byte, error) {
	secret, err := c.password(file, c.text("cli.life.new_password", path))
	if err != nil {
		return nil, err
	}
	if err := enrollment.CheckPassword(secret); err != nil {
		clear(secret)
		return nil, err
	}
	if file != "" {
		return secret, nil
	}
	again, err := c.password("", c.text("cli.life.again"))
	defer clear(again)
	if err == nil && string(again) != string(secret) {
		err = errNotTheSame
	}
	if err != nil {
		clear(secret)
		return nil, err
	}
	if enrollment.StrengthOf(secret) == enrollment.Weak {
		c.hint("cli.life.weak")
	}
	return secret, nil
}

var errNotTheSame = errors.New("the passwords differ")

// distinguishedName reads a subject in the text form of KeyInfo.
func distinguishedName(text string) (pki.Name, error) {
	list, err := protocol.ParseName(text)
	if err != nil {
		return pki.Name{}, err
	}
	attributes := make([]pki.Attribute, len(list))
	for i, a := range list {
		oid, ok := pki.ParseOID(a.OID)
		if !ok {
			return pki.Name{}, fmt.Errorf("malformed identifier %q", a.OID)
		}
		attributes[i] = pki.Attribute{Type: oid, Value: a.Value}
	}
	return pki.NewName(attributes...)
}

// writeNew writes a file that must not be there yet.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: %s", enrollment.ErrExists, path)
	}
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		f.Close()
		os.Remove(path)
		return err
	}
	return f.Close()
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
