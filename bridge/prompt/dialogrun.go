package prompt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
)

// longestAnswer is more than any password or path has.
const longestAnswer = 8 << 10

// errDisplay: the display did not answer, or no longer.
var errDisplay = errors.New("the display does not answer")

// runTool shows a dialog and reads the answer without its line end, in memory that
// is read into once, so that clearing it clears all there is. A no is the person's
// own; a tool that could show nothing is an error, whatever it ended with.
func runTool(ctx context.Context, t *tool, d dialog) (out []byte, yes bool, err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, false, err
	}
	cmd, said := t.command(ctx, d)
	cmd.Stdout = w // a file: nothing is copied on the way
	err = cmd.Start()
	w.Close()
	if err != nil {
		r.Close()
		return nil, false, err
	}
	buffer := make([]byte, longestAnswer)
	n := 0
	for n < len(buffer) {
		m, err := r.Read(buffer[n:])
		n += m
		if err != nil {
			break // the tool has said everything
		}
	}
	r.Close() // a tool that says more does not wait for us
	yes, err = t.verdict(cmd.Wait(), said.String())
	if ctx.Err() != nil {
		yes, err = false, nil
	}
	if !yes || err != nil {
		clear(buffer)
		return nil, false, err
	}
	out = buffer[:n]
	for len(out) > 0 && (out[len(out)-1] == '\n' || out[len(out)-1] == '\r') {
		out = out[:len(out)-1]
	}
	return out, true, nil
}

// command is the tool with a dialog; said is what it writes to its standard error.
func (t *tool) command(ctx context.Context, d dialog) (cmd *exec.Cmd, said *complaint) {
	cmd = exec.CommandContext(ctx, t.path, t.arguments(d)...)
	said = &complaint{}
	cmd.Env = utf8Locale()
	cmd.Stderr = said
	cmd.WaitDelay = time.Second // a child of the tool may keep it open
	return cmd, said
}

// verdict says what the end of a tool means. The same code may mean that the person
// said no and that there is no display, so the words and the display count, too;
// how long it took does not.
func (t *tool) verdict(end error, said string) (yes bool, err error) {
	var ended *exec.ExitError
	switch {
	case end == nil, errors.Is(end, exec.ErrWaitDelay):
		// A window that somebody else took away is a yes to GTK's tools.
		return !strings.Contains(said, "unexpectedly destroyed"), nil
	case !errors.As(end, &ended):
		return false, end
	case blind(said):
		return false, errDisplay
	case !slices.Contains(t.no, ended.ExitCode()), !strings.Contains(said, t.denied):
		// What it said may hold what was shown, so it is not told.
		return false, fmt.Errorf("the tool for dialogs gave up: %w", end)
	case !displayAnswers():
		return false, errDisplay
	}
	return false, nil
}

// blind: GTK (in the languages of this program), Qt and Xlib say so in these words.
func blind(said string) bool {
	said = strings.ToLower(said)
	for _, words := range []string{
		"open display", "connect to display", "init server", "lost connection to", "error reading events from display",
		"открыть дисплей", "дисплейді ашу", "дисплейін ашу", "no qt platform plugin", "authorization required, but no", "invalid mit-magic-cookie",
	} {
		if strings.Contains(said, words) {
			return true
		}
	}
	return false
}

// complaint keeps the beginning of what a tool says.
type complaint struct {
	mu   sync.Mutex
	text []byte
}

func (c *complaint) Write(p []byte) (int, error) {
	const enough = 8 << 10
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text = append(c.text, p[:min(len(p), enough-len(c.text))]...)
	return len(p), nil
}

func (c *complaint) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return string(c.text)
}
