package enrollment

import (
	"path/filepath"
	"strings"
)

// userDirectory reads a folder of xdg-user-dirs from the contents of
// user-dirs.dirs. A line is
//
//	XDG_DOCUMENTS_DIR="$HOME/Документы"
//
// with a path that is absolute or below $HOME, a backslash before a character
// that is meant as it stands, and blanks around; the last line counts, and a
// folder that is $HOME itself is switched off (user-dirs.dirs(5)). "" = it is
// not named.
func userDirectory(data []byte, name, home string) string {
	found := ""
	for line := range strings.Lines(string(data)) {
		left, right, ok := strings.Cut(line, "=")
		if !ok || strings.TrimSpace(left) != name {
			continue
		}
		if path, ok := userPath(strings.TrimSpace(right), home); ok {
			found = path
		}
	}
	if found == filepath.Clean(home) {
		return ""
	}
	return found
}

// userPath reads the value of a line.
func userPath(value, home string) (string, bool) {
	value, ok := strings.CutPrefix(value, `"`)
	if !ok {
		return "", false
	}
	prefix := ""
	if rest, below := strings.CutPrefix(value, "$HOME"); below {
		prefix, value = home, rest
	}
	if !strings.HasPrefix(value, "/") && !(prefix != "" && strings.HasPrefix(value, `"`)) {
		return "", false
	}
	var path strings.Builder
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c == '"':
			whole := filepath.Clean(prefix + path.String())
			return whole, filepath.IsAbs(whole) && !strings.ContainsRune(whole, 0)
		case c == '\\' && i+1 < len(value):
			i++
			path.WriteByte(value[i])
		default:
			path.WriteByte(c)
		}
	}
	return "", false // the line has no end
}
