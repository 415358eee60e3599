package main

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestBarFitsTheWindow(t *testing.T) {
	p := progress{Share: 0.456, Count: "4 560 из 10 000 файлов", Left: "осталось 0:12"}
	for _, tt := range []struct {
		columns int
		want    string
	}{
		{120, "█████████████░░░░░░░░░░░░░░░░░   45\u00a0%  4 560 из 10 000 файлов  осталось 0:12"},
		{79, "█████████████░░░░░░░░░░░░░░░░░   45\u00a0%  4 560 из 10 000 файлов  осталось 0:12"},
		{60, "██████░░░░░░░░   45\u00a0%  4 560 из 10 000 файлов  осталось 0:12"},
		{45, "██████░░░░░░░░   45\u00a0%  4 560 из 10 000 файлов"},
		{30, " 45\u00a0%  4 560 из 10 000 файлов"},
		{20, " 45\u00a0%"},
		{3, ""},
	} {
		if got := p.line(tt.columns); got != tt.want {
			t.Errorf("%d columns: %q (%d), want %q", tt.columns, got, utf8.RuneCountInString(got), tt.want)
		}
	}
	for share := 0.0; share <= 1; share += 0.01 {
		for columns := 1; columns < 130; columns++ {
			if n := utf8.RuneCountInString((progress{Share: share, Count: p.Count, Left: p.Left}).line(columns)); n > columns {
				t.Fatalf("%d columns take %d", columns, n)
			}
		}
	}
}

// shown plays what was written on a terminal of so many columns and returns its
// lines; a bar that reaches the last column, and escape sequences, are errors.
func shown(t *testing.T, written string, columns int) []string {
	t.Helper()
	lines, at := [][]rune{{}}, 0
	for _, r := range written {
		line := &lines[len(lines)-1]
		switch r {
		case '\r':
			at = 0
		case '\n':
			lines, at = append(lines, []rune{}), 0
		case '\x1b':
			t.Fatalf("an escape sequence in %q", written)
		default:
			if at >= columns-1 {
				t.Fatalf("column %d of %d is written in %q", at+1, columns, written)
			}
			for len(*line) <= at {
				*line = append(*line, ' ')
			}
			(*line)[at] = r
			at++
		}
	}
	var out []string
	for _, l := range lines {
		out = append(out, strings.TrimRight(string(l), " "))
	}
	return out
}

func TestConsoleKeepsLinesAndBarApart(t *testing.T) {
	var both bytes.Buffer // one terminal for both outputs
	width := 60
	c := &console{out: &both, err: &both, width: func() int { return width }, done: make(chan struct{})}
	share := 0.2
	c.Show(func() progress { return progress{Share: share, Count: "2 of 10 files", Left: "0:07 left"} })
	c.Outf("%s\n", "a → a.cms")
	c.flush(true)
	c.Errorf("%s\n", "error: b")
	c.Outf("%s\n", "c → c.cms")
	share = 0.5
	c.flush(true)
	c.flush(true)
	if got := shown(t, both.String(), width); len(got) != 4 || got[0] != "a → a.cms" || got[1] != "error: b" || got[2] != "c → c.cms" || !strings.HasPrefix(got[3], "██████████") {
		t.Errorf("%q", got)
	}
	width = 40 // the window is made narrower
	c.flush(true)
	c.Outf("%s\n", "d")
	c.Close()
	if got := shown(t, both.String(), 60); got[len(got)-1] != "" {
		t.Errorf("the bar is left: %q", got)
	}
}

func TestNoBarWithoutATerminal(t *testing.T) {
	var out, err bytes.Buffer
	c := newConsole(&out, &err)
	c.Show(func() progress { t.Error("a bar is drawn"); return progress{} })
	c.Outf("%s\n", "a → a.cms")
	c.mu.Lock()
	c.flush(true)
	c.mu.Unlock()
	c.Errorf("%s\n", "error: b")
	c.Close()
	if out.String() != "a → a.cms\n" || err.String() != "error: b\n" {
		t.Errorf("%q, %q", out.String(), err.String())
	}
}

func TestNamesDoNotSpeakToTheTerminal(t *testing.T) {
	for name, want := range map[string]string{"акт.pdf": "акт.pdf", "a\x1b]0;title\a": `"a\x1b]0;title\a"`, "two\nlines": `"two\nlines"`} {
		if got := printable(name); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
