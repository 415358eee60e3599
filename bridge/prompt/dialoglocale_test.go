package prompt

import (
	"slices"
	"testing"
)

func TestWithUTF8(t *testing.T) {
	env := []string{"LANG=ru_RU.UTF-8", "LC_ALL=ru_RU.UTF-8", "DISPLAY=:0"}
	if got := withUTF8(env, "UTF-8"); got != nil {
		t.Errorf("a good locale is changed: %q", got)
	}
	want := []string{"LANG=ru_RU.UTF-8", "DISPLAY=:0", "LC_ALL=C.UTF-8"}
	if got := withUTF8(env, "ANSI_X3.4-1968"); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if env[1] != "LC_ALL=ru_RU.UTF-8" {
		t.Error("the environment of the caller has changed")
	}
}
