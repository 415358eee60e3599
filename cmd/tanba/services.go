package main

import (
	"tanba/internal/clock"
	"tanba/internal/revocation"
	"tanba/internal/settings"
	"tanba/internal/state"
)

// newRevocation asks the authority's status services as the settings say. nil
// when they switch that off. The CRLs are kept in the state directory.
func newRevocation(dir state.Dir, s settings.Settings, watch *clock.Watch) (*revocation.Client, error) {
	if s.Revocation == "off" {
		return nil, nil
	}
	return revocation.New(revocation.Options{Responder: s.OCSP, State: dir, Clock: watch.Heard})
}
