package gost3410

import "math/bits"

// The modular inverse is the constant-time greatest common divisor of
// Bernstein and Yang (https://gcd.cr.yp.to/safegcd-20190413.pdf) in its
// half-delta form, 60 division steps at a time on the low words, whose product
// of matrices is then applied to the whole numbers. It costs a sixth of an
// exponentiation.

const mask60 = 1<<60 - 1

// matrix is the product of 60 division steps, scaled by 2^60.
type matrix struct{ u, v, q, r int64 }

// divsteps makes 60 division steps on the low words of f and g and returns the
// new zeta, which is -(δ+1/2). No branch and no address depends on the values.
func (t *matrix) divsteps(zeta int64, f, g uint64) int64 {
	var a matrix
	*t = matrix{u: 1, r: 1}
	for range 3 {
		zeta = a.third(zeta, f, g)
		f, g = uint64(int64(uint64(a.u)*f+uint64(a.v)*g)>>20), uint64(int64(uint64(a.q)*f+uint64(a.r)*g)>>20)
		*t = matrix{
			u: a.u*t.u + a.v*t.q, v: a.u*t.v + a.v*t.r,
			q: a.q*t.u + a.r*t.q, r: a.q*t.v + a.r*t.r,
		}
	}
	return zeta
}

// third makes 20 of them: so many that a row of the matrix, two numbers of at most
// 21 bits and a sign, and the low bits of what the row gives fit one word:
// x = u + 2^22·v + 2^44·f and y = q + 2^22·r + 2^44·g mod 2^64, with which one
// can reckon as with each. In place of halving y, x is doubled.
func (t *matrix) third(zeta int64, f, g uint64) int64 {
	x, y := 1|f<<44, 1<<22|g<<44
	x, y, zeta = divstep(x, y, zeta, 19)
	x, y, zeta = divstep(x, y, zeta, 18)
	x, y, zeta = divstep(x, y, zeta, 17)
	x, y, zeta = divstep(x, y, zeta, 16)
	x, y, zeta = divstep(x, y, zeta, 15)
	x, y, zeta = divstep(x, y, zeta, 14)
	x, y, zeta = divstep(x, y, zeta, 13)
	x, y, zeta = divstep(x, y, zeta, 12)
	x, y, zeta = divstep(x, y, zeta, 11)
	x, y, zeta = divstep(x, y, zeta, 10)
	x, y, zeta = divstep(x, y, zeta, 9)
	x, y, zeta = divstep(x, y, zeta, 8)
	x, y, zeta = divstep(x, y, zeta, 7)
	x, y, zeta = divstep(x, y, zeta, 6)
	x, y, zeta = divstep(x, y, zeta, 5)
	x, y, zeta = divstep(x, y, zeta, 4)
	x, y, zeta = divstep(x, y, zeta, 3)
	x, y, zeta = divstep(x, y, zeta, 2)
	x, y, zeta = divstep(x, y, zeta, 1)
	x, y, zeta = divstep(x, y, zeta, 0)
	t.u, t.v = split22(x)
	t.q, t.r = split22(y)
	return zeta
}

// divstep makes one, on the bit of g that lies so many below the highest. What is
// added to see it makes q and r positive, so that they take nothing from g.
func divstep(x, y uint64, zeta int64, below int) (uint64, uint64, int64) {
	swap := uint64(zeta >> 63) // δ > 0
	odd := uint64(int64((y+1<<43+1<<21)<<below) >> 63)
	exchange := swap & odd
	sum := y + ((x^swap)-swap)&odd
	return (x ^ (x^y)&exchange) << 1, sum, (zeta ^ int64(exchange)) - 1
}

// split22 returns a and b of a + 2^22·b + 2^44·c.
func split22(x uint64) (a, b int64) {
	a = int64(x<<42) >> 42
	return a, int64((x-uint64(a))<<20) >> 42
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

// shift takes the lowest 60 bits away and returns them.
func (a *acc) shift() int64 {
	low := a.lo & mask60
	a.lo = a.lo>>60 | a.hi<<4
	a.hi = uint64(int64(a.hi) >> 60)
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
