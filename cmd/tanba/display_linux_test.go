package main

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"tanba/bridge/prompt"
)

func TestSessionEnvironment(t *testing.T) {
	got := sessionEnvironment("HOME=/home/a\nDISPLAY=:1\nLD_PRELOAD=/tmp/x.so\nWAYLAND_DISPLAY=$'a\\nb'\nXAUTHORITY=/run/user/1/a=b\nXDG_SESSION_TYPE=\nbroken\n")
	want := map[string]string{"DISPLAY": ":1", "XAUTHORITY": "/run/user/1/a=b"}
	if !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

type seenDisplay struct{ display *string }

func (s seenDisplay) Approve(context.Context, *prompt.Request) (prompt.Decision, error) {
	*s.display = os.Getenv("DISPLAY")
	return prompt.Decision{}, prompt.ErrCancelled
}

// A unit started before the desktop finds its display when it asks.
func TestDisplayIsFoundWhenAsking(t *testing.T) {
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "systemctl"), []byte("#!/bin/sh\n[ \"$*\" = \"--user show-environment\" ] && echo DISPLAY=:77\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	for _, name := range sessionVariables {
		t.Setenv(name, "")
	}
	display := ""
	if _, err := (inSession{seenDisplay{&display}}).Approve(t.Context(), &prompt.Request{}); err == nil || display != ":77" {
		t.Errorf("display %q, %v", display, err)
	}
	t.Setenv("DISPLAY", ":5")
	if _, err := (inSession{seenDisplay{&display}}).Approve(t.Context(), &prompt.Request{}); err == nil || display != ":5" {
		t.Errorf("display %q, %v", display, err)
	}
}
