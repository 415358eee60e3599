package gost3410

import (
	"crypto"
	"crypto/rand"
	"fmt"
	"io"
	"slices"
)

// Sign returns r‖s for a digest of Curve.Size octets; random is the fresh
// randomness of the nonce, nil is crypto/rand. The options are not looked at.
// It returns an error wrapping ErrDigest for another length, ErrDestroyed after
// Destroy, and the error of the reader when that fails.
func (k *PrivateKey) Sign(random io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	return k.sign(make([]byte, 0, 2*k.pub.curve.size), random, digest)
}

// AppendSignature appends to dst what Sign would return, with crypto/rand. It
// allocates nothing when dst has room.
func (k *PrivateKey) AppendSignature(dst, digest []byte) ([]byte, error) {
	return k.sign(dst, nil, digest)
}

func (k *PrivateKey) sign(dst []byte, random io.Reader, digest []byte) ([]byte, error) {
	c := k.pub.curve
	if len(digest) != c.size {
		return dst, fmt.Errorf("%w: %d octets in place of %d", ErrDigest, len(digest), c.size)
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	if !k.alive {
		return dst, ErrDestroyed
	}
	n := len(dst)
	out := slices.Grow(dst, 2*c.size)[:n+2*c.size]
	var err error
	if c.c512 != nil {
		err = k.sign512(out[n:], random, digest)
	} else {
		err = k.sign256(out[n:], random, digest)
	}
	if err != nil {
		clear(out[n:])
		return dst, err
	}
	return out, nil
}

// input is what a nonce is made of besides the key: e ‖ z ‖ i of the package
// comment.
type input struct {
	octets [2*64 + 1]byte
	size   int
}

// additional reads z into its place.
func (in *input) additional(random io.Reader) error {
	if random == nil {
		_, err := rand.Read(in.octets[in.size : 2*in.size])
		return err
	}
	// Through an interface the buffer would escape, and with it the input.
	z := make([]byte, in.size)
	defer clear(z)
	if err := fill(random, z); err != nil {
		return fmt.Errorf("gost3410: randomness for the nonce: %w", err)
	}
	copy(in.octets[in.size:], z)
	return nil
}

// message is e ‖ z ‖ i.
func (in *input) message(i byte) []byte {
	in.octets[2*in.size] = i
	return in.octets[:2*in.size+1]
}

// attempts bounds the search for a nonce in range: each fails with a chance of
// 2^-128 at most, so running out means that something is broken.
const attempts = 8

func (k *PrivateKey) sign512(signature []byte, random io.Reader, digest []byte) error {
	e := k.pub.curve.c512.digest(digest)
	in := input{size: 64}
	e.bigEndian(in.octets[:64])
	if err := in.additional(random); err != nil {
		return err
	}
	return k.finish512(signature, &e, &in)
}

func (k *PrivateKey) finish512(signature []byte, e *sc512, in *input) error {
	var nonce sc512
	for i := byte(0); k.nonce512(&nonce, in, &i); {
		retry, err := k.pub.curve.c512.sign(signature, &k.d512, e, &nonce)
		clear(nonce[:])
		if !retry {
			return err
		}
	}
	return ErrFault
}

// nonce512 draws the next nonce that is in range, from the try i on.
func (k *PrivateKey) nonce512(nonce *sc512, in *input, i *byte) bool {
	var t [64]byte
	defer clear(t[:])
	for *i < attempts {
		k.nonce.streebog512(&t, in.message(*i))
		*i++
		nonce.setBigEndian(&t)
		if k.pub.curve.c512.order.below(nonce)&(1-nonce.isZero()) == 1 {
			return true
		}
	}
	return false
}

func (k *PrivateKey) sign256(signature []byte, random io.Reader, digest []byte) error {
	c := k.pub.curve.c256
	e := c.digest(digest)
	in := input{size: 32}
	e.bigEndian(in.octets[:32])
	if err := in.additional(random); err != nil {
		return err
	}
	var nonce sc256
	var t [32]byte
	defer clear(t[:])
	for i := range byte(attempts) {
		if c.prime {
			k.nonce.gost341194(&t, in.message(i))
		} else {
			k.nonce.streebog256(&t, in.message(i))
			t[0] &= k.pub.curve.topMask()
		}
		nonce.setBigEndian(&t)
		if c.order.below(&nonce)&(1-nonce.isZero()) == 0 {
			continue
		}
		retry, err := c.sign(signature, &k.d256, &e, &nonce)
		clear(nonce[:])
		if !retry {
			return err
		}
	}
	return ErrFault
}
