package main

import (
	"io"

	"tanba/internal/snippet"
)

// printSnippet prints the JavaScript that portals put into their pages.
func printSnippet(c *command, args []string) int {
	words, code, ok := c.parse(args)
	switch {
	case !ok:
		return code
	case len(words) > 0:
		return c.usageError(words[0])
	}
	if _, err := io.WriteString(c.stdout, snippet.Diagnose); err != nil {
		return exitError
	}
	return exitOK
}
