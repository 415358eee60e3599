package main

import (
	"tanba/internal/pki"
	"tanba/internal/timestamp"
)

// newStamper asks the time-stamping authority at an address, "" for the national
// one. That one must show a certificate of the production system; any other may
// also show one of the national test systems, and nobody else's.
func newStamper(address string) (*timestamp.Client, error) {
	o := timestamp.Options{Trust: timestamp.Trust{Pool: pki.NewPool(pki.Anchors(true, address != ""))}}
	if address != "" {
		o.Addresses = []string{address}
	}
	return timestamp.New(o)
}
