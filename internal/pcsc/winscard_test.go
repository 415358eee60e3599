package pcsc

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"
)

// madeUp is a winscard whose readers the test moves.
type madeUp struct {
	mu       sync.Mutex
	readers  map[string]uint32 // event state
	atr      []byte
	noNotice bool // it does not know the notice
	came     uint32
	wake     chan struct{}
	listed   func(*madeUp) // called after each list
	failure  winscardError
}

func newMadeUp(readers ...string) *madeUp {
	m := &madeUp{readers: map[string]uint32{}, wake: make(chan struct{}), atr: []byte{0x3B, 0x90}}
	for _, r := range readers {
		m.readers[r] = 0x12 // empty, changed
	}
	return m
}

func (m *madeUp) set(reader string, state uint32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.readers[reader]; !ok {
		m.came += 1 << 16
	}
	m.readers[reader] = state
	close(m.wake)
	m.wake = make(chan struct{})
}

func (m *madeUp) list() ([]string, error) {
	m.mu.Lock()
	var names []string
	for r := range m.readers {
		names = append(names, r)
	}
	m.mu.Unlock()
	slices.Sort(names)
	if m.listed != nil {
		m.listed(m)
	}
	return names, nil
}

func (m *madeUp) change(milliseconds uint32, states []winscardState) error {
	deadline := time.After(time.Duration(milliseconds) * time.Millisecond)
	if milliseconds == winscardForever {
		deadline = nil
	}
	for {
		m.mu.Lock()
		if m.failure != 0 {
			defer m.mu.Unlock()
			return m.failure
		}
		changed := false
		for i := range states {
			s := &states[i]
			now, ok := m.readers[s.name]
			if s.name == winscardNotice {
				now, ok = m.came, !m.noNotice
			}
			if !ok {
				m.mu.Unlock()
				return winscardUnknownReader
			}
			s.event = now &^ winscardChanged
			if s.current != s.event || s.current == 0 {
				s.event |= winscardChanged
				changed = true
			}
			s.atr = m.atr
		}
		wake := m.wake
		m.mu.Unlock()
		if changed {
			return nil
		}
		select {
		case <-wake:
			if m.cancelled() {
				return winscardCancelled
			}
		case <-deadline:
			return winscardTimeout
		}
	}
}

func (m *madeUp) cancelled() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.readers == nil
}

func (m *madeUp) cancel() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.readers = nil
	close(m.wake)
	m.wake = make(chan struct{})
}

func (m *madeUp) release() {}

func TestWinscardWatch(t *testing.T) {
	m := newMadeUp("A")
	m.came = 1 << 16
	ctx, cancel := context.WithCancel(t.Context())
	seen := make(chan []Reader, 8)
	over := make(chan error, 1)
	go func() { over <- winscardWatch(ctx, m, func(r []Reader) { seen <- r }) }()
	expect := func(want ...Reader) {
		t.Helper()
		select {
		case got := <-seen:
			if !equal(got, want) {
				t.Fatalf("%+v, want %+v", got, want)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("never saw %+v", want)
		}
	}
	expect(Reader{Name: "A"})
	m.set("A", 3<<16|0x22)
	expect(Reader{Name: "A", Present: true, Event: 3, ATR: []byte{0x3B, 0x90}})
	m.set("A", 3<<16|0x122) // in use: no news
	m.set("B", 0x12)
	expect(Reader{Name: "A", Present: true, Event: 3, ATR: []byte{0x3B, 0x90}}, Reader{Name: "B"})
	cancel()
	if err := <-over; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// A reader that comes between the list and the first look is not missed.
func TestWinscardSnapshotRace(t *testing.T) {
	m := newMadeUp("A")
	lists := 0
	m.listed = func(m *madeUp) {
		if lists++; lists == 1 {
			m.set("B", 0x12)
		}
	}
	states, err := winscardSnapshot(m)
	if err != nil || len(winscardReaders(states)) != 2 {
		t.Errorf("%+v, %v", states, err)
	}
}

func TestWinscardWithoutNotice(t *testing.T) {
	m := newMadeUp("A")
	m.noNotice = true
	states, err := winscardSnapshot(m)
	if err != nil || len(states) != 2 || states[1].event&winscardUnknown == 0 {
		t.Errorf("%+v, %v", states, err)
	}
}

func TestWinscardErrors(t *testing.T) {
	for code, want := range map[winscardError]error{
		winscardNoService: ErrNoService, winscardStopped: ErrNoService, winscardDenied: ErrRefused, 0x80100001: ErrProtocol,
	} {
		m := newMadeUp("A")
		m.failure = code
		if err := winscardWatch(t.Context(), m, func([]Reader) {}); !errors.Is(err, want) {
			t.Errorf("%v: %v", code, err)
		}
	}
}

func TestSplitNames(t *testing.T) {
	text := func(b []byte) string { return string(b) }
	for list, want := range map[string][]string{
		"":               nil,
		"\x00":           nil,
		"a\x00b c\x00":   {"a", "b c"},
		"a\x00\x00b\x00": {"a"},
		"a\x00rest":      {"a"},
		"rest":           nil,
	} {
		if got := splitNames([]byte(list), text); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", list, got, want)
		}
	}
}

func FuzzSplitNames(f *testing.F) {
	f.Add([]byte("a\x00b\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, name := range splitNames(b, func(b []byte) string { return string(b) }) {
			if name == "" {
				t.Error("a reader without a name")
			}
		}
	})
}
