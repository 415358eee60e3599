package prompt

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// copies notes what is opened.
type copies struct {
	opened []string
	data   []byte
	mode   os.FileMode
	folder os.FileMode
}

func (c *copies) open(path string) error {
	c.opened = append(c.opened, path)
	c.data, _ = os.ReadFile(path)
	if fi, err := os.Stat(path); err == nil {
		c.mode = fi.Mode().Perm()
	}
	if fi, err := os.Stat(filepath.Dir(path)); err == nil {
		c.folder = fi.Mode().Perm()
	}
	return nil
}

// TestT29CopyIsWhatIsSigned: the octets, in a file nobody can change, under a name
// of ours, gone with the window.
func TestT29CopyIsWhatIsSigned(t *testing.T) {
	pdf := []byte("%PDF-1.7 what is signed")
	r := minimal()
	r.Documents = []Document{
		{Name: "../../evil.desktop", Kind: "pdf", Data: pdf, Size: int64(len(pdf))},
		{Name: "x.sh", Kind: "binary", Data: []byte("#!/bin/sh")},
		{Name: "y.pdf", Kind: "pdf"},
		{Name: "z", Kind: "text", Text: "x", Data: []byte("x")},
	}
	r.Total = 4
	var c copies
	dir := filepath.Join(t.TempDir(), "copies")
	os.MkdirAll(filepath.Join(dir, "left by a crash"), 0o700)
	w := open(t, r, func(o *WebOptions) { o.OpenFile, o.Copies = c.open, dir })
	v := w.exchange()
	for i, want := range []bool{true, false, false, false} {
		if got := v["documents"].([]any)[i].(map[string]any)["copy"]; got != want {
			t.Errorf("document %d: a copy can be opened: %v", i, got)
		}
		code, _, _ := w.send("POST", "/copy", map[string]int{"document": i})
		if (code == 200) != want {
			t.Errorf("document %d: %d", i, code)
		}
	}
	if code, _, _ := w.send("POST", "/copy", map[string]int{"document": 0}); code != 200 { // again
		t.Error(code)
	}
	for _, i := range []int{-1, 4} {
		if code, _, _ := w.send("POST", "/copy", map[string]int{"document": i}); code != http.StatusNotFound {
			t.Errorf("document %d: %d", i, code)
		}
	}
	if len(c.opened) != 2 || filepath.Base(c.opened[0]) != "document-1.pdf" || !strings.HasPrefix(c.opened[0], dir) || !bytes.Equal(c.data, pdf) || c.mode != 0o400 || c.folder != 0o700 {
		t.Errorf("%+v", c)
	}
	w.send("POST", "/cancel", nil)
	w.wait()
	for range 6000 {
		if left, _ := os.ReadDir(dir); len(left) == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("the copy stays")
}

// TestNoCopyAfterTheDecision: the octets belong to somebody else then.
func TestNoCopyAfterTheDecision(t *testing.T) {
	r := minimal()
	r.Documents[0] = Document{Kind: "pdf", Data: []byte("%PDF-"), Size: 5}
	var c copies
	w := open(t, r, func(o *WebOptions) { o.OpenFile, o.Copies = c.open, t.TempDir() })
	w.exchange()
	w.unlock("/x.p12", "Qwerty12")
	w.look()
	w.send("POST", "/approve", map[string]any{"key": "a"})
	d, err := w.wait()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Progress.Finish("")
	if code, _, _ := w.send("POST", "/copy", map[string]int{"document": 0}); code != http.StatusConflict || len(c.opened) != 0 {
		t.Errorf("%d, %v", code, c.opened)
	}
}

// TestApproveWaitsForTheCopy: its octets must not go while they are written.
func TestApproveWaitsForTheCopy(t *testing.T) {
	r := minimal()
	r.Documents[0] = Document{Kind: "pdf", Data: []byte("%PDF-"), Size: 5}
	writing, done := make(chan struct{}), make(chan struct{})
	w := open(t, r, func(o *WebOptions) {
		o.Copies = t.TempDir()
		o.OpenFile = func(string) error { close(writing); <-done; return nil }
	})
	w.exchange()
	go w.send("POST", "/copy", map[string]int{"document": 0})
	<-writing
	w.cancel()
	w.undecided()
	close(done)
	if _, err := w.wait(); err == nil {
		t.Error("granted")
	}
}

func TestExtensions(t *testing.T) {
	for data, want := range map[string]string{
		"office PK\x03\x04[Content_Types].xml word/document.xml": ".docx", "office PK\x03\x04 xl/workbook.xml": ".xlsx",
		"office \xd0\xcf\x11\xe0": "", "image \x89PNG": ".png", "image \xff\xd8\xff": ".jpg", "zip PK": "", "cms 0": "", "xml <a/>": "", "file x": "", "digest x": "",
	} {
		kind, octets, _ := strings.Cut(data, " ")
		if got := extension(Document{Kind: kind, Data: []byte(octets)}); got != want {
			t.Errorf("%q: %q, want %q", data, got, want)
		}
	}
}
