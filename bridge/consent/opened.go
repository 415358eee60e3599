package consent

import (
	"tanba/internal/pki"
	"tanba/keystore"
)

// OnOpened has f called with the certificates of each key store the person opens
// for this question, long before the yes: what has to be asked about them elsewhere
// can be asked while the person reads. f must not wait. It is set before Desk.Ask.
func (q *Question) OnOpened(f func([]*pki.Certificate)) { q.opened = f }

// tellOpened tells of the keys the person may choose from. One that does not fit
// is nobody's business elsewhere.
func (u *unlocker) tellOpened(keys []keystore.Key, verdicts []keystore.Verdict) {
	if u.question.opened == nil {
		return
	}
	var certificates []*pki.Certificate
	for i, k := range keys {
		if c := k.Certificate(); c != nil && verdicts[i].Fits {
			certificates = append(certificates, c)
		}
	}
	if len(certificates) > 0 {
		u.question.opened(certificates)
	}
}
