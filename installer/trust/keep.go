package trust

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"tanba/internal/localca"
)

// Keeper keeps the stores and the served certificate in step while the bridge
// runs. Where the person has agreed once, and only there, it adds the root to
// stores that turn up later and to all of them when it is renewed.
type Keeper struct {
	Options // Root is set by Keeper
	Source  *localca.Source
	Addr    string // of the bridge, for handshakes
	// Always: an administrator has agreed for everybody. Never: nothing is
	// added by itself.
	Always, Never bool
	Log           *slog.Logger
	// Told is called with each store that was changed; may be nil.
	Told func(Result)
}

func (k *Keeper) options() Options {
	o := k.Options
	o.Root = k.Source.Bundle().CA
	o.IfAgreed = !k.Always
	return o
}

// Agreed reports whether the stores may be changed.
func (k *Keeper) Agreed() bool {
	if k.Never {
		return false
	}
	agreed, err := Agreed(k.Options)
	return err == nil && (agreed || k.Always)
}

// Tend repairs the stores once and then adds the root to those that come into
// being, until ctx ends.
func (k *Keeper) Tend(ctx context.Context) error {
	return Watch(ctx, k.options(), k.repair)
}

func (k *Keeper) repair(ctx context.Context) {
	if !k.Agreed() {
		return
	}
	// A store's own program is not to be killed in the middle of its work.
	results, err := Repair(context.WithoutCancel(ctx), k.options())
	k.tell(results, err)
}

func (k *Keeper) tell(results []Result, err error) {
	if err != nil && !errors.Is(err, ErrNotAgreed) {
		k.Log.Warn("trust", "error", err)
	}
	for _, r := range results {
		switch {
		case r.Err != nil:
			k.Log.Warn("trust", "store", r.Kind, "error", r.Err)
		case r.Changed && k.Told != nil:
			k.Told(r)
		}
	}
}

// Renew makes a new authority and leaf and hands over to them, for
// localca.Source.Watch. The order loses nobody at any moment, also when we are
// killed in between: the new root is trusted beside the old one, then the pair is
// stored, then served, and when a handshake has shown that every store accepts it
// the old root goes. A killed renewal is finished by the next Tend.
//
// A root that could not be added anywhere is taken out again and nothing changes
// until the next try.
func (k *Keeper) Renew(ctx context.Context) (*localca.Bundle, error) {
	o := k.options()
	if err := o.complete(); err != nil {
		return nil, err
	}
	next, err := localca.Issue(nil, o.Now(), localca.Label())
	if err != nil {
		return nil, err
	}
	agreed := k.Agreed()
	o.Root = next.CA
	if agreed {
		results, err := Install(ctx, o)
		k.tell(results, err)
		if err == nil {
			err = firstError(results)
		}
		if err != nil {
			_, undo := RemoveRoot(ctx, o, next.CA)
			return nil, fmt.Errorf("trust: renewal put off: %w", withUndo(err, undo))
		}
	}
	o.at("renewal save")
	if err := localca.Save(o.State, next); err != nil {
		return nil, err
	}
	if err := k.Source.Swap(next); err != nil {
		return nil, err
	}
	if !agreed {
		return next, nil
	}
	o.at("renewal check")
	results, err := CheckStores(ctx, o, k.Addr)
	if err == nil {
		err = firstError(results)
	}
	if err != nil {
		k.Log.Warn("trust: the old certificate stays in the stores for now", "error", err)
		return next, nil
	}
	results, err = RemoveOthers(ctx, o)
	k.tell(results, err)
	return next, nil
}

func firstError(results []Result) error {
	for _, r := range results {
		if r.Err != nil {
			return r.Err
		}
	}
	return nil
}

func withUndo(err, undo error) error {
	if undo == nil {
		return err
	}
	return fmt.Errorf("%w (and: %w)", err, undo)
}
