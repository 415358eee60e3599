package session

import (
	"testing"
	"time"
)

func TestT22ConsoleOfMacOS(t *testing.T) {
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	open := console{front: true, wall: noon, running: time.Hour}
	later := func(change func(*console)) console {
		c := console{front: true, wall: noon.Add(2 * time.Second), running: time.Hour + 2*time.Second}
		change(&c)
		return c
	}
	locked := later(func(c *console) { c.locked = true })
	for name, c := range map[string]struct {
		before, after console
		want          Event
	}{
		"nothing":         {open, later(func(*console) {}), ""},
		"locked":          {open, locked, Locked},
		"still locked":    {locked, locked, ""},
		"unlocked":        {locked, later(func(*console) {}), ""},
		"another user":    {open, later(func(c *console) { c.front = false }), Switched},
		"back":            {console{wall: noon, running: time.Hour}, later(func(*console) {}), ""},
		"asleep":          {open, later(func(c *console) { c.wall = noon.Add(time.Hour) }), Sleep},
		"asleep, locked":  {open, later(func(c *console) { c.wall, c.locked = noon.Add(time.Hour), true }), Locked},
		"a busy machine":  {open, later(func(c *console) { c.wall, c.running = noon.Add(time.Minute), time.Hour+time.Minute }), ""},
		"clock set back":  {open, later(func(c *console) { c.wall = noon.Add(-time.Hour) }), ""},
		"clock corrected": {open, later(func(c *console) { c.wall = noon.Add(5 * time.Second) }), ""},
	} {
		if got := between(c.before, c.after); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
