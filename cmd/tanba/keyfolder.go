package main

import (
	"bufio"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// keyFolder is the folder proposed for new keys: one of its own among the
// person's documents, so that it is found again and nothing else lies beside it.
// "" = there is no home.
func keyFolder() string {
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	documents := filepath.Join(home, "Documents")
	if runtime.GOOS == "linux" {
		documents = userDirectory(home, "XDG_DOCUMENTS_DIR", documents)
	}
	if fi, err := os.Stat(documents); err != nil || !fi.IsDir() {
		documents = home
	}
	return filepath.Join(documents, "Tanba keys")
}

// userDirectory reads a line of the desktop's user-dirs.dirs, as
// XDG_DOCUMENTS_DIR="$HOME/Документы".
func userDirectory(home, name, other string) string {
	config := os.Getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(config) {
		config = filepath.Join(home, ".config")
	}
	f, err := os.Open(filepath.Join(config, "user-dirs.dirs"))
	if err != nil {
		return other
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		value, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), name+"=")
		if !ok {
			continue
		}
		value = strings.Trim(value, `"`)
		if rest, ok := strings.CutPrefix(value, "$HOME"); ok {
			value = home + rest
		}
		if filepath.IsAbs(value) {
			return filepath.Clean(value)
		}
	}
	return other
}
