package trust

import "context"

// Repair brings every store to what Install promises: the root of today is in
// and trusted, roots of ours from before are out, and what a killed change left
// is cleared away. Roots that are not in the journal are not ours to touch.
func Repair(ctx context.Context, o Options) ([]Result, error) {
	results, err := Install(ctx, o)
	if err != nil {
		return results, err
	}
	for _, r := range results {
		if r.Err != nil {
			return results, nil // the old roots may be all a browser has
		}
	}
	old, err := RemoveOthers(ctx, o)
	return append(results, old...), err
}

// RemoveOthers takes away every root of ours but Options.Root.
func RemoveOthers(ctx context.Context, o Options) ([]Result, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	keep := fingerprint(o.Root.Raw)
	return o.remove(ctx, func(e Entry) bool { return e.Fingerprint != keep })
}

// Agreed reports whether the person has agreed to this or an earlier root of
// ours: stores that turn up later may then have it as well.
func Agreed(o Options) (bool, error) {
	j, err := readJournal(o.State)
	if err != nil {
		return false, err
	}
	return len(j.Entries) > 0, nil
}
