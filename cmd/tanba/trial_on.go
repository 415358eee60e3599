//go:build scripted

package main

import "flag"

// trialFlags adds --trial-root FILE, authorities whose certificates are installed,
// and --trial-window ARGUMENT for the browser of the window, so that a test can
// press its buttons.
func trialFlags(flags *flag.FlagSet) func() (trial, error) {
	var roots, window list
	flags.Var(&roots, "trial-root", "")
	flags.Var(&window, "trial-window", "")
	return func() (trial, error) {
		t := trial{window: window}
		for _, file := range roots {
			found, err := certificatesOf(file)
			if err != nil {
				return t, err
			}
			t.roots = append(t.roots, found...)
		}
		return t, nil
	}
}
