package renewal

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tanba/internal/state"
)

// Noon in Almaty.
var start = time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)

func key(id string, end time.Time) Key {
	return Key{ID: id, Owner: "ТЕСТОВ ТЕСТ", Subject: "IIN123456789011", Place: id + ".p12", NotAfter: end}
}

// run lets a clock go by the hour for some days and writes down what was said
// when, as days since the start.
func run(p *Plan, keys []Key, hours int) string {
	var said []string
	for h := range hours {
		now := start.Add(time.Duration(h) * time.Hour)
		for _, w := range p.Due(keys, now) {
			what := fmt.Sprint(w.Days)
			if w.Ended {
				what = "ended"
			}
			if w.Replaced {
				what = "replaced"
			}
			said = append(said, fmt.Sprintf("%d:%s", h/24, what))
			if err := p.Shown(w, now); err != nil {
				return err.Error()
			}
		}
	}
	return strings.Join(said, " ")
}

func TestEveryWarningOnce(t *testing.T) {
	got := run(Open("", DefaultQuiet), []Key{key("a", start.AddDate(0, 0, 40))}, 24*60)
	if want := "10:30 26:14 33:7 37:3 39:1 40:ended"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestOffOverSeveralStages(t *testing.T) {
	got := run(Open("", DefaultQuiet), []Key{key("a", start.Add(5*day))}, 24*10)
	if want := "0:5 2:3 4:1 5:ended"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestNeverTwiceADay(t *testing.T) {
	p := Open("", Quiet{})
	k := key("a", start.Add(3*day+time.Hour))
	if due := p.Due([]Key{k}, start); len(due) != 1 {
		t.Fatal(due)
	}
	w := p.Due([]Key{k}, start)[0]
	p.Shown(w, start)
	// An hour later the next stage is reached, and it waits for its day.
	if due := p.Due([]Key{k}, start.Add(2*time.Hour)); len(due) != 0 {
		t.Errorf("twice within two hours: %+v", due)
	}
	if due := p.Due([]Key{k}, start.Add(25*time.Hour)); len(due) != 1 {
		t.Errorf("a day later: %+v", due)
	}
}

func TestQuietHours(t *testing.T) {
	k := []Key{key("a", start.AddDate(0, 0, 5))}
	p := Open("", DefaultQuiet)
	night := time.Date(2026, 11, 23, 18, 30, 0, 0, time.UTC) // 23:30
	if due := p.Due(k, night); due != nil {
		t.Errorf("at night: %+v", due)
	}
	morning := time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC) // 8:00
	if next := p.Next(k, night); !next.Equal(morning) {
		t.Errorf("next %v, want %v", next, morning)
	}
	if due := p.Due(k, morning); len(due) != 1 {
		t.Errorf("in the morning: %+v", due)
	}
	for text, ok := range map[string]bool{"": true, "22:00-08:00": true, "00:00-00:00": true, "25:00-08:00": false, "22-8": false, "22:00-08:00x": false} {
		if _, err := ParseQuiet(text); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestRemindMeLater(t *testing.T) {
	p := Open("", Quiet{})
	k := []Key{key("a", start.Add(14*day))}
	w := p.Due(k, start)[0]
	p.Later(w, start)
	if due := p.Due(k, start.Add(23*time.Hour)); due != nil {
		t.Errorf("too early: %+v", due)
	}
	if due := p.Due(k, start.Add(24*time.Hour)); len(due) != 1 || due[0].stage != 14 {
		t.Errorf("a day later: %+v", due)
	}
}

// The old key of a pair is not warned of; once it is said that it stays valid.
func TestAfterRenewal(t *testing.T) {
	old, fresh := key("old", start.Add(10*day)), key("new", start.Add(370*day))
	if got, want := run(Open("", DefaultQuiet), []Key{old, fresh}, 24*30), "0:replaced"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	other := fresh
	other.Subject = "IIN999999999999"
	if got := run(Open("", DefaultQuiet), []Key{old, other}, 24*2); got != "0:10" {
		t.Errorf("a key of somebody else replaces nothing: %s", got)
	}
}

func TestRemembered(t *testing.T) {
	dir := state.Dir(t.TempDir())
	k := []Key{key("a", start.Add(10*day))}
	p := Open(dir, Quiet{})
	p.Shown(p.Due(k, start)[0], start)
	if due := Open(dir, Quiet{}).Due(k, start.Add(2*day)); due != nil {
		t.Errorf("said again after a restart: %+v", due)
	}
	if err := dir.Write([]byte("{"), file); err != nil {
		t.Fatal(err)
	}
	if due := Open(dir, Quiet{}).Due(k, start.Add(2*day)); len(due) != 1 {
		t.Errorf("a damaged file must not silence: %+v", due)
	}
}

func TestNextIsNeverLate(t *testing.T) {
	p := Open("", DefaultQuiet)
	k := []Key{key("a", start.AddDate(0, 0, 40))}
	now, woken := start, 0
	var said []int
	for now.Before(start.AddDate(0, 0, 45)) {
		for _, w := range p.Due(k, now) {
			said = append(said, w.Days)
			p.Shown(w, now)
		}
		next := p.Next(k, now)
		if !next.After(now) || next.Sub(now) > day+11*time.Hour {
			t.Fatalf("%v after %v", next, now)
		}
		now, woken = next, woken+1
	}
	if fmt.Sprint(said) != "[30 14 7 3 1 -1]" || woken > 60 {
		t.Errorf("%v, woken %d times", said, woken)
	}
}
