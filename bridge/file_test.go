package bridge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"tanba/bridge/consent"
)

func fileRequest(path string, attached bool) string {
	return fmt.Sprintf(`{"module":"kz.gov.pki.knca.commonUtils","method":"createCAdESFromFile","args":["PKCS12","SIGNATURE",%q,%v]}`, path, attached)
}

const noFile = `{"code":"500","message":"file.not_found"}`

// T12: before the person agrees nothing is done with the path, and afterwards
// every trouble with it has one answer.
func TestT12NothingTouchedBeforeConsent(t *testing.T) {
	var opened atomic.Int32
	agreed := make(chan bool)
	k := newKey(t, profile)
	d := &desk{ask: func(ctx context.Context, q *consent.Question) (*consent.Grant, error) {
		if q.Documents[0].Name != "/home/user/договор.pdf" || q.Documents[0].Kind != "file" {
			t.Errorf("document %+v", q.Documents[0])
		}
		<-agreed
		return &consent.Grant{Key: k}, nil
	}}
	r := start(t, d)
	r.openFile = func(string, int64) (*wantedFile, error) {
		opened.Add(1)
		return &wantedFile{file: io.NopCloser(strings.NewReader("content")), size: 7}, nil
	}
	p := r.open()
	p.say(fileRequest("/home/user/договор.pdf", true))
	eventually(t, "the window is open", func() bool { return len(d.asked()) == 1 })
	time.Sleep(20 * time.Millisecond)
	if opened.Load() != 0 {
		t.Fatal("opened before consent")
	}
	agreed <- true
	verify(t, cmsOf(t, p.hear()), nil, 1)
	if opened.Load() != 1 {
		t.Errorf("opened %d times", opened.Load())
	}
}

func TestT12RefusedAfterCancelUntouched(t *testing.T) {
	r := start(t, &desk{ask: cancelAlways})
	r.openFile = func(string, int64) (*wantedFile, error) {
		t.Error("opened without consent")
		return nil, errPath
	}
	for _, path := range []string{"/etc/passwd", "/nowhere", "", `\\evil\share`} {
		r.open().ask(fileRequest(path, true), cancelled)
	}
}

func TestT12Files(t *testing.T) {
	if os.PathSeparator != '/' {
		t.Skip("Unix paths")
	}
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
			begun := time.Now()
			p.say(fileRequest(tc.path, attached))
			got := p.hear()
			if time.Since(begun) > 2*time.Second {
				t.Errorf("%q: took %v", tc.path, time.Since(begun))
			}
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

// A file that changes while it is read is not the one the person agreed to.
func TestT12ChangingFile(t *testing.T) {
	for name, content := range map[string]string{"shrinks": "con", "grows": "contents"} {
		for _, attached := range []bool{true, false} {
			r := start(t, &desk{ask: grants(newKey(t, profile))})
			r.openFile = func(string, int64) (*wantedFile, error) {
				return &wantedFile{file: io.NopCloser(strings.NewReader(content)), size: 7}, nil
			}
			p := r.open()
			p.say(fileRequest("/x", attached))
			if got := p.hear(); got != noFile {
				t.Errorf("%s, attached %v: %s", name, attached, got)
			}
		}
	}
}

func TestT12PathTable(t *testing.T) {
	for _, tc := range []struct {
		system, path string
		ok           bool
	}{
		{"linux", "/home/user/a.txt", true},
		{"linux", "/home/user/dev/a.txt", true},
		{"linux", "/device/a", true},
		{"linux", "a.txt", false},
		{"linux", "./a.txt", false},
		{"linux", "~/a.txt", false},
		{"linux", "", false},
		{"linux", "/a\x00b", false},
		{"linux", "/dev/zero", false},
		{"linux", "/dev", false},
		{"linux", "/home/../proc/self/mem", false},
		{"linux", "/sys/x", false},
		{"linux", "/./proc/x", false},
		{"linux", "//server/x", false},
		{"linux", `\\server\x`, false},
		{"windows", `C:\Users\a.txt`, true},
		{"windows", `c:/Users/a.txt`, true},
		{"windows", `C:\Users\console.txt`, true},
		{"windows", `C:a.txt`, false},
		{"windows", `\Users\a.txt`, false},
		{"windows", `a.txt`, false},
		{"windows", `\\server\share\a.txt`, false},
		{"windows", `//server/share/a.txt`, false},
		{"windows", `\\?\C:\a.txt`, false},
		{"windows", `\\.\PhysicalDrive0`, false},
		{"windows", `\\.\pipe\x`, false},
		{"windows", `C:\a.txt:stream`, false},
		{"windows", `C:\a.txt::$DATA`, false},
		{"windows", `C:\NUL`, false},
		{"windows", `C:\x\con.txt`, false},
		{"windows", `C:\x\AUX .txt`, false},
		{"windows", `C:\COM1`, false},
		{"windows", `C:\lpt9.log`, false},
		{"windows", `C:\COM¹`, false},
		{"windows", `C:\CONIN$`, false},
		{"windows", `1:\a.txt`, false},
	} {
		if err := checkPath(tc.path, tc.system); (err == nil) != tc.ok || err != nil && !errors.Is(err, errPath) {
			t.Errorf("%s %q: %v", tc.system, tc.path, err)
		}
	}
}

func FuzzCheckPath(f *testing.F) {
	f.Add("/home/user/a.txt", true)
	f.Add(`C:\Users\a.txt`, false)
	f.Fuzz(func(t *testing.T, path string, unix bool) {
		system := "windows"
		if unix {
			system = "linux"
		}
		if checkPath(path, system) == nil && (strings.HasPrefix(path, `\\`) || bytes.ContainsRune([]byte(path), 0)) {
			t.Errorf("%q accepted", path)
		}
	})
}
