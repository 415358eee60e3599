package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func file(t *testing.T, name string) string {
	t.Helper()
	var out bytes.Buffer
	if err := run([]string{name}, &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// Every verb of the program is in the manual and in each completion.
func TestEveryVerb(t *testing.T) {
	source, err := os.ReadFile(filepath.Join("..", "..", "..", "cmd", "tanba", "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`\{"([a-z]+)", [a-zA-Z]+\},`).FindAllStringSubmatch(string(source), -1)
	if len(found) < 10 {
		t.Fatalf("%d verbs found in the program", len(found))
	}
	for _, name := range []string{"man", "bash", "zsh", "fish"} {
		text := file(t, name)
		for _, m := range found {
			if !strings.Contains(text, m[1]) {
				t.Errorf("%s does not know %s", name, m[1])
			}
		}
	}
}

func TestUnitAndDesktop(t *testing.T) {
	if text := file(t, "unit"); !strings.Contains(text, "ExecStart=/usr/bin/tanba") || !strings.Contains(text, "WantedBy=graphical-session.target") {
		t.Error(text)
	}
	if text := file(t, "desktop"); !strings.Contains(text, "X-systemd-skip=true") {
		t.Error(text)
	}
}

// The shells themselves judge the completions, and man the manual.
func TestShells(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "tanba")
	if err := os.WriteFile(path, []byte(file(t, "bash")), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("bash", "-c", "source "+path+` && COMP_WORDS=(tanba si) COMP_CWORD=1 && _tanba && echo "${COMPREPLY[@]}" && COMP_WORDS=(tanba sign --deta) COMP_CWORD=2 && _tanba && echo "${COMPREPLY[@]}"`).CombinedOutput()
	if err != nil || string(out) != "sign\n--detached\n" {
		t.Errorf("%v: %s", err, out)
	}
}

func TestSBOM(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run([]string{"sbom", self}, &out); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Components []struct{ Name, Version string }
	}
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil || len(doc.Components) == 0 {
		t.Errorf("%v: %s", err, out.String())
	}
}
