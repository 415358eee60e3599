package doctor

import (
	"context"
	"strings"
	"time"

	"tanba/internal/clock"
)

// clock compares the computer's clock with what services said last and with the
// local certificate, which was made here.
func (o *Options) clock(notes Notes) Finding {
	now := o.Now()
	if o.Roots != nil && now.Before(o.Roots.NotBefore) {
		return Finding{Code: ClockWrong, Variant: "behind", Args: []any{o.Roots.NotBefore.Sub(now).Round(time.Minute).String()}}.withFix(o.SetClock)
	}
	if c := notes.Clock; c != nil && c.Ahead.Abs() > clock.Tolerance && c.holds(now) {
		f := Finding{Code: ClockWrong, Variant: "behind", Args: []any{c.Ahead.Abs().Round(time.Second).String(), c.Service}}
		if c.Ahead < 0 {
			f.Variant = "ahead"
		}
		if o.SetClock != nil {
			f = f.withFix(func(ctx context.Context) error {
				if err := o.SetClock(ctx); err != nil {
					return err
				}
				return ForgetClock(o.State)
			})
		}
		return f
	}
	return good(ClockWrong)
}

// holds tells whether the clock is likely still as it was when the note was
// made: a clock that was fast and shows an earlier time now has been set.
func (c *ClockNote) holds(now time.Time) bool {
	since := now.Sub(c.Time)
	return since >= -clock.Tolerance && since < recentClock
}

// tokens looks whether the card service answers and every module loads. A
// machine without either is well: most people sign with files.
func (o *Options) tokens(ctx context.Context) Finding {
	if o.Modules != nil {
		if bad := o.Modules(ctx); len(bad) > 0 {
			return Finding{Code: TokenStack, Variant: "module", Args: []any{bad[0].Path, bad[0].Err}}
		}
	}
	if o.Readers == nil {
		return good(TokenStack) // nobody uses any
	}
	if err := o.Readers(ctx); err != nil {
		return Finding{Code: TokenStack, Args: []any{err.Error()}}.withFix(o.StartReader)
	}
	return good(TokenStack)
}

// module tells of modules that pages asked for and Tanba does not have.
func (o *Options) module(notes Notes) Finding {
	var names []string
	for _, m := range notes.Modules {
		if o.Now().Sub(m.Time) < recentModules {
			who := m.Module
			if m.Origin != "" {
				who += " (" + m.Origin + ")"
			}
			names = append(names, who)
		}
	}
	if len(names) == 0 {
		return good(NoModule)
	}
	return Finding{Code: NoModule, Args: []any{strings.Join(names, ", ")}}.withFix(func(context.Context) error {
		return ForgetModules(o.State)
	})
}

func (o *Options) settings() Finding {
	if o.Settings == nil {
		return unknown(Settings)
	}
	if _, err := o.Settings(); err != nil {
		return Finding{Code: Settings, Args: []any{err.Error()}}
	}
	return good(Settings)
}
