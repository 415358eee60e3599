package main

import "tanba/internal/pki"

// trial is what tests of the whole program need and people must not have; in a
// program for people it is empty.
type trial struct {
	roots  []*pki.Certificate // authorities beside the national ones
	window []string           // arguments for the browser of the window
}
