package bridge

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"

	"tanba/internal/pki"
	"tanba/internal/streebog"
	"tanba/keystore"
	"tanba/protocol"
)

// signRaw makes bare signature values, in groups as signBulk does.
func (c *session) signRaw(call *protocol.Call, op protocol.SignRaw) (protocol.Result, error) {
	q, err := c.question(call, op.Select, op.Presentation)
	if err != nil {
		return nil, err
	}
	if q.Documents, q.Bytes, err = c.views(op.Documents, op.Digests); err != nil {
		return nil, err
	}
	n := len(op.Documents)
	q.Total, q.Digests = n, op.Digests
	var known *ahead
	if !op.Digests {
		known = c.digests(op.Documents, q.Bytes)
		defer known.stop()
	}
	signed, err := c.granted(q, n, func(k keystore.Key) (job, error) {
		public, err := pki.PublicKeyOf(k)
		if err != nil {
			return job{}, err
		}
		if !public.Equal(k.Certificate().PublicKey) {
			return job{}, errors.New("bridge: the key is not that of its certificate")
		}
		r := &raw{op: op, key: k, family: public.Family, values: make([][]byte, n), known: known.serve(public.Family, op.Documents)}
		r.batcher, _ = k.(batcher)
		workers := c.s.o.Workers
		return job{
			workers: workers, group: groupFor(k, n, workers, q.Bytes), work: r.sign, check: r.check,
			signed: protocol.Signatures{Values: r.values, Certificate: k.Certificate().Raw},
		}, nil
	})
	if err != nil {
		return nil, err
	}
	return signed, nil
}

// batcher is what a software key of the GOST families offers beside Sign:
// signatures of many digests, which lie one after the other, as they will.
type batcher interface {
	SignBatch(random io.Reader, dst, digests []byte) ([]byte, error)
}

type raw struct {
	op      protocol.SignRaw
	key     crypto.Signer
	batcher batcher // nil = one after another
	family  pki.Family
	known   func(i int) []byte // nil = nothing is
	values  [][]byte
}

// sign makes the signatures of documents first … last-1. When ctx ends it returns
// its cause.
func (r *raw) sign(ctx context.Context, first, last int) error {
	digests, err := r.digests(ctx, first, last)
	if err != nil {
		return err
	}
	size, n := r.family.HashSize(), last-first
	if r.batcher == nil {
		for i := range n {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if r.values[first+i], err = pki.SignDigest(r.key, nil, digests[i*size:(i+1)*size]); err != nil {
				return err
			}
		}
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	out, err := r.batcher.SignBatch(nil, nil, digests)
	if err != nil {
		return err
	}
	each := len(out) / n
	if each == 0 || each*n != len(out) {
		return fmt.Errorf("bridge: %d octets for %d signatures", len(out), n)
	}
	for i := range n {
		r.values[first+i] = out[i*each : (i+1)*each : (i+1)*each]
	}
	return nil
}

// check looks at what a page can send wrongly.
func (r *raw) check(i int) error {
	if size := r.family.HashSize(); r.op.Digests && len(r.op.Documents[i]) != size {
		return fmt.Errorf("%w: %d octets, want %d", errDigestLength, len(r.op.Documents[i]), size)
	}
	return nil
}

// digests returns them one after another.
func (r *raw) digests(ctx context.Context, first, last int) ([]byte, error) {
	size := r.family.HashSize()
	digests := make([]byte, (last-first)*size)
	var messages [][]byte // to be hashed together
	var at []int
	for i := first; i < last; i++ {
		digest := digests[(i-first)*size : (i-first+1)*size]
		document := r.op.Documents[i]
		var known []byte
		switch {
		case r.op.Digests && len(document) != size:
			return nil, fmt.Errorf("%w: %d octets, want %d", errDigestLength, len(document), size)
		case r.op.Digests:
			known = document
		case r.known != nil:
			known = r.known(i)
		}
		switch {
		case known != nil:
			copy(digest, known)
		case r.family == pki.GOST512 && len(document) < worthHashing:
			messages, at = append(messages, document), append(at, i-first)
		default:
			if err := r.hash(ctx, digest[:0], document); err != nil {
				return nil, err
			}
		}
	}
	sums := make([][streebog.Size512]byte, len(messages))
	streebog.Sum512Each(sums, messages)
	for i := range sums {
		copy(digests[at[i]*size:], sums[i][:])
	}
	return digests, nil
}

// hash looks at ctx now and then.
func (r *raw) hash(ctx context.Context, dst, document []byte) error {
	h := r.family.NewHash()
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n := min(len(document), worthHashing)
		h.Write(document[:n])
		if document = document[n:]; len(document) == 0 {
			h.Sum(dst)
			return nil
		}
	}
}
