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

	"tanba/internal/state"
)

// restarted is a robot whose program begins anew, with what was kept.
func (b *robot) restarted(dir state.Dir) Prompter {
	p := b.prompter().(*policy)
	p.o.State = dir
	return p
}

// TestT30RestartGainsNothing: what a rule allows in an hour is that, however often
// the program is started.
func TestT30RestartGainsNothing(t *testing.T) {
	b, dir := newRobot(t), state.Dir(t.TempDir())
	yes := func() bool {
		d, err := b.restarted(dir).Approve(context.Background(), b.request)
		if err != nil && !errors.Is(err, ErrUnavailable) {
			t.Fatal(err)
		}
		return err == nil && d.Policy == "reports"
	}
	for i := range 3 {
		if !yes() {
			t.Fatalf("use %d of three was refused", i+1)
		}
		b.now = b.now.Add(10 * time.Minute)
	}
	opened := b.opened
	if yes() {
		t.Error("a fourth time within the hour, after a restart")
	}
	if b.opened != opened {
		t.Error("the key was opened for it")
	}
	b.now = b.now.Add(-20 * time.Minute) // the clock is put back
	if yes() {
		t.Error("a clock that was put back allows more")
	}
	b.now = b.now.Add(50 * time.Minute)
	if !yes() {
		t.Error("an hour after the first use it is still refused")
	}
	if yes() {
		t.Error("one use ended, two were allowed")
	}
}

// TestT30CountsThatAreDamagedOrCannotBeKept allow nothing; damaged ones for an
// hour, and a restart does not end it.
func TestT30CountsThatAreDamagedOrCannotBeKept(t *testing.T) {
	for _, damaged := range []string{"", "{", "[]", `{"version":2,"rules":{}}`, `{"version":1}`, `{"version":1,"rules":{"x":[[1,-5]]}}`} {
		b, dir := newRobot(t), state.Dir(t.TempDir())
		if err := dir.Write([]byte(damaged), usedFile); err != nil {
			t.Fatal(err)
		}
		for _, later := range []time.Duration{0, 59 * time.Minute} {
			b.now = b.now.Add(later)
			if _, err := b.restarted(dir).Approve(context.Background(), b.request); !errors.Is(err, ErrUnavailable) {
				t.Errorf("%q after %v: %v", damaged, later, err)
			}
		}
		b.now = b.now.Add(2 * time.Minute)
		if _, err := b.restarted(dir).Approve(context.Background(), b.request); err != nil {
			t.Errorf("%q after an hour: %v", damaged, err)
		}
	}
	b, dir := newRobot(t), t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, usedFile), 0o700); err != nil { // nothing can be put in its place
		t.Fatal(err)
	}
	if _, err := b.restarted(state.Dir(dir)).Approve(context.Background(), b.request); !errors.Is(err, ErrUnavailable) {
		t.Errorf("counts that cannot be written: %v", err)
	}
	if b.opened != 0 {
		t.Error("a key was opened for a use that cannot be counted")
	}
}

// TestT30CountsStaySmall: rules that allow much, used much, for long.
func TestT30CountsStaySmall(t *testing.T) {
	u := &uses{Version: 1, Rules: map[string][]count{}}
	at := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	busy, once := &rule{Name: "busy", PerHour: 1 << 30}, &rule{Name: "once", PerHour: 1}
	u.take(once, at)
	for i := range 20_000 {
		if !u.take(busy, at.Add(time.Duration(i)*time.Second/2)) {
			t.Fatalf("use %d refused", i)
		}
	}
	if len(u.Rules) != 1 || len(u.Rules[hexDigest(busy.id())]) > 3600 {
		t.Errorf("%d rules, %d pairs", len(u.Rules), len(u.Rules[hexDigest(busy.id())]))
	}
	dir := state.Dir(t.TempDir())
	if err := u.save(dir); err != nil {
		t.Fatal(err)
	}
	if i, err := os.Stat(dir.Path(usedFile)); err != nil || i.Size() > 100_000 || i.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", i, err)
	}
	if data, _ := dir.Read(usedFile); strings.Contains(string(data), "busy") {
		t.Error("the file names a rule")
	}
}

func FuzzUses(f *testing.F) {
	f.Add([]byte(`{"version":1,"rules":{"00":[[1764000000,3]]},"rest":5}`))
	f.Add([]byte(`{"version":1,"rules":{"00":[[9223372036854775807,9223372036854775807],[-9223372036854775808,1]]}}`))
	at := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, data []byte) {
		u, err := parseUses(data)
		if err != nil {
			return
		}
		r := &rule{Name: "x", PerHour: 2}
		n := 0
		for range 5 {
			if u.take(r, at) {
				n++
			}
		}
		if n > 2 {
			t.Errorf("%d uses of a rule that allows two", n)
		}
	})
}
