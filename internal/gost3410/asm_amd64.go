//go:build amd64 && !purego

package gost3410

import "golang.org/x/sys/cpu"

// What of the processor is used; tests switch it off. The vector code needs
// VBMI2 for shifts across words, which all processors with IFMA have but one.
var (
	useAVX2 = cpu.X86.HasAVX2
	useADX  = cpu.X86.HasADX && cpu.X86.HasBMI2
	useIFMA = cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512IFMA && cpu.X86.HasAVX512VBMI2
)

//go:noescape
func mulADX512(z, x, y *fe512)

//go:noescape
func sqrADX512(z, x *fe512)

// mul sets z = x·y.
func (z *fe512) mul(x, y *fe512) {
	if useADX {
		mulADX512(z, x, y)
	} else {
		z.mulGo(x, y)
	}
}

// sqr sets z = x².
func (z *fe512) sqr(x *fe512) {
	if useADX {
		sqrADX512(z, x)
	} else {
		z.sqrGo(x)
	}
}

//go:noescape
func addADX512(p *xyzz512, a *affine512)

// doubleADX512 is for curves with a = -3.
//
//go:noescape
func doubleADX512(p *jacobian512)

// add adds a to p, exact unless p is infinity or ±a: see addGo.
func (p *xyzz512) add(a *affine512) {
	if useADX {
		addADX512(p, a)
	} else {
		p.addGo(a)
	}
}

// doubleJacobian sets p = 2p; for public points.
func (c *curve512) doubleJacobian(p *jacobian512) {
	if useADX && c.minus3 {
		doubleADX512(p)
	} else {
		c.doubleJacobianGo(p)
	}
}

//go:noescape
func mulADX256(z, x, y *fe256)

//go:noescape
func sqrADX256(z, x *fe256)

//go:noescape
func addADX256(p *xyzz256, a *affine256)

//go:noescape
func doubleADX256(p *jacobian256)

// add adds a to p, exact unless p is infinity or ±a: see addGo.
func (p *xyzz256) add(a *affine256) {
	if useADX {
		addADX256(p, a)
	} else {
		p.addGo(a)
	}
}

// doubleJacobian sets p = 2p; for public points.
func (c *curve256) doubleJacobian(p *jacobian256) {
	if useADX && c.minus3 {
		doubleADX256(p)
	} else {
		c.doubleJacobianGo(p)
	}
}

// pickAVX2x512 reads the whole window and sets a to the entry with the index.
//
//go:noescape
func pickAVX2x512(a *affine512, window *window512, index uint64)

// pickAVX2x256 is the same for the other field.
//
//go:noescape
func pickAVX2x256(a *affine256, window *window256, index uint64)

// pick sets a to the multiple of the digit b, reading the whole window.
func (t *window512) pick(a *affine512, b uint8) {
	if !useAVX2 {
		t.pickGo(a, b)
		return
	}
	negative := uint64(b>>5) - 1
	pickAVX2x512(a, t, (uint64(b)^negative)&31)
	a.y.negateIf(negative)
}

// pick sets a to the multiple of the digit b, reading the whole window.
func (t *window256) pick(a *affine256, b uint8) {
	if !useAVX2 {
		t.pickGo(a, b)
		return
	}
	negative := uint64(b>>5) - 1
	pickAVX2x256(a, t, (uint64(b)^negative)&31)
	a.y.negateIf(negative)
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
