package pkcs12

import (
	"errors"
	"fmt"

	"tanba/internal/ber"
)

// limits bounds what one store may cost. The figures of work are those of
// security T17.
type limits struct {
	ber        ber.Limits
	iterations int // of all derivations together
	salt       int // octets
	keys       int
	bags       int
	key        int // octets of a decrypted PKCS#8 key
}

var defaults = limits{
	ber:        ber.Limits{Size: 1 << 20, Depth: 32, Elements: 1 << 14},
	iterations: 10_000_000,
	salt:       1 << 10,
	keys:       16,
	bags:       256,
	key:        8 << 10,
}

// budget counts down what is left of the limits while a store is read.
type budget struct {
	limits
}

// derive takes the iterations of one key derivation out of the budget.
func (b *budget) derive(iterations int, salt []byte) error {
	if iterations < 1 {
		return fmt.Errorf("%w: %d iterations", ErrCorrupt, iterations)
	}
	if iterations > b.iterations {
		return fmt.Errorf("%w: too many iterations of key derivation", ErrLimits)
	}
	b.iterations -= iterations
	if len(salt) > b.salt {
		return fmt.Errorf("%w: salt of %d octets", ErrLimits, len(salt))
	}
	return nil
}

func (b *budget) bag() error {
	if b.bags--; b.bags < 0 {
		return fmt.Errorf("%w: too many entries", ErrLimits)
	}
	return nil
}

func (b *budget) privateKey() error {
	if b.keys--; b.keys < 0 {
		return fmt.Errorf("%w: too many keys", ErrLimits)
	}
	return nil
}

// normalize brings one layer of the store to DER.
func (b *budget) normalize(in []byte) ([]byte, error) {
	out, err := ber.Normalize(in, b.ber)
	switch {
	case err == nil:
		return out, nil
	case errors.Is(err, ber.ErrTruncated):
		return nil, fmt.Errorf("%w: %w", ErrTruncated, err)
	case errors.Is(err, ber.ErrLimits):
		return nil, fmt.Errorf("%w: %w", ErrLimits, err)
	}
	return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
}

// normalizeInner is normalize for octets that are all there: an early end is
// damage, not truncation.
func (b *budget) normalizeInner(in []byte) ([]byte, error) {
	out, err := b.normalize(in)
	if errors.Is(err, ErrTruncated) {
		return nil, fmt.Errorf("%w: contents end early", ErrCorrupt)
	}
	return out, err
}
