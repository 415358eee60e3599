//go:build unix

package prompt

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// program writes a script that notes that it ran and ends with code.
func program(t *testing.T, dir, name, code string) []string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\necho "+name+" \"$1\" >>"+dir+"/ran\nexit "+code+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return []string{path, "http://127.0.0.1:1/#token"}
}

func TestOpenByOne(t *testing.T) {
	for _, c := range []struct {
		name   string
		codes  []string
		ran    int
		closed bool
	}{
		{"the first does it", []string{"0", "0"}, 1, false},
		{"xdg-open knows no browser", []string{"3", "0", "0"}, 2, false},
		{"no browser at all", []string{"3", "4"}, 2, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			ways := [][]string{{filepath.Join(dir, "missing")}}
			for i, code := range c.codes {
				ways = append(ways, program(t, dir, string(rune('a'+i)), code))
			}
			closed, err := openByOne(context.Background(), ways)
			if err != nil {
				t.Fatal(err)
			}
			ran := func() int {
				b, _ := os.ReadFile(filepath.Join(dir, "ran"))
				return strings.Count(string(b), "http://127.0.0.1:1/#token\n")
			}
			if c.closed {
				<-closed
			}
			for ran() < c.ran {
				time.Sleep(10 * time.Millisecond)
			}
			if got := ran(); got != c.ran {
				t.Errorf("%d were started, want %d", got, c.ran)
			}
			select {
			case <-closed:
				if !c.closed {
					t.Error("counts as closed")
				}
			default:
			}
		})
	}
	if _, err := openByOne(context.Background(), [][]string{{"/nonexistent/browser", "x"}}); err == nil || !strings.Contains(err.Error(), "/nonexistent/browser") {
		t.Errorf("%v", err)
	}
	if _, err := openByOne(context.Background(), nil); err == nil {
		t.Error("nothing to open with is an error")
	}
}

// A machine whose browsers all fail asks by the next back-end at once, and the
// person is asked once only.
func TestBrowsersThatFail(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("DISPLAY", ":0")
	broken := program(t, dir, "chromium", "1")[0]
	tab := func(ctx context.Context, url string) (<-chan struct{}, error) {
		return openByOne(ctx, [][]string{program(t, dir, "xdg-open", "3"), program(t, dir, "firefox", "1")})
	}
	for name, open := range map[string]Opener{
		"a window, then tabs": fallback(Launch{Browser: broken}, tab),
		"no window":           fallback(Launch{Browser: "nowhere"}, tab),
		"nothing at all": fallback(Launch{Browser: "nowhere"}, func(context.Context, string) (<-chan struct{}, error) {
			return nil, errors.New("no way to open it is known here")
		}),
	} {
		t.Run(name, func(t *testing.T) {
			next := &refuser{}
			web := NewWeb(WebOptions{Open: open, Load: time.Hour})
			_, err := First(web, next).Approve(context.Background(), &Request{Purpose: PickFile})
			if !errors.Is(err, ErrCancelled) || next.asked != 1 {
				t.Errorf("%v, asked %d times", err, next.asked)
			}
		})
	}
}

// refuser counts how often it is asked.
type refuser struct{ asked int }

func (r *refuser) Approve(context.Context, *Request) (Decision, error) {
	r.asked++
	return Decision{}, ErrCancelled
}
