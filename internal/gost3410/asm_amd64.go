//go:build amd64 && !purego

package gost3410

import "golang.org/x/sys/cpu"

// What of the processor is used; tests switch it off. The vector code needs
// VBMI2 for shifts across words, which all processors with IFMA have but one.
var (
	useADX  = cpu.X86.HasADX && cpu.X86.HasBMI2
	useIFMA = cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512IFMA && cpu.X86.HasAVX512VBMI2
)

//go:noescape
func mulADX(z, x, y *fe512)

//go:noescape
func sqrADX(z, x *fe512)

// mul sets z = x·y.
func (z *fe512) mul(x, y *fe512) {
	if useADX {
		mulADX(z, x, y)
	} else {
		z.mulGo(x, y)
	}
}

// sqr sets z = x².
func (z *fe512) sqr(x *fe512) {
	if useADX {
		sqrADX(z, x)
	} else {
		z.sqrGo(x)
	}
}

// baseMult sets p = k·G for 0 < k < q, in constant time.
func (c *curve512) baseMult(p *xyzz512, k *sc512) {
	if !useIFMA || !c.baseMultIFMA(p, k) {
		c.baseMultGo(p, k)
	}
}

// addBaseMult adds k·G to p, 0 < k < q; for public values.
func (c *curve512) addBaseMult(p *xyzz512, k *sc512) {
	if !useIFMA {
		c.addBaseMultGo(p, k)
		return
	}
	before := *p
	c.baseMult(p, k)
	c.addPoints(p, &before)
}
