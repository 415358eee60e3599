//go:build !linux

package main

import "tanba/bridge/prompt"

// inSession is needed where the agent may start before the desktop.
type inSession struct{ prompt.Prompter }
