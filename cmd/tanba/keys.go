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

	"tanba/bridge/consent"
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
	everything := len(places) == 0
	known := c.knownPlaces(everything)
	if everything {
		places = append(known.folders, usualPlaces()...)
	}
	files, err := keyFiles(places)
	if err != nil {
		c.fail("cli.key_trouble", err.(*fs.PathError).Path, c.text("cli.no_file"))
		return exitError
	}
	files = distinct(append(known.files(), files...))
	if len(files) == 0 && !everything {
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
		if !c.listKeys(file, secret, known.recent[file]) {
			code = exitError
		}
	}
	if everything {
		found, healthy := c.listTokens(known)
		if !healthy {
			code = exitError
		}
		if len(files) == 0 && found == 0 {
			c.say("cli.no_keys", strings.Join(places, ", "))
		}
	}
	return code
}

// listKeys prints what can be said about one store. Without a password that is
// its kind and whether it can be a key at all.
func (c *command) listKeys(file string, secret []byte, last consent.RecentKey) bool {
	store, err := keystore.OpenFile(file)
	if err != nil {
		c.keyLine(file, map[string]any{"error": c.keyTrouble(err)}, c.keyTrouble(err))
		return false
	}
	defer store.Close()
	if secret == nil {
		return c.listLocked(file, store.Info().Storage, last)
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
		line, text, well := c.certificateFacts(cert)
		line["alias"] = k.Alias()
		healthy = healthy && well
		c.keyLine(file, line, text)
	}
	return healthy
}

func (c *command) keyLine(file string, facts map[string]any, text string) {
	if c.json {
		if file != "" {
			facts["file"] = file
		}
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
