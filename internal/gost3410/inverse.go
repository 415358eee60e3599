package gost3410

import "math/bits"

// The modular inverse is the constant-time greatest common divisor of
// Bernstein and Yang (https://gcd.cr.yp.to/safegcd-20190413.pdf) in its
// half-delta form, 62 division steps at a time on the low words, whose product
// of matrices is then applied to the whole numbers. It costs a quarter of an
// exponentiation.

const mask62 = 1<<62 - 1

// matrix is the product of 62 division steps, scaled by 2^62.
type matrix struct{ u, v, q, r int64 }

// divsteps makes 62 division steps on the low words of f and g and returns the
// new zeta, which is -(δ+1/2). No branch and no address depends on the values.
func (t *matrix) divsteps(zeta int64, f, g uint64) int64 {
	u, v, q, r := uint64(1), uint64(0), uint64(0), uint64(1)
	for range 62 {
		swap := uint64(zeta >> 63) // δ > 0
		odd := -(g & 1)
		g += ((f ^ swap) - swap) & odd
		q += ((u ^ swap) - swap) & odd
		r += ((v ^ swap) - swap) & odd
		swap &= odd
		zeta = (zeta ^ int64(swap)) - 1
		f += g & swap
		u += q & swap
		v += r & swap
		g >>= 1
		u <<= 1
		v <<= 1
	}
	*t = matrix{int64(u), int64(v), int64(q), int64(r)}
	return zeta
}

// acc is a signed sum of 128 bits.
type acc struct{ hi, lo uint64 }

// mac adds x·y.
func (a *acc) mac(x, y int64) {
	hi, lo := bits.Mul64(uint64(x), uint64(y))
	hi -= uint64(x>>63)&uint64(y) + uint64(y>>63)&uint64(x)
	var c uint64
	a.lo, c = bits.Add64(a.lo, lo, 0)
	a.hi, _ = bits.Add64(a.hi, hi, c)
}

// macLow adds x·y for y ≥ 0: every word of a number but the highest.
func (a *acc) macLow(x, y int64) {
	hi, lo := bits.Mul64(uint64(x), uint64(y))
	var c uint64
	a.lo, c = bits.Add64(a.lo, lo, 0)
	a.hi, _ = bits.Add64(a.hi, hi-uint64(x>>63)&uint64(y), c)
}

// shift takes the lowest 62 bits away and returns them.
func (a *acc) shift() int64 {
	low := a.lo & mask62
	a.lo = a.lo>>62 | a.hi<<2
	a.hi = uint64(int64(a.hi) >> 62)
	return int64(low)
}

// inverse64 returns 1/x mod 2^64 for odd x.
func inverse64(x uint64) uint64 {
	y := x // right in the lowest three bits
	for range 5 {
		y *= 2 - x*y
	}
	return y
}
