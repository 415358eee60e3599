//go:build scripted

package main

import (
	"flag"
	"os"

	"tanba/bridge/prompt"
)

// scriptFlag adds --script FILE, which answers prompts from a JSON list, so that
// clients can be run against the bridge without a person.
func scriptFlag(flags *flag.FlagSet) func() (prompt.Prompter, error) {
	file := flags.String("script", "", "")
	return func() (prompt.Prompter, error) {
		if *file == "" {
			return nil, nil
		}
		data, err := os.ReadFile(*file)
		if err != nil {
			return nil, err
		}
		answers, err := prompt.ParseScript(data)
		if err != nil {
			return nil, err
		}
		return prompt.NewScript(answers), nil
	}
}
