package main

import (
	"tanba/bridge/consent"
	"tanba/internal/session"
)

// forgetWith forgets passwords whenever the person leaves, and keeps none any more
// when the signals end.
func forgetWith(desk *consent.Desk, leaves <-chan session.Event) {
	for range leaves {
		desk.Forget()
	}
	desk.StopRemembering()
}
