package prompt

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"time"

	"tanba/internal/state"
)

// Launch says which browser shows the window.
type Launch struct {
	// Browser is the absolute path of a Chromium-like browser, "" = the first
	// one of a known list that is there.
	Browser string
	// State is where the browser's own profile is kept, apart from the
	// person's; "" = a temporary folder that is removed with the window.
	State state.Dir
	// Args are further arguments of the browser, for tests.
	Args []string
}

// DefaultOpener opens an app window of a Chromium-like browser from the known
// list, or else a tab of the person's own browser: also when the browser gives
// up at once, as it does for root or inside a box that hides its profile.
func DefaultOpener(dir state.Dir) Opener {
	return fallback(Launch{State: dir}, Tab())
}

func fallback(l Launch, tab Opener) Opener {
	return func(ctx context.Context, url string) (<-chan struct{}, error) {
		app, err := start(ctx, l, url)
		if err != nil {
			closed, tabErr := tab(ctx, url)
			if tabErr != nil {
				return nil, errors.Join(err, tabErr)
			}
			return closed, nil
		}
		closed := make(chan struct{})
		go func() {
			<-app.closed
			if app.failed && ctx.Err() == nil {
				if next, err := tab(ctx, url); err == nil {
					select {
					case <-next:
					case <-ctx.Done():
					}
				}
			}
			close(closed)
		}()
		return closed, nil
	}
}

// Profiles in use. A second browser on one profile would hand its window to the
// first and end at once, so each window has a profile of its own.
var profiles struct {
	sync.Mutex
	used map[string]bool
}

// AppWindow opens the page in a window without browser controls, in a process of
// its own with its own profile, without extensions. The end of the process is
// the end of the window; the end of ctx ends the process.
func AppWindow(l Launch) Opener {
	return func(ctx context.Context, url string) (<-chan struct{}, error) {
		app, err := start(ctx, l, url)
		if err != nil {
			return nil, err
		}
		return app.closed, nil
	}
}

// app is a browser process with one window.
type app struct {
	closed chan struct{}
	failed bool // set before closed: the browser gave up by itself
	group  int  // of its processes
}

func start(ctx context.Context, l Launch, url string) (*app, error) {
	if !hasDisplay() {
		return nil, errors.New("no display")
	}
	path := l.Browser
	if path == "" {
		path = findBrowser()
	}
	if !filepath.IsAbs(path) {
		return nil, errors.New("no Chromium, Chrome, Edge, Brave, Yandex or Vivaldi browser in a known place")
	}
	profile, release, err := takeProfile(l.State)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(path, append(arguments(url, profile), l.Args...)...)
	ownGroup(cmd)
	if err := cmd.Start(); err != nil {
		release()
		return nil, err
	}
	a := &app{closed: make(chan struct{}), group: cmd.Process.Pid}
	raised, stopRaising := context.WithCancel(ctx)
	go raise(raised, a.group)
	go func() {
		defer stopRaising()
		a.failed = cmd.Wait() != nil
		close(a.closed)
		endGroup(cmd, true) // what the browser left behind
		release()
	}()
	go func() {
		select {
		case <-a.closed:
			return
		case <-ctx.Done():
		}
		endGroup(cmd, false)
		select {
		case <-a.closed:
		case <-time.After(2 * time.Second):
			endGroup(cmd, true)
		}
	}()
	return a, nil
}

// arguments are a vector; no shell sees them (security.md §8.2 rows 9, 10).
func arguments(url, profile string) []string {
	args := []string{
		"--app=" + url,
		"--user-data-dir=" + profile,
		"--window-size=440,680",
		"--disable-extensions",
		"--no-first-run",
		"--no-default-browser-check",
		"--no-proxy-server",
		"--disable-sync",
		"--disable-background-networking",
		"--disable-component-update",
		"--disable-features=Translate,AutofillServerCommunication,PasswordManagerOnboarding,MediaRouter",
		"--disable-save-password-bubble",
		"--hide-crash-restore-bubble",
		"--password-store=basic",
		"--use-mock-keychain",
	}
	if os.Geteuid() == 0 {
		// Chromium does not start as root with its sandbox. The window shows
		// nothing but our own page, which loads nothing from elsewhere;
		// --test-type keeps the warning bar from covering who asks.
		args = append(args, "--no-sandbox", "--test-type")
	}
	return args
}

func takeProfile(dir state.Dir) (profile string, release func(), err error) {
	if dir == "" {
		profile, err = os.MkdirTemp("", "tanba-window-")
		return profile, func() { os.RemoveAll(profile) }, err
	}
	profiles.Lock()
	defer profiles.Unlock()
	for i := 0; ; i++ {
		profile = dir.Path("window", strconv.Itoa(i))
		if profiles.used[profile] {
			continue
		}
		if err := dir.Create("window", strconv.Itoa(i)); err != nil {
			return "", nil, err
		}
		if profiles.used == nil {
			profiles.used = map[string]bool{}
		}
		profiles.used[profile] = true
		return profile, func() {
			profiles.Lock()
			defer profiles.Unlock()
			delete(profiles.used, profile)
		}, nil
	}
}

// findBrowser returns the first known browser. PATH is not searched: a folder
// somebody else may write to could be on it.
func findBrowser() string {
	for _, path := range browsers() {
		if fi, err := os.Stat(path); err == nil && fi.Mode().IsRegular() {
			return path
		}
	}
	return ""
}

func browsers() []string {
	switch runtime.GOOS {
	case "windows":
		var out []string
		for _, root := range []string{os.Getenv("ProgramFiles"), os.Getenv("ProgramFiles(x86)"), os.Getenv("LocalAppData")} {
			if !filepath.IsAbs(root) {
				continue
			}
			for _, p := range []string{
				`Microsoft\Edge\Application\msedge.exe`, `Google\Chrome\Application\chrome.exe`,
				`Yandex\YandexBrowser\Application\browser.exe`, `BraveSoftware\Brave-Browser\Application\brave.exe`,
				`Chromium\Application\chrome.exe`, `Vivaldi\Application\vivaldi.exe`,
			} {
				out = append(out, filepath.Join(root, p))
			}
		}
		return out
	case "darwin":
		return []string{
			"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
			"/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
			"/Applications/Yandex.app/Contents/MacOS/Yandex",
			"/Applications/Brave Browser.app/Contents/MacOS/Brave Browser",
			"/Applications/Chromium.app/Contents/MacOS/Chromium",
			"/Applications/Vivaldi.app/Contents/MacOS/Vivaldi",
		}
	}
	return []string{
		"/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome-stable", "/usr/bin/google-chrome",
		"/opt/google/chrome/chrome", "/usr/bin/microsoft-edge-stable", "/usr/bin/microsoft-edge",
		"/usr/bin/yandex-browser-stable", "/usr/bin/yandex-browser", "/usr/bin/brave-browser", "/usr/bin/brave",
		"/usr/bin/vivaldi-stable", "/usr/bin/vivaldi", "/usr/lib/chromium/chromium", "/usr/lib64/chromium-browser/chromium-browser",
		"/run/current-system/sw/bin/chromium", "/run/current-system/sw/bin/google-chrome-stable",
	}
}
