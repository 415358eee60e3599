package notify

import (
	"slices"
	"strings"
	"testing"
)

// T11: what a page chose is nowhere in the text of the script.
func TestT11ScriptArguments(t *testing.T) {
	hostile := `-e" & (do shell script "id") & "`
	got := scriptArguments(Note{Title: hostile, Body: "--help\n" + hostile, Actions: []Action{{"a", hostile}}})
	i := slices.Index(got, "Tanba")
	if i < 0 || !slices.Equal(got[i:], []string{"Tanba", hostile, "--help\n" + hostile}) {
		t.Errorf("%q", got)
	}
	for _, a := range got[:max(i, 0)] {
		if strings.Contains(a, "shell") {
			t.Errorf("in the script: %q", a)
		}
	}
}
