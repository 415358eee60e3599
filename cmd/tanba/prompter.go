package main

import (
	"cmp"
	"context"
	"log/slog"
	"os"
	"path/filepath"

	"tanba/bridge/prompt"
	"tanba/internal/i18n"
	"tanba/internal/keychain"
	"tanba/internal/notify"
	"tanba/internal/peer"
	"tanba/internal/settings"
	"tanba/internal/state"
)

// policyFile is where the administrator allows robots what: docs/robots.md. On macOS
// it is not below /etc, which is a link there.
var policyFile = filepath.Join(settings.MachineFolder(), "robots.json")

// defaultPrompter lets the administrator's policy answer for robots; it asks in a
// window where there is a display and a browser, in the desktop's own dialogs where
// there is no browser, else on the terminal.
//
// window is what a test adds to the browser's arguments.
func defaultPrompter(dir state.Dir, lang string, log *slog.Logger, window ...string) prompt.Prompter {
	open := prompt.DefaultOpener(dir)
	if len(window) > 0 {
		open = prompt.AppWindow(prompt.Launch{State: dir, Args: window})
	}
	return inSession{prompt.First(
		prompt.NewPolicy(prompt.PolicyOptions{File: policyFile, State: dir, Keychain: keychain.Read, Log: log}),
		prompt.NewWeb(prompt.WebOptions{
			Open: open, Peer: peer.SameUser, Remind: reminder(lang, log),
			OpenFile: prompt.OpenFile, Copies: dir.Path("copies"), Log: log, Language: lang,
		}),
		prompt.NewDialog(lang),
		prompt.NewTerminal(os.Stdin, os.Stderr, lang),
	)}
}

// reminder tells of a window that waits behind others, beside the clock; nil where
// nothing shows notes.
func reminder(lang string, log *slog.Logger) func(*prompt.Request) func() {
	notes, err := notify.New()
	if err != nil {
		return nil
	}
	return func(r *prompt.Request) func() {
		l := cmp.Or(r.Locale, lang)
		name := cmp.Or(r.Site.Name, i18n.T(l, "site.unknown"))
		id, err := notes.Show(context.Background(), notify.Note{Title: name + " " + prompt.Sentence(l, r), Body: i18n.T(l, "note.waits")}, 0)
		if err != nil {
			log.Info("a window that waits cannot be told of", "error", err)
			return func() {}
		}
		return func() { _ = notes.Withdraw(context.Background(), id) } // at worst it stays until it is clicked away
	}
}
