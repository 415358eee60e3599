package gost3410

import (
	"crypto"
	"errors"
	"fmt"
)

var (
	// ErrScalar says that a private key is zero, not below the order of the
	// curve, or of the wrong length.
	ErrScalar = errors.New("gost3410: private key out of range")
	// ErrPoint says that a public key is of the wrong length, not a point of
	// the curve, or not of the prime order q.
	ErrPoint = errors.New("gost3410: invalid public key")
	// ErrDigest says that a digest is not Curve.Size octets long.
	ErrDigest = errors.New("gost3410: digest has the wrong length")
	// ErrFault says that the arithmetic did not pass its own check: the machine
	// computes wrongly. Nothing is given out.
	ErrFault = errors.New("gost3410: computation fault")
	// ErrDestroyed says that the key was cleared with Destroy.
	ErrDestroyed = errors.New("gost3410: private key was destroyed")
)

// PublicKey is a point of the order q. Make it with NewPublicKey; it does not
// change and may be used by many goroutines.
type PublicKey struct {
	curve *Curve
	p512  affine512
	p256  affine256
}

// NewPublicKey reads x‖y, each little-endian of c.Size() octets. It returns an
// error wrapping ErrPoint unless this is a point of the curve, other than
// infinity, of the order q; on TC26A256 points of small order are refused so.
func NewPublicKey(c *Curve, xy []byte) (*PublicKey, error) {
	if len(xy) != 2*c.size {
		return nil, fmt.Errorf("%w: %d octets in place of %d", ErrPoint, len(xy), 2*c.size)
	}
	p := &PublicKey{curve: c}
	var inRange, onCurve, order bool
	if c.c512 != nil {
		a := &p.p512
		x, y := a.x.setBytes(xy[:64]), a.y.setBytes(xy[64:])
		inRange = x && y
		onCurve = inRange && c.c512.contains(a) == 1
		order = onCurve && c.c512.hasOrder(a)
	} else {
		a := &p.p256
		x, y := a.x.setBytes(xy[:32]), a.y.setBytes(xy[32:])
		inRange = x && y
		onCurve = inRange && c.c256.contains(a) == 1
		order = onCurve && c.c256.hasOrder(a)
	}
	switch {
	case !inRange:
		return nil, fmt.Errorf("%w: coordinate out of range", ErrPoint)
	case !onCurve:
		return nil, fmt.Errorf("%w: not on the curve", ErrPoint)
	case !order:
		return nil, fmt.Errorf("%w: wrong order", ErrPoint)
	}
	return p, nil
}

// Curve is the curve of the key.
func (p *PublicKey) Curve() *Curve { return p.curve }

// Bytes is x‖y, each little-endian.
func (p *PublicKey) Bytes() []byte {
	b := make([]byte, 2*p.curve.size)
	if p.curve.c512 != nil {
		p.p512.x.bytes(b[:64])
		p.p512.y.bytes(b[64:])
	} else {
		p.p256.x.bytes(b[:32])
		p.p256.y.bytes(b[32:])
	}
	return b
}

// Equal tells whether o is the same point of the same curve.
func (p *PublicKey) Equal(o crypto.PublicKey) bool {
	q, ok := o.(*PublicKey)
	// Coordinates are kept canonical.
	return ok && q != nil && p.curve == q.curve && p.p512 == q.p512 && p.p256 == q.p256
}

// Verify tells whether sig (r‖s) is a signature of the digest under the key. A
// digest or signature of the wrong length is no signature.
func (p *PublicKey) Verify(digest, sig []byte) bool { return p.verify(digest, sig, nil, nil) }

func (p *PublicKey) verify(digest, sig []byte, own512 *curve512, own256 *curve256) bool {
	c := p.curve
	if len(digest) != c.size || len(sig) != 2*c.size {
		return false
	}
	if c.c512 != nil {
		e := c.c512.digest(digest)
		return c.c512.verify(sig, &p.p512, own512, &e)
	}
	e := c.c256.digest(digest)
	return c.c256.verify(sig, &p.p256, own256, &e)
}

// Verifier verifies many signatures of one key with tables of its multiples: it
// takes a fraction of the time of PublicKey.Verify, once the tables are made,
// which costs as much as a dozen of those and up to 350 KiB. It may be used by
// many goroutines.
type Verifier struct {
	key    *PublicKey
	own512 *curve512
	own256 *curve256
}

// NewVerifier makes a verifier; its tables are made when it is first used.
func NewVerifier(p *PublicKey) *Verifier {
	if p.curve.c512 != nil {
		return &Verifier{key: p, own512: p.curve.c512.withBase(&p.p512)}
	}
	return &Verifier{key: p, own256: p.curve.c256.withBase(&p.p256)}
}

// Verify tells what PublicKey.Verify tells.
func (v *Verifier) Verify(digest, sig []byte) bool {
	return v.key.verify(digest, sig, v.own512, v.own256)
}
