package prompt

import (
	"context"
	"errors"
)

// First asks by the first back-end that can ask here: one that returns
// ErrUnavailable passes the request on to the next. A refusal is an answer and
// goes to nobody else. Where none can, the error has the reason of each.
func First(back ...Prompter) Prompter { return first(back) }

type first []Prompter

func (f first) Approve(ctx context.Context, r *Request) (Decision, error) {
	none := []error{ErrUnavailable}
	for _, p := range f {
		d, err := p.Approve(ctx, r)
		if !errors.Is(err, ErrUnavailable) {
			return d, err
		}
		if ctx.Err() != nil {
			return Decision{}, ErrCancelled
		}
		none = append(none, err)
	}
	return Decision{}, errors.Join(none...)
}

// Unattended reports whether p answers without a person, as Script does. The
// limits that protect a person from floods do not apply to it.
func Unattended(p Prompter) bool {
	u, ok := p.(interface{ unattended() bool })
	return ok && u.unattended()
}
