//go:build !windows && !darwin

package enrollment

import (
	"io"
	"os"
	"path/filepath"
)

// maxUserDirectories bounds what is read of user-dirs.dirs; it has eight lines.
const maxUserDirectories = 64 << 10

// documents is where the desktop has them: "Документы", "Құжаттар", …
func documents(home string) string {
	config := os.Getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(config) {
		config = filepath.Join(home, ".config")
	}
	f, err := os.Open(filepath.Join(config, "user-dirs.dirs"))
	if err == nil {
		defer f.Close()
		data, _ := io.ReadAll(io.LimitReader(f, maxUserDirectories)) // what can be read of it counts
		if path := userDirectory(data, "XDG_DOCUMENTS_DIR", home); path != "" {
			return path
		}
	}
	return filepath.Join(home, "Documents")
}

func synchronised() []string { return nil }
