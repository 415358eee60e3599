package e2e

import (
	"encoding/json"
	"slices"
	"testing"
)

// call is one method of the client with its arguments.
type call struct {
	Method string `json:"method"`
	Args   []any  `json:"args"`
}

// outcome is what the client made of the answer.
type outcome struct {
	Method   string          `json:"method"`
	Value    json.RawMessage `json:"value"` // absent when the promise held undefined
	Error    string          `json:"error"`
	Canceled bool            `json:"canceled"`
	MS       int             `json:"ms"`
	Reparsed json.RawMessage `json:"reparsed"` // XML as the browser's DOM writes it anew
}

// session is one connection of the client from greeting to close.
type session struct {
	Version   string    `json:"version"`
	Requests  []string  `json:"requests"`
	Responses []string  `json:"responses"`
	Frames    int       `json:"frames"`
	Calls     []outcome `json:"calls"`
	Closed    bool      `json:"closed"` // the closing handshake was completed
	Failed    string    `json:"failed"`
}

func readSession(t testing.TB, text []byte) session {
	t.Helper()
	var s session
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatalf("session: %v in %.300s", err, text)
	}
	if s.Failed != "" {
		t.Fatalf("session: %s", s.Failed)
	}
	return s
}

// step is a call and what must come of it.
type step struct {
	name  string
	call  call
	check func(*testing.T, outcome)
}

func calls(plan []step) []call {
	list := make([]call, len(plan))
	for i, s := range plan {
		list[i] = s.call
		list[i].Args = append([]any{}, s.call.Args...)
	}
	return list
}

// judge compares a session with its plan.
func judge(t *testing.T, s session, plan []step) {
	t.Helper()
	if s.Version != "1.4" {
		t.Errorf("version %q, want 1.4", s.Version)
	}
	if s.Responses[0] != greeting {
		t.Errorf("first frame %q, want %q", s.Responses[0], greeting)
	}
	// One frame for each request, the greeting besides, and none unasked.
	if want := len(s.Requests) + 1; s.Frames != want {
		t.Errorf("%d frames came for %d requests, want %d", s.Frames, len(s.Requests), want)
	}
	if !s.Closed {
		t.Error("the bridge did not finish the closing handshake within 3 s")
	}
	if len(s.Calls) != len(plan) {
		t.Fatalf("%d calls were made, want %d", len(s.Calls), len(plan))
	}
	for i, step := range plan {
		t.Run(step.name, func(t *testing.T) { step.check(t, s.Calls[i]) })
	}
}

// value decodes the result of a call that must have succeeded.
func value[T any](t *testing.T, o outcome) T {
	t.Helper()
	var v T
	if o.Error != "" {
		t.Fatalf("%s: %s", o.Method, o.Error)
	}
	if err := json.Unmarshal(o.Value, &v); err != nil {
		t.Fatalf("%s: %v in %.200s", o.Method, err, o.Value)
	}
	return v
}

// wantNothing: the promise held undefined.
func wantNothing(t *testing.T, o outcome) {
	t.Helper()
	if o.Error != "" || o.Value != nil {
		t.Errorf("%s: value %s, error %q; want neither", o.Method, o.Value, o.Error)
	}
}

func wantStrings(want ...string) func(*testing.T, outcome) {
	return func(t *testing.T, o outcome) {
		t.Helper()
		if got := value[[]string](t, o); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", o.Method, got, want)
		}
	}
}

// wantCommonCancel and wantBasicsCancel: the two families say "cancelled" in
// their own ways, and the client tells them apart.
func wantCommonCancel(t *testing.T, o outcome) {
	t.Helper()
	if o.Error != "500: action.canceled" || o.Value != nil {
		t.Errorf("%s: value %s, error %q; want 500: action.canceled", o.Method, o.Value, o.Error)
	}
}

func wantBasicsCancel(t *testing.T, o outcome) {
	t.Helper()
	if !o.Canceled || o.Value != nil {
		t.Errorf("%s: value %s, error %q, canceled %v; want cancelled by user", o.Method, o.Value, o.Error, o.Canceled)
	}
}
