package prompt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

// shownBy is when a browser that still runs has shown the page: what ends badly
// after that was closed or crashed, and must not be followed by another one.
const shownBy = 10 * time.Second

// Tab opens the page in the person's own browser. Nobody can tell when the tab
// is closed, the page itself is watched; closed tells that no browser could be
// started after all.
func Tab() Opener {
	return func(ctx context.Context, url string) (<-chan struct{}, error) {
		ways, err := systemOpeners(url, "/usr/bin/x-www-browser", "/usr/bin/firefox", "/usr/bin/firefox-esr")
		if err != nil {
			return nil, err
		}
		return openByOne(ctx, ways)
	}
}

// OpenFile opens a file in the program that the system has for it.
func OpenFile(path string) error {
	ways, err := systemOpeners(path)
	if err != nil {
		return err
	}
	_, err = openByOne(context.Background(), ways)
	return err
}

// systemOpeners are the commands that are here and give an address or a path to the
// system's own opener, as one argument of a vector, or else to another program.
func systemOpeners(target string, others ...string) ([][]string, error) {
	var known [][]string
	switch runtime.GOOS {
	case "windows":
		known = [][]string{{filepath.Join(os.Getenv("SystemRoot"), "System32", "rundll32.exe"), "url.dll,FileProtocolHandler", target}}
	case "darwin":
		known = [][]string{{"/usr/bin/open", target}}
	default:
		if !hasDisplay() {
			return nil, errors.New("no display")
		}
		known = [][]string{{"/usr/bin/xdg-open", target}, {"/usr/bin/gio", "open", target}}
		for _, p := range others {
			known = append(known, []string{p, target})
		}
		known = append(known, []string{"/run/current-system/sw/bin/xdg-open", target})
	}
	var here [][]string
	for _, way := range known {
		if _, err := os.Stat(way[0]); err == nil {
			here = append(here, way)
		}
	}
	return here, nil
}

// openByOne starts the first command that can be started. When it fails soon, as
// xdg-open does where no browser is installed, the next one is tried; the channel is
// closed when none is left. A command may live as long as the program it opens and
// is not ours to end.
func openByOne(ctx context.Context, ways [][]string) (<-chan struct{}, error) {
	cmd, rest, err := startOne(ways)
	if err != nil {
		return nil, err
	}
	gone := make(chan struct{})
	go func() {
		for {
			began := time.Now()
			if cmd.Wait() == nil {
				return // it has handed the page to a browser
			}
			if ctx.Err() != nil || time.Since(began) > shownBy {
				break
			}
			var err error
			if cmd, rest, err = startOne(rest); err != nil {
				break
			}
		}
		close(gone)
	}()
	return gone, nil
}

func startOne(ways [][]string) (*exec.Cmd, [][]string, error) {
	err := errors.New("no way to open it is known here")
	for i, way := range ways {
		cmd := exec.Command(way[0], way[1:]...)
		e := cmd.Start()
		if e == nil {
			return cmd, ways[i+1:], nil
		}
		err = fmt.Errorf("%s: %w", way[0], e)
	}
	return nil, nil, err
}
