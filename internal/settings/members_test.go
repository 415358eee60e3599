package settings

import (
	"slices"
	"testing"
)

func TestMembers(t *testing.T) {
	got := Settings{Version: 1, Port: 1, Remember: 5, Proxy: "none"}.Members()
	if !slices.Equal(got, []string{"port", "proxy", "rememberMinutes"}) {
		t.Error(got)
	}
}
