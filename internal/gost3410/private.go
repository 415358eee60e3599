package gost3410

import (
	"crypto"
	"crypto/rand"
	"fmt"
	"io"
	"sync"
)

// PrivateKey is a scalar d with its public key; it implements crypto.Signer and
// may be used by many goroutines. Printing it shows the curve only.
type PrivateKey struct {
	pub PublicKey
	*hidden
}

// hidden keeps even a copied PrivateKey from printing its secret: fmt follows
// one pointer for a verb that does not fit, but not two.
type hidden struct{ *secret }

type secret struct {
	mu    sync.RWMutex // Destroy against the rest
	alive bool
	d512  sc512 // d in Montgomery form
	d256  sc256
	nonce nonceSource
}

var _ crypto.Signer = (*PrivateKey)(nil)

// GenerateKey makes a key from random; nil is crypto/rand. An error is that of
// the reader.
func GenerateKey(c *Curve, random io.Reader) (*PrivateKey, error) {
	var buf [64]byte
	b := buf[:c.size]
	defer clear(b)
	for {
		if err := fill(random, b); err != nil {
			return nil, fmt.Errorf("gost3410: key generation: %w", err)
		}
		b[len(b)-1] &= c.topMask()
		k, err := NewPrivateKey(c, b)
		if err == nil {
			return k, nil
		}
		if err == ErrFault {
			return nil, err
		}
	}
}

// topMask drops the bits above the order from the top octet of a uniform
// number. Where the order is just above a power of two, that bit goes too:
// what is lost is 2^-130 of the range.
func (c *Curve) topMask() byte {
	if c.c256 != nil && !c.c256.prime {
		return 0x3f
	}
	return 0xff
}

// fill reads len(b) octets; without a reader, from crypto/rand, and then b
// stays where it is.
func fill(random io.Reader, b []byte) error {
	if random == nil {
		_, err := rand.Read(b)
		return err
	}
	_, err := io.ReadFull(random, b)
	return err
}

// NewPrivateKey reads a little-endian scalar of c.Size() octets and computes
// its public key, in constant time. It returns ErrScalar unless 0 < d < q.
func NewPrivateKey(c *Curve, scalarLE []byte) (*PrivateKey, error) {
	if len(scalarLE) != c.size {
		return nil, fmt.Errorf("%w: %d octets in place of %d", ErrScalar, len(scalarLE), c.size)
	}
	k := &PrivateKey{PublicKey{curve: c}, &hidden{&secret{alive: true}}}
	var sound bool
	if c.c512 != nil {
		o := &c.c512.order
		d := scalar512(scalarLE)
		if o.below(&d)&(1-d.isZero()) == 0 {
			return nil, ErrScalar
		}
		sound = c.c512.public(&k.pub.p512, &d)
		o.toMontgomery(&k.d512, &d)
		clear(d[:])
	} else {
		o := &c.c256.order
		d := scalar256(scalarLE)
		if o.below(&d)&(1-d.isZero()) == 0 {
			return nil, ErrScalar
		}
		sound = c.c256.public(&k.pub.p256, &d)
		o.toMontgomery(&k.d256, &d)
		clear(d[:])
	}
	if !sound {
		k.Destroy()
		return nil, ErrFault
	}
	k.nonce.init(c, scalarLE)
	return k, nil
}

// Public is the *PublicKey, as crypto.Signer has it.
func (k *PrivateKey) Public() crypto.PublicKey { return &k.pub }

// PublicKey is the key others verify with.
func (k *PrivateKey) PublicKey() *PublicKey { return &k.pub }

// Bytes is the scalar, little-endian; the caller clears it. Of a destroyed key
// it is nil.
func (k *PrivateKey) Bytes() []byte {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if !k.alive {
		return nil
	}
	c := k.pub.curve
	b := make([]byte, c.size)
	if c.c512 != nil {
		var d sc512
		c.c512.order.fromMontgomery(&d, &k.d512)
		d.bytes(b)
		clear(d[:])
	} else {
		var d sc256
		c.c256.order.fromMontgomery(&d, &k.d256)
		d.bytes(b)
		clear(d[:])
	}
	return b
}

// Destroy clears the scalar and what nonces are made with; the public key
// stays. It waits for signatures under way.
func (k *PrivateKey) Destroy() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.alive = false
	clear(k.d512[:])
	clear(k.d256[:])
	k.nonce = nonceSource{}
}

// Format keeps the scalar out of logs, whatever the verb.
func (k *PrivateKey) Format(s fmt.State, _ rune) {
	if k == nil || k.pub.curve == nil {
		io.WriteString(s, "gost3410.PrivateKey()")
		return
	}
	io.WriteString(s, "gost3410.PrivateKey("+k.pub.curve.name+")")
}
