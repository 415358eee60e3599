package prompt

import (
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// utf8Locale is the environment in which the desktop's tools take our texts: under a
// locale that is not installed here, or none, they refuse whatever is not ASCII, and
// a service often has no other.
var utf8Locale = sync.OnceValue(func() []string {
	if runtime.GOOS == "darwin" {
		return nil // as it is
	}
	charmap, err := exec.Command("/usr/bin/locale", "charmap").Output()
	if err != nil {
		return nil // nobody can tell; musl knows UTF-8 only
	}
	return withUTF8(os.Environ(), strings.TrimSpace(string(charmap)))
})

// withUTF8 is the environment with a locale that is always there, where charmap is
// not that of UTF-8; nil is the environment as it is.
func withUTF8(env []string, charmap string) []string {
	if strings.EqualFold(charmap, "UTF-8") {
		return nil
	}
	env = slices.DeleteFunc(slices.Clone(env), func(v string) bool { return strings.HasPrefix(v, "LC_ALL=") })
	return append(env, "LC_ALL=C.UTF-8")
}
