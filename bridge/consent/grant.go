package consent

import (
	"cmp"
	"sync"

	"tanba/bridge/prompt"
	"tanba/keystore"
)

// Grant is what the person agreed to. Close must be called when the work is
// done.
type Grant struct {
	Key      keystore.Key    // the one key that may sign; nil for PickFile
	Path     string          // for PickFile
	Progress prompt.Progress // may be nil; the methods of Grant bear that

	desk     *Desk
	question *Question
	turn     *turn
	unlocker *unlocker
	once     sync.Once

	automatic bool   // allowed for good: nothing was shown
	policy    string // the rule of the administrator that said yes
	serial    string // of the certificate that was installed
	signed    int    // signatures that were made
	failed    []int  // documents that have none, from 1
}

// Step tells the window that done documents are signed.
func (g *Grant) Step(done int) {
	if g != nil && g.Progress != nil {
		g.Progress.Step(done)
	}
}

// Stopped is closed when the person pressed Stop; nil when nobody can.
func (g *Grant) Stopped() <-chan struct{} {
	if g == nil || g.Progress == nil {
		return nil
	}
	return g.Progress.Stopped()
}

// StepAside lets the next question be shown while the work goes on. It is for
// work whose pace the page decides: one page must not keep the others waiting by
// being slow. The window of this grant stays and asks nothing any more.
func (g *Grant) StepAside() {
	if g != nil && g.turn != nil {
		g.turn.end()
	}
}

// Close tells the window how it went ("" = well, else one of prompt.Failed…),
// destroys the keys, writes the journal and lets the next question be shown. A
// second call does nothing.
func (g *Grant) Close(failed string) {
	if g == nil {
		return
	}
	g.once.Do(func() {
		if failed == prompt.FailedSigning && g.unlocker != nil {
			failed = cmp.Or(g.unlocker.tokenTrouble(), failed)
		}
		finish(g.Progress, failed)
		if g.desk == nil {
			return
		}
		e := entry(g.question, OutcomeDone)
		e.Automatic, e.Policy = g.automatic, g.policy
		if failed != "" {
			e.Outcome, e.Reason = OutcomeFailed, failed
			if e.Documents > 1 {
				e.Signed, e.Failed = g.signed, g.failed
			}
		}
		if g.Key != nil {
			if c := g.Key.Certificate(); c != nil {
				e.KeySerial = c.SerialHex()
			}
		}
		if g.serial != "" {
			e.KeySerial = g.serial
		}
		g.unlocker.destroy()
		g.desk.Record(e)
		if g.turn != nil { // a grant that shares the answer to another question has none
			g.turn.end()
		}
	})
}
