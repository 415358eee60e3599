package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tanba/internal/i18n"
	"tanba/keystore"
)

// keyExtensions are the names key files go by; what is inside decides.
var keyExtensions = []string{".p12", ".pfx", ".jks"}

func keys(c *command, args []string) int {
	var passwordFile string
	c.flags.StringVar(&passwordFile, "password-file", "", "")
	places, code, ok := c.parse(args)
	if !ok {
		return code
	}
	if len(places) == 0 {
		places = usualPlaces()
	}
	files, err := keyFiles(places)
	if err != nil {
		c.fail("cli.key_trouble", err.(*fs.PathError).Path, c.text("cli.no_file"))
		return exitError
	}
	if len(files) == 0 {
		c.say("cli.no_keys", strings.Join(places, ", "))
		return exitOK
	}
	var secret []byte
	if passwordFile != "" {
		if secret, err = c.password(passwordFile, ""); err != nil {
			c.fail("cli.no_password_file")
			return exitError
		}
		defer clear(secret)
	}
	code = exitOK
	for _, file := range files {
		if !c.listKeys(file, secret) {
			code = exitError
		}
	}
	return code
}

// listKeys prints what can be said about one store. Without a password that is
// its kind and whether it can be a key at all.
func (c *command) listKeys(file string, secret []byte) bool {
	store, err := keystore.OpenFile(file)
	if err != nil {
		c.keyLine(file, map[string]any{"error": c.keyTrouble(err)}, c.keyTrouble(err))
		return false
	}
	defer store.Close()
	if secret == nil {
		c.keyLine(file, map[string]any{"storage": store.Info().Storage, "locked": true}, c.text("cli.key_locked"))
		return true
	}
	// Unlock clears what it is given; the next file needs the password again.
	opened, err := store.Unlock(context.Background(), slices.Clone(secret))
	if err != nil {
		c.keyLine(file, map[string]any{"storage": store.Info().Storage, "error": c.keyTrouble(err)}, c.keyTrouble(err))
		return false
	}
	healthy := true
	for _, k := range opened {
		cert := k.Certificate()
		if cert == nil {
			c.keyLine(file, map[string]any{"alias": k.Alias(), "error": c.text("cli.no_certificate")}, c.text("cli.no_certificate"))
			healthy = false
			continue
		}
		p := cert.Person()
		trouble := ""
		switch err := cert.ValidAt(time.Now()); {
		case err == nil:
		case time.Now().After(cert.NotAfter):
			trouble = c.text("cli.key_expired", i18n.Date(c.lang, cert.NotAfter))
		default:
			trouble = c.text("cli.key_not_yet", i18n.Date(c.lang, cert.NotBefore))
		}
		healthy = healthy && trouble == ""
		use := c.text("use." + use(cert.CanAuthenticate(), cert.CanSign()))
		line := map[string]any{
			"alias": k.Alias(), "owner": p.CommonName, "iin": p.IIN, "bin": p.BIN, "organisation": p.Organisation, "role": p.Role,
			"authentication": cert.CanAuthenticate(), "signature": cert.CanSign(), "algorithm": cert.PublicKey.Family.KalkanName(),
			"issuer": cert.Issuer.CommonName(), "serial": cert.SerialHex(),
			"notBefore": cert.NotBefore.UTC().Format(time.RFC3339), "notAfter": cert.NotAfter.UTC().Format(time.RFC3339),
			"daysLeft": int(time.Until(cert.NotAfter).Hours() / 24),
		}
		text := fmt.Sprintf("%s; %s; %s; %s – %s", owner(p), cert.PublicKey.Family, use, i18n.Date(c.lang, cert.NotBefore), i18n.Date(c.lang, cert.NotAfter))
		if trouble != "" {
			line["trouble"] = trouble
			text += "; " + trouble
		}
		c.keyLine(file, line, text)
	}
	return healthy
}

func (c *command) keyLine(file string, facts map[string]any, text string) {
	if c.json {
		facts["file"] = file
		json.NewEncoder(c.stdout).Encode(facts)
		return
	}
	fmt.Fprintf(c.stdout, "%s: %s\n", file, text)
}

func use(auth, sign bool) string {
	switch {
	case auth && sign:
		return "both"
	case auth:
		return "auth"
	}
	return "sign"
}

// keyFiles resolves folders to the key files directly in them; a file that is
// named is taken whatever its name.
func keyFiles(places []string) ([]string, error) {
	var files []string
	for _, place := range places {
		fi, err := os.Stat(place)
		if err != nil {
			var pathError *fs.PathError
			if errors.As(err, &pathError) {
				return nil, pathError
			}
			return nil, &fs.PathError{Op: "stat", Path: place, Err: err}
		}
		if !fi.IsDir() {
			files = append(files, place)
			continue
		}
		entries, err := os.ReadDir(place)
		if err != nil {
			return nil, &fs.PathError{Op: "read", Path: place, Err: err}
		}
		for _, e := range entries {
			if !e.IsDir() && slices.Contains(keyExtensions, strings.ToLower(filepath.Ext(e.Name()))) {
				files = append(files, filepath.Join(place, e.Name()))
			}
		}
	}
	return files, nil
}

// usualPlaces are the folders that exist among those where people keep keys.
func usualPlaces() []string {
	home, err := os.UserHomeDir()
	if err != nil {
		return []string{"."}
	}
	var places []string
	for _, p := range []string{".", home, filepath.Join(home, "Desktop"), filepath.Join(home, "Рабочий стол"), filepath.Join(home, "Documents"), filepath.Join(home, "Документы"), filepath.Join(home, "Downloads"), filepath.Join(home, "Загрузки")} {
		if fi, err := os.Stat(p); err == nil && fi.IsDir() {
			places = append(places, p)
		}
	}
	return places
}
