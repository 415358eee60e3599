package testpki

import (
	cryptorand "crypto/rand"
	"crypto/rsa"
	"fmt"
	"io"
	"math/big"
)

const rsaBits = 2048

// newRSAKey makes an RSA key. crypto/rsa takes no randomness from its caller
// any more, so a key that has to come out the same every time is made here.
func (a *Authority) newRSAKey() (*rsa.PrivateKey, error) {
	if !a.custom {
		return rsa.GenerateKey(cryptorand.Reader, rsaBits)
	}
	e := big.NewInt(65537)
	one := big.NewInt(1)
	for {
		p, err := prime(a.rand, rsaBits/2)
		if err != nil {
			return nil, err
		}
		q, err := prime(a.rand, rsaBits/2)
		if err != nil {
			return nil, err
		}
		n := new(big.Int).Mul(p, q)
		totient := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
		d := new(big.Int).ModInverse(e, totient)
		if d == nil || n.BitLen() != rsaBits || p.Cmp(q) == 0 {
			continue
		}
		key := &rsa.PrivateKey{
			PublicKey: rsa.PublicKey{N: n, E: int(e.Int64())},
			D:         d, Primes: []*big.Int{p, q},
		}
		key.Precompute()
		if err := key.Validate(); err != nil {
			return nil, fmt.Errorf("testpki: %w", err)
		}
		return key, nil
	}
}

// prime searches upwards from a random odd number whose two top bits are set,
// so that two such primes make a product of full length.
func prime(rand io.Reader, bits int) (*big.Int, error) {
	octets := make([]byte, bits/8)
	if _, err := io.ReadFull(rand, octets); err != nil {
		return nil, fmt.Errorf("testpki: %w", err)
	}
	octets[0] |= 0xc0
	octets[len(octets)-1] |= 1
	p := new(big.Int).SetBytes(octets)
	for two := big.NewInt(2); !p.ProbablyPrime(20); {
		p.Add(p, two)
	}
	return p, nil
}
