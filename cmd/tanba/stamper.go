package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"tanba/internal/outbound"
	"tanba/internal/pki"
	"tanba/internal/timestamp"
)

// newStamper asks the time-stamping authority at an address, or at one of several
// with commas between them, "" for the national one. That one must show a certificate of the production system; any other may
// also show one of the national test systems or below one of the roots given.
//
// A chain is wanted in any case. The production service for RSA keys stands below
// "NCA RSA 2022", of which only the pin is built in, so stamps for RSA keys need
// that certificate among the roots; GOST keys need nothing.
func newStamper(address string, roots ...*pki.Certificate) (*timestamp.Client, error) {
	return newHeardStamper(nil, address, nil, roots...)
}

// newHeardStamper is newStamper with somebody who is told of the authority's
// clock, and a proxy; nil = that of the environment.
func newHeardStamper(heard func(string, time.Duration), address string, proxy outbound.ProxyFunc, roots ...*pki.Certificate) (*timestamp.Client, error) {
	pool := pki.NewPool(pki.Anchors(true, address != ""))
	for _, c := range roots {
		pool.AddRoot(c)
	}
	o := timestamp.Options{Clock: heard, Trust: timestamp.Trust{Pool: pool, RequireChain: true}}
	if proxy != nil {
		o.Transport = outbound.Transport(proxy, 8)
	}
	if address != "" {
		o.Addresses = strings.Split(address, ",")
	}
	return timestamp.New(o)
}

// stampFiles gives signatures of files their time stamps. Files in work are
// finished also after Ctrl+C, so nothing ends it but the client's own patience.
func stampFiles(client *timestamp.Client) func([]byte) ([]byte, error) {
	return func(signature []byte) ([]byte, error) {
		return timestamp.AddToNew(context.Background(), client, signature, nil)
	}
}

// stampReason says why there is no time stamp.
func (c *command) stampReason(err error) (code, text string) {
	if errors.Is(err, timestamp.ErrUnreachable) {
		return "tsp_unreachable", c.text("cli.sign.tsp_unreachable")
	}
	var failed *timestamp.StampError
	if errors.As(err, &failed) {
		err = failed.Err
	}
	return "tsp_answer", c.text("cli.sign.tsp_answer", printable(err.Error()))
}
