package bridge

import (
	"context"
	"slices"

	"tanba/bridge/consent"
	"tanba/internal/cms"
	"tanba/keystore"
	"tanba/protocol"
)

// inBulk tells whether the signatures of an operation all have one form, so that
// they can be made in groups and put into containers while the reply is written:
// no stamp to be added, no signature of others beside, digests of one length.
func inBulk(op protocol.SignCMS) bool {
	switch {
	case op.Timestamp, len(op.Documents) == 0:
		return false
	case op.Digests:
		n := len(op.Documents[0])
		return n > 0 && !slices.ContainsFunc(op.Documents, func(d []byte) bool { return len(d) != n })
	}
	return !op.CoSign || !slices.ContainsFunc(op.Documents, cms.IsSignedData)
}

// signBulk asks for a key and signs. Beside the documents, which stay where the
// request brought them, it holds a digest and a signature for each.
func (c *session) signBulk(q *consent.Question, op protocol.SignCMS) (protocol.Result, error) {
	n := len(op.Documents)
	var known *ahead
	if !op.Digests {
		known = c.digests(op.Documents, q.Bytes)
		defer known.stop()
	}
	signed, err := c.granted(q, n, func(k keystore.Key) (job, error) {
		signer, err := cms.NewSigner(k, k.Certificate(), k.Chain()...)
		if err != nil {
			return job{}, err
		}
		options := cms.Options{Detached: op.Detached, Time: c.s.o.Now()}
		make := signer.NewBatch
		if op.Digests {
			make = signer.NewDigestBatch
		}
		b, err := make(op.Documents, options)
		if err != nil {
			return job{}, err
		}
		b.Digest = known.serve(k.Certificate().PublicKey.Family, op.Documents)
		workers := c.s.o.Workers
		return job{
			workers: workers, group: groupFor(k, n, workers, q.Bytes),
			work:   func(ctx context.Context, first, last int) error { return b.Sign(ctx, first, last) },
			signed: protocol.Signatures{Batch: b, Certificate: k.Certificate().Raw},
		}, nil
	})
	if err != nil {
		return nil, err
	}
	return signed, nil
}

// groupFor is groupOf for a key that signs many at once, else 1: what is signed one
// by one, as on a token, is told apart when one fails.
func groupFor(k keystore.Key, n, workers int, size int64) int {
	if _, ok := k.(batcher); !ok {
		return 1
	}
	return groupOf(n, workers, size)
}

// groupOf is how many documents a worker takes at once: enough for the key to
// sign them together, few enough that all workers end at about the same time.
func groupOf(n, workers int, size int64) int {
	const (
		most  = 64      // what the key can make use of
		lanes = 8       // of the key's arithmetic
		bytes = 4 << 20 // a few milliseconds of hashing
	)
	group := min(most, n/(2*workers), int(bytes*int64(n)/max(size, 1)))
	if group > lanes {
		group -= group % lanes
	}
	return max(group, 1)
}
