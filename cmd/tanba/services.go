package main

import (
	"time"

	"tanba/bridge"
	"tanba/internal/pki"
	"tanba/internal/revocation"
	"tanba/internal/settings"
	"tanba/internal/state"
)

// newRevocation asks the authority's status services as the settings say. nil
// when they switch that off. The CRLs are kept in the state directory; heard is
// told of the services' clocks.
func newRevocation(dir state.Dir, s settings.Settings, heard func(string, time.Duration)) (*revocation.Client, error) {
	if s.Revocation == "off" {
		return nil, nil
	}
	proxy, err := proxyOf(s)
	if err != nil {
		return nil, err
	}
	return revocation.New(revocation.Options{Responder: s.OCSP, State: dir, Clock: heard, Proxy: proxy})
}

// newChecker is newRevocation for the keys that sites ask for: with the chain to
// the national authorities and to those that were added. nil when nobody is to be
// asked.
func newChecker(dir state.Dir, s settings.Settings, stored []*pki.Certificate, heard func(string, time.Duration)) (bridge.Revocation, error) {
	client, err := newRevocation(dir, s, heard)
	if client == nil || err != nil {
		return nil, err
	}
	anchors := pki.Anchors(true, true)
	pool := pki.NewPool(anchors)
	for _, c := range stored {
		pool.AddCertificate(c)
	}
	return &revocation.Checker{Client: client, Pool: pool, Anchors: anchors}, nil
}
