package trust

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// A profile of Firefox made after the installation, on an account that had no
// Firefox, gets the root as well.
func TestWatchFindsLaterProfiles(t *testing.T) {
	h := newHome(t)
	h.install()
	ctx, cancel := context.WithCancel(t.Context())
	standing := make(chan struct{})
	var first sync.Once
	added := make(chan Result, 8)
	ended := make(chan error, 1)
	go func() {
		ended <- Watch(ctx, h.o, func(ctx context.Context) {
			results, err := Install(ctx, h.o)
			if err != nil {
				t.Error(err)
			}
			for _, r := range results {
				if r.Changed {
					added <- r
				}
			}
			first.Do(func() { close(standing) })
		})
	}()
	await := func(path string) {
		t.Helper()
		select {
		case r := <-added:
			if r.Path != path || !r.Trusted || r.Err != nil {
				t.Errorf("%+v, want %s", r, path)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%s was not noticed", path)
		}
	}
	<-standing
	// Step by step, as Firefox does: the folders do not exist yet.
	h.firefoxIn(".config/mozilla/firefox", false)
	await(h.firefox[0])

	second := filepath.Join(h.dir, ".config/mozilla/firefox", "second")
	h.database(".config/mozilla/firefox", "second")
	ini, err := os.OpenFile(filepath.Join(h.dir, ".config/mozilla/firefox", "profiles.ini"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	ini.WriteString("[Profile2]\nName=second\nIsRelative=1\nPath=second\n")
	ini.Close()
	await(second)

	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	h.remove()
	for _, gone := range []string{filepath.Join(h.firefox[0], "cert9.db")} {
		if _, err := os.Stat(gone); err == nil {
			t.Errorf("%s is left", gone)
		}
	}
}
