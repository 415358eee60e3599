package bridge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
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
