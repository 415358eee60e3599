package trust

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// settle is how long after the last event the stores are looked at: a browser
// that makes a profile does so in many steps.
const settle = 500 * time.Millisecond

// Watch calls changed at once and after a browser's store may have come into
// being: a new profile of Firefox, a browser of a package installed since. It
// waits for the kernel's notices, from before the first call on, and does nothing
// in between. It returns when ctx ends.
func Watch(ctx context.Context, o Options, changed func(context.Context)) error {
	if err := o.complete(); err != nil {
		return err
	}
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		changed(ctx)
		return fmt.Errorf("trust: inotify: %w", err)
	}
	notices := os.NewFile(uintptr(fd), "inotify")
	defer notices.Close()
	defer context.AfterFunc(ctx, func() { notices.Close() })()

	w := &watcher{fd: fd, folders: map[int]string{}, names: map[string]map[string]bool{}}
	w.follow(o.Home)
	seen := make(chan notice)
	failed := make(chan error, 1)
	go func() { failed <- read(ctx, notices, seen) }()

	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-failed:
			if ctx.Err() != nil || errors.Is(err, fs.ErrClosed) {
				return nil
			}
			return err
		case n := <-seen:
			if w.matters(n) {
				timer.Reset(settle)
			}
		case <-timer.C:
			w.follow(o.Home)
			changed(ctx)
		}
	}
}

// notice is one event of the kernel.
type notice struct {
	wd   int
	mask uint32
	name string
}

func read(ctx context.Context, f *os.File, seen chan<- notice) error {
	buffer := make([]byte, 16<<10)
	for {
		n, err := f.Read(buffer)
		if err != nil {
			return fmt.Errorf("trust: inotify: %w", err)
		}
		for b := buffer[:n]; len(b) >= unix.SizeofInotifyEvent; {
			e := (*unix.InotifyEvent)(unsafe.Pointer(&b[0]))
			end := min(unix.SizeofInotifyEvent+int(e.Len), len(b))
			name := strings.TrimRight(string(b[unix.SizeofInotifyEvent:end]), "\x00")
			b = b[end:]
			select {
			case seen <- notice{int(e.Wd), e.Mask, name}:
			case <-ctx.Done():
				return nil
			}
		}
	}
}

// watcher holds which folder each watch descriptor is of, and which names in it
// matter.
type watcher struct {
	fd      int
	folders map[int]string
	names   map[string]map[string]bool // folder → names
}

// matters tells whether a notice is of a place. Databases are closed by everybody
// who has looked into them, us included: of them only the coming into being
// counts.
func (w *watcher) matters(n notice) bool {
	if n.mask&unix.IN_Q_OVERFLOW != 0 {
		return true
	}
	if n.mask&unix.IN_CLOSE_WRITE != 0 && n.name != "profiles.ini" {
		return false
	}
	return w.names[w.folders[n.wd]][n.name]
}

// places are the paths whose coming into being matters.
func places(home string) []string {
	var list []string
	for _, root := range firefoxRoots(home) {
		list = append(list, filepath.Join(root, "profiles.ini"))
		for _, profile := range firefoxProfiles(root) {
			list = append(list, filepath.Join(profile, "cert9.db"))
		}
	}
	for _, place := range confined {
		place, _, _ = strings.Cut(place, "/[")
		list = append(list, filepath.Join(home, place))
	}
	return append(list, filepath.Join(home, ".pki", "nssdb"), filepath.Join(home, ".local", "share", "pki", "nssdb"))
}

// follow watches, for each place, the deepest folder above it that exists. It
// looks again until none has come into being meanwhile: as often as the deepest place
// is deep.
func (w *watcher) follow(home string) {
	for range 10 {
		if !w.advance(home) {
			return
		}
	}
}

// advance reports whether it watches other folders than before.
func (w *watcher) advance(home string) (moved bool) {
	names := map[string]map[string]bool{}
	for _, place := range places(home) {
		name := filepath.Base(place)
		dir := filepath.Dir(place)
		for {
			if fi, err := os.Stat(dir); err == nil && fi.IsDir() {
				break
			}
			if dir == home || dir == filepath.Dir(dir) {
				break
			}
			dir, name = filepath.Dir(dir), filepath.Base(dir)
		}
		if names[dir] == nil {
			names[dir] = map[string]bool{}
		}
		names[dir][name] = true
	}
	for dir := range names {
		// Adding a watch twice gives the same descriptor.
		wd, err := unix.InotifyAddWatch(w.fd, dir, unix.IN_CREATE|unix.IN_MOVED_TO|unix.IN_CLOSE_WRITE|unix.IN_ONLYDIR)
		if err == nil && w.folders[wd] != dir {
			w.folders[wd], moved = dir, true
		}
	}
	for wd, dir := range w.folders {
		if names[dir] == nil {
			unix.InotifyRmWatch(w.fd, uint32(wd))
			delete(w.folders, wd)
		}
	}
	w.names = names
	return moved
}
