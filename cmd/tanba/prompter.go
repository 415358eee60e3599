package main

import (
	"log/slog"
	"os"

	"tanba/bridge/prompt"
	"tanba/internal/peer"
	"tanba/internal/state"
)

// defaultPrompter asks in a window where there is a display and a browser, else
// on the terminal.
func defaultPrompter(dir state.Dir, lang string, log *slog.Logger) prompt.Prompter {
	return prompt.First(
		prompt.NewWeb(prompt.WebOptions{Open: prompt.DefaultOpener(dir), Peer: peer.SameUser, Log: log, Language: lang}),
		prompt.NewTerminal(os.Stdin, os.Stderr, lang),
	)
}
