package prompt

import (
	"context"
	"strings"
)

// Shortfall is what a batch lacks: the documents that failed, and why, in the
// order of the request. Its numbers count from nought, as Request.Documents does.
//
// A Progress may be two things besides, which the bridge looks for:
//
//	Retry(ctx, Shortfall) bool  asks the person whether to try again what is
//	                            missing; what is signed stays signed
//	Partly(Shortfall)           tells before Finish which documents failed
type Shortfall struct {
	Failed []Failure
	More   int // that failed and are not listed
	Signed int
	Total  int

	// Unlock opens the token again, with one try of the PIN at most: what a
	// token forgot when it was taken out is not tried by itself. The secret is
	// cleared. nil = no PIN is needed.
	Unlock func(ctx context.Context, secret []byte, last bool) error
	PIN    PIN
}

// Failure is one document that was not signed. Reason is one of the Failed
// constants.
type Failure struct {
	Document int
	Reason   string
}

// waiting is how many documents have not been tried.
func (s *Shortfall) waiting() int {
	return max(0, s.Total-s.Signed-len(s.Failed)-s.More)
}

// reason is that of the first failure.
func (s *Shortfall) reason() string {
	if len(s.Failed) == 0 {
		return FailedSigning
	}
	return s.Failed[0].Reason
}

// again is the catalogue key of what to do before trying again.
func (s *Shortfall) again() string { return "again." + strings.TrimPrefix(s.reason(), "failed.") }

// several tells whether the failures have different reasons.
func (s *Shortfall) several() bool {
	for _, f := range s.Failed {
		if f.Reason != s.reason() {
			return true
		}
	}
	return false
}

// worthNaming: of one document alone the window needs no list.
func (s *Shortfall) worthNaming() bool { return s.Total > 1 && len(s.Failed) > 0 }
