//go:build !amd64 || purego

package gost3410

import "io"

// vectorTables are the tables of vector code, of which there is none.
type vectorTables struct{}

// mul sets z = x·y.
func (z *fe512) mul(x, y *fe512) { z.mulGo(x, y) }

// sqr sets z = x².
func (z *fe512) sqr(x *fe512) { z.sqrGo(x) }

// add adds a to p, exact unless p is infinity or ±a: see addGo.
func (p *xyzz512) add(a *affine512) { p.addGo(a) }

// doubleJacobian sets p = 2p; for public points.
func (c *curve512) doubleJacobian(p *jacobian512) { c.doubleJacobianGo(p) }

// add adds a to p, exact unless p is infinity or ±a: see addGo.
func (p *xyzz256) add(a *affine256) { p.addGo(a) }

// doubleJacobian sets p = 2p; for public points.
func (c *curve256) doubleJacobian(p *jacobian256) { c.doubleJacobianGo(p) }

// pick sets a to the multiple of the digit b, reading the whole window.
func (t *window512) pick(a *affine512, b uint8) { t.pickGo(a, b) }

// pick sets a to the multiple of the digit b, reading the whole window.
func (t *window256) pick(a *affine256, b uint8) { t.pickGo(a, b) }

// baseMult sets p = k·G for 0 < k < q, in constant time.
func (c *curve512) baseMult(p *xyzz512, k *sc512) { c.baseMultGo(p, k) }

// addBaseMult adds k·G to p, 0 < k < q; for public values.
func (c *curve512) addBaseMult(p *xyzz512, k *sc512) { c.addBaseMultGo(p, k) }

// inLanes tells how many of n signatures to make in lanes.
func inLanes(int) int { return 0 }

func (k *PrivateKey) signLanes([]byte, io.Reader, []byte) error { return nil }
