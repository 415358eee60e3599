//go:build unix

package bridge

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// T12: what a path may lead to, and what it may not.
func TestT12Files(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	write := func(name, content string) {
		if err := os.WriteFile(in(name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("good", "content")
	write("empty", "")
	write("big", strings.Repeat("x", 2000))
	if err := os.WriteFile(in("sparse"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(in("sparse"), 5<<30); err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(syscall.Mkfifo(in("fifo"), 0o600))
	must(os.Symlink(in("good"), in("link")))
	must(os.Symlink("/proc/self", in("proc")))
	must(os.Mkdir(in("folder"), 0o700))

	k := newKey(t, profile)
	r := start(t, &desk{ask: grants(k)}, func(o *Options) { o.Limits.File = 1000 })
	p := r.open()
	for _, attached := range []bool{true, false} {
		for _, tc := range []struct {
			path    string
			content string
			ok      bool
		}{
			{in("good"), "content", true},
			{in("empty"), "", true},
			{dir + "/folder/../good", "content", true},
			{in("missing"), "", false},
			{in("big"), "", false},
			{in("sparse"), "", false},
			{in("fifo"), "", false},
			{in("link"), "", false},
			{in("folder"), "", false},
			{in("good") + "/", "content", true}, // cleaned
			{in("proc") + "/environ", "", false},
			{"/proc/self/environ", "", false},
			{"/dev/zero", "", false},
			{"/sys/kernel/notes", "", false},
			{"//server/share/x", "", false},
			{`\\server\share\x`, "", false},
			{"good", "", false},
			{"", "", false},
		} {
			p.say(fileRequest(tc.path, attached))
			got := p.hear() // none of them waits for a writer
			if !tc.ok {
				if got != noFile {
					t.Errorf("%q: %s", tc.path, got)
				}
				continue
			}
			content := []byte(nil)
			if !attached {
				content = []byte(tc.content)
			}
			sd := verify(t, cmsOf(t, got), content, 1)
			if attached && string(sd.Content) != tc.content {
				t.Errorf("%q: content %q", tc.path, sd.Content)
			}
		}
	}
	if strings.Contains(r.log.String(), dir) && strings.Contains(r.log.String(), "level=INFO msg=file") {
		t.Error("a path is in the log above debug level")
	}
}
