package gost3410

import (
	"fmt"
	"io"
	"slices"
)

// SignBatch appends to dst the signatures of many digests, which lie one after
// the other in digests, each of Curve.Size octets; the signatures, r‖s, lie in
// the same order. Each is what Sign would return, with a nonce of its own from
// Curve.Size octets of the reader; nil is crypto/rand.
//
// It pays on TC26A512, on processors with AVX-512 IFMA, from three digests on,
// and most for a multiple of BatchSize; everywhere else it signs one by one.
// Nothing is allocated when dst has room. The errors are those of Sign; then
// none of the signatures is given out.
func (k *PrivateKey) SignBatch(random io.Reader, dst, digests []byte) ([]byte, error) {
	c := k.pub.curve
	if len(digests)%c.size != 0 {
		return dst, fmt.Errorf("%w: %d octets are not a multiple of %d", ErrDigest, len(digests), c.size)
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	if !k.alive {
		return dst, ErrDestroyed
	}
	n := len(dst)
	out := slices.Grow(dst, 2*len(digests))[:n+2*len(digests)]
	var err error
	for i := 0; i < len(digests) && err == nil; {
		part := digests[i:min(i+BatchSize*c.size, len(digests))]
		err = k.signPart(out[n+2*i:n+2*(i+len(part))], random, part)
		i += len(part)
	}
	if err != nil {
		clear(out[n:])
		return dst, err
	}
	return out, nil
}

// BatchSize is the number of signatures that share the work that can be
// shared.
const BatchSize = 64

// signPart signs at most BatchSize digests: eight in lanes, and the rest in
// lanes too where that costs less.
func (k *PrivateKey) signPart(signatures []byte, random io.Reader, digests []byte) error {
	lanes := 0
	if k.pub.curve.c512 != nil {
		lanes = inLanes(len(digests) / 64)
	}
	if lanes > 0 {
		if err := k.signLanes(signatures[:128*lanes], random, digests[:64*lanes]); err != nil {
			return err
		}
	}
	return k.signEach(signatures[128*lanes:], random, digests[64*lanes:])
}

// signEach signs one by one.
func (k *PrivateKey) signEach(signatures []byte, random io.Reader, digests []byte) (err error) {
	c := k.pub.curve
	for i := 0; i < len(digests) && err == nil; i += c.size {
		digest, signature := digests[i:i+c.size], signatures[2*i:2*(i+c.size)]
		if c.c512 != nil {
			err = k.sign512(signature, random, digest)
		} else {
			err = k.sign256(signature, random, digest)
		}
	}
	return err
}
