package main

import (
	"context"

	"tanba/bridge/consent"
	"tanba/internal/session"
)

// watchSession begins to listen to when the person leaves, if passwords may be
// kept. Where nobody tells, none is.
func (o *agentOptions) watchSession() <-chan session.Event {
	if o.remember <= 0 || o.kiosk {
		return nil
	}
	leaves, err := session.Watch(context.Background())
	if err != nil {
		o.remember = 0
		o.log.Info("passwords are not kept: nobody tells when the screen is locked", "error", err)
	}
	return leaves
}

// forgetWith forgets passwords whenever the person leaves, and keeps none any more
// when the signals end.
func forgetWith(desk *consent.Desk, leaves <-chan session.Event) {
	if leaves == nil {
		return
	}
	for range leaves {
		desk.Forget()
	}
	desk.StopRemembering()
}
