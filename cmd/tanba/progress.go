package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/term"
)

// console writes lines to both outputs in the order they come, and on a
// terminal a progress bar below them on standard error.
//
// Rules of the bar: it is there only if standard error is a terminal that can
// return to the beginning of a line; it is rewritten in place with nothing but
// that (no escape sequences, which old consoles print as they are); it never
// fills the last column, where terminals begin a new line; names of files do
// not come into it, so that its width is known. Lines are held back until the
// next picture, a tenth of a second, so that ten thousand of them do not flicker.
type console struct {
	mu      sync.Mutex
	held    []chunk
	out     io.Writer
	err     io.Writer
	width   func() int // of the terminal; 0 = there is none
	picture func() progress
	drawn   int // columns of the bar that stands there
	done    chan struct{}
	ended   sync.WaitGroup
}

// chunk is consecutive output to one writer.
type chunk struct {
	toErr bool
	text  bytes.Buffer
}

// progress is what a bar shows.
type progress struct {
	Share       float64 // 0…1
	Count, Left string
}

const pictureTime = 100 * time.Millisecond

func newConsole(out, err io.Writer) *console {
	c := &console{out: out, err: err, width: terminalWidth(err), done: make(chan struct{})}
	c.ended.Go(func() {
		tick := time.NewTicker(pictureTime)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				c.mu.Lock()
				c.flush(true)
				c.mu.Unlock()
			case <-c.done:
				return
			}
		}
	})
	return c
}

// terminalWidth asks each time: windows are resized.
func terminalWidth(w io.Writer) func() int {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) || os.Getenv("TERM") == "dumb" {
		return func() int { return 0 }
	}
	return func() int {
		width, _, err := term.GetSize(int(f.Fd()))
		if err != nil {
			return 0
		}
		return width
	}
}

// Show begins to show a bar.
func (c *console) Show(picture func() progress) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.picture = picture
}

// Outf and Errorf write to standard output and standard error.
func (c *console) Outf(format string, args ...any) { c.hold(false, format, args) }

func (c *console) Errorf(format string, args ...any) { c.hold(true, format, args) }

func (c *console) hold(toErr bool, format string, args []any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.held); n == 0 || c.held[n-1].toErr != toErr {
		c.held = append(c.held, chunk{toErr: toErr})
	}
	fmt.Fprintf(&c.held[len(c.held)-1].text, format, args...)
}

// Close writes what is held back and takes the bar away.
func (c *console) Close() {
	close(c.done)
	c.ended.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flush(false)
}

func (c *console) flush(draw bool) {
	if len(c.held) > 0 || !draw {
		if c.drawn > 0 {
			// Only as far as the window still reaches, if it was made narrower.
			fmt.Fprintf(c.err, "\r%s\r", strings.Repeat(" ", max(0, min(c.drawn, c.width()-1))))
			c.drawn = 0
		}
		for i := range c.held {
			to := c.out
			if c.held[i].toErr {
				to = c.err
			}
			to.Write(c.held[i].text.Bytes())
		}
		c.held = nil
	}
	if !draw || c.picture == nil {
		return
	}
	columns := c.width() - 1
	if columns <= 0 {
		return
	}
	line := c.picture().line(columns)
	n := utf8.RuneCountInString(line)
	fmt.Fprintf(c.err, "\r%s%s", line, strings.Repeat(" ", max(0, min(c.drawn, columns)-n)))
	c.drawn = n
}

// line draws in so many columns: what does not fit is left out, the remaining
// time first, then the bar.
func (p progress) line(columns int) string {
	percent := fmt.Sprintf("%3d\u00a0%%", int(p.Share*100))
	for _, parts := range [][]string{{percent, p.Count, p.Left}, {percent, p.Count}} {
		text := strings.TrimRight(strings.Join(parts, "  "), " ")
		bar := min(30, columns-utf8.RuneCountInString(text)-2)
		if bar >= 8 {
			full := int(p.Share * float64(bar))
			return strings.Repeat("█", full) + strings.Repeat("░", bar-full) + "  " + text
		}
	}
	for _, text := range []string{percent + "  " + p.Count, percent} {
		if utf8.RuneCountInString(text) <= columns {
			return text
		}
	}
	return ""
}
