package pki

import (
	"crypto"
	"crypto/rsa"
	"math/big"
)

// Destroy overwrites a private key. Of an RSA key the values that the standard
// library keeps to itself cannot be reached and are left to the collector.
func Destroy(key crypto.Signer) {
	switch key := key.(type) {
	case interface{ Destroy() }:
		key.Destroy()
	case *rsa.PrivateKey:
		numbers := append([]*big.Int{key.D, key.Precomputed.Dp, key.Precomputed.Dq, key.Precomputed.Qinv}, key.Primes...)
		for _, n := range numbers {
			if n != nil {
				clear(n.Bits())
				n.SetInt64(0)
			}
		}
		key.Primes = nil
		key.Precomputed = rsa.PrecomputedValues{}
	}
}
