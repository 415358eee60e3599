package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// What is in the tree is what the generator writes.
func TestCurrent(t *testing.T) {
	files, err := render()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is out of date: go generate ./internal/gost3410", name)
		}
	}
}
