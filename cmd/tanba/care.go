package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"time"

	"tanba/installer/service"
	"tanba/installer/trust"
	"tanba/internal/i18n"
	"tanba/internal/localca"
	"tanba/internal/settings"
	"tanba/internal/state"
)

// watchStop ends the agent when it is asked to: an interrupt at once, as the
// person is looking; a request to end after what is under way has been finished.
func (c *command) watchStop(ctx context.Context, cancel context.CancelFunc, a *agent) (done func()) {
	signals, done := stopSignals()
	asked := service.StopRequests(ctx)
	go func() {
		defer cancel()
		select {
		case <-ctx.Done():
			return
		case s := <-signals:
			c.say("cli.stopping")
			if s == os.Interrupt {
				return
			}
		case <-asked:
			if ctx.Err() != nil {
				return
			}
			c.say("cli.stopping")
		}
		rest, end := context.WithTimeout(ctx, drainLimit)
		defer end()
		go func() {
			select {
			case <-signals: // once more: now
				end()
			case <-rest.Done():
			}
		}()
		_ = a.server.Drain(rest) // what is open after that is answered as cancelled
	}()
	return done
}

// announce writes down which process serves this state directory.
func announce(dir state.Dir, a *agent) (forget func(), err error) {
	port := a.addr.(*net.TCPAddr).Port
	return service.Announce(dir, service.Process{Port: port, Version: releaseVersion, Since: time.Now().UTC()})
}

// tend keeps certificate and stores in step while the agent runs.
func (c *command) tend(ctx context.Context, dir state.Dir, a *agent, s settings.Settings, log *slog.Logger) {
	k := &trust.Keeper{
		Options: trust.Options{State: dir}, Source: a.source, Addr: a.addr.String(), Log: log,
		Always: s.Trust == settings.TrustAlways, Never: s.Trust == "off",
		Told: func(r trust.Result) {
			if r.Trusted {
				log.Info("trust", "store", r.Kind, "path", r.Path)
				c.say("trust.new_store", r.Path)
			}
		},
	}
	hours := time.NewTicker(time.Hour)
	defer hours.Stop()
	go a.source.Watch(ctx, hours.C, time.Now, func(ctx context.Context) (*localca.Bundle, error) {
		b, err := k.Renew(ctx)
		if err != nil {
			log.Warn("renewal", "error", err)
			return nil, err
		}
		c.say("trust.renewed", i18n.DateUntil(c.lang, b.Leaf.NotAfter))
		return b, nil
	})
	if !k.Agreed() {
		c.hintTrust(ctx, trust.Options{State: dir, Root: a.source.Bundle().CA})
	}
	if err := k.Tend(ctx); err != nil && !errors.Is(err, context.Canceled) {
		log.Warn("trust: new browsers are not noticed", "error", err)
	}
}
