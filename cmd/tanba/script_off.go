//go:build !scripted

package main

import (
	"flag"

	"tanba/bridge/prompt"
)

// scriptFlag adds nothing: a program that people use cannot be told to answer
// for them.
func scriptFlag(*flag.FlagSet) func() (prompt.Prompter, error) {
	return func() (prompt.Prompter, error) { return nil, nil }
}
