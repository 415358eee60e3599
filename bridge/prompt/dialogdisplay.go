package prompt

import (
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// hasDisplay: elsewhere than on Unix desktops a session always has one.
func hasDisplay() bool {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		return true
	}
	return os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != ""
}

// displayAnswers reports whether somebody listens behind the display of the
// environment; what it cannot find out counts as an answer.
func displayAnswers() bool {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		return true
	}
	if name := os.Getenv("WAYLAND_DISPLAY"); name != "" {
		if !filepath.IsAbs(name) {
			name = filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), name)
		}
		if listens("unix", name) {
			return true
		}
	}
	display := os.Getenv("DISPLAY")
	host, rest, ok := strings.Cut(display, ":")
	number, _, _ := strings.Cut(rest, ".")
	n, err := strconv.ParseUint(number, 10, 16)
	switch {
	case display == "":
		return false
	case !ok || err != nil:
		return true // macOS's sockets by path, and whatever else there may be
	case host == "" || host == "unix":
		path := filepath.Join("/tmp/.X11-unix", "X"+number)
		return listens("unix", path) || listens("unix", "@"+path)
	}
	return listens("tcp", net.JoinHostPort(strings.Trim(host, "[]"), strconv.FormatUint(6000+n, 10)))
}

func listens(network, address string) bool {
	conn, err := net.DialTimeout(network, address, 5*time.Second)
	if err == nil {
		conn.Close()
	}
	return err == nil
}
