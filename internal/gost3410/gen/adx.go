package main

import "fmt"

// adx writes arithmetic of elements for processors with BMI2 and ADX: MULX
// leaves the flags alone, and ADCX and ADOX keep two chains of carries, so a
// row of eight products is added in one go, low words by one chain and high
// words by the other.
type adx struct {
	*assembly
	size
	zero int // where the frame holds a zero
}

// clearZero makes the zero of the frame: the assembler turns a move of the
// constant into XOR, which would break the chains.
func (a *adx) clearZero() {
	a.op("XORL AX, AX")
	a.op("MOVQ AX, %d(SP)", a.zero)
}

// Registers. The accumulator is a word wider than an element and moves up one word with each
// row; what falls out at the lower end goes to the frame.
var accumulator = []string{"R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15", "BX"}

func (a *adx) acc(i int) string { return accumulator[i%(a.Limbs+1)] }

// row adds the words of x from one on, times DX, to the accumulator, whose lowest word is t[k]; x is at
// CX. The word above the highest is set.
func (a *adx) row(from, k int, fresh bool) {
	if fresh {
		for j := from; j < a.Limbs; j++ {
			lo, hi := "AX", a.acc(k+j+1)
			if j == from {
				lo = a.acc(k + j)
			}
			a.op("MULXQ %d(CX), %s, %s", 8*j, lo, hi)
			if j == from+1 {
				a.op("ADDQ AX, %s", a.acc(k+j))
			} else if j > from {
				a.op("ADCQ AX, %s", a.acc(k+j))
			}
		}
		a.op("ADCQ $0, %s", a.acc(k+a.Limbs))
		return
	}
	a.op("XORL AX, AX") // both carries
	for j := from; j < a.Limbs; j++ {
		a.op("MULXQ %d(CX), AX, BP", 8*j)
		a.op("ADCXQ AX, %s", a.acc(k+j))
		if j == a.Limbs-1 {
			a.op("MOVQ %d(SP), %s", a.zero, a.acc(k+a.Limbs))
		}
		a.op("ADOXQ BP, %s", a.acc(k+j+1))
	}
	a.op("ADCXQ %d(SP), %s", a.zero, a.acc(k+a.Limbs))
}

// fold adds C times the upper half, which is in the accumulator, to the lower
// half in the frame, and stores the result at DI.
func (a *adx) fold() {
	k := a.Limbs
	a.note("2^%d = %d mod p", a.Bits, a.C)
	a.op("MOVL $%d, DX", a.C)
	a.op("XORL AX, AX")
	before := ""
	for i := range a.Limbs {
		hi := []string{"CX", "BP"}[i%2]
		t := a.acc(k + i)
		a.op("MULXQ %s, %s, %s", t, t, hi)
		a.op("ADCXQ %d(SP), %s", 8*i, t)
		if before != "" {
			a.op("ADOXQ %s, %s", before, t)
		}
		before = hi
	}
	a.op("MOVQ %d(SP), AX", a.zero)
	a.op("ADCXQ AX, %s", before)
	a.op("ADOXQ AX, %s", before)
	a.op("IMULQ DX, %s", before)
	a.op("ADDQ %s, %s", before, a.acc(k))
	for i := 1; i < a.Limbs; i++ {
		a.op("ADCQ AX, %s", a.acc(k+i))
	}
	a.note("After a carry the value is small: one more addition cannot overflow.")
	a.op("SBBQ AX, AX")
	a.op("ANDQ DX, AX")
	a.op("ADDQ AX, %s", a.acc(k))
	for i := range a.Limbs {
		a.op("MOVQ %s, %d(DI)", a.acc(k+i), 8*i)
	}
	a.op("RET")
}

// mul is the multiplication itself: elements at CX and SI, the product to DI.
func (a *adx) mul() {
	a.zero = 8 * a.Limbs
	a.local("multiply", 8*(a.Limbs+1), "multiply sets the element at DI to the product of those at CX and SI.")
	a.clearZero()
	for k := range a.Limbs {
		a.note("x·y[%d]", k)
		a.op("MOVQ %d(SI), DX", 8*k)
		a.row(0, k, k == 0)
		a.op("MOVQ %s, %d(SP)", a.acc(k), 8*k)
	}
	a.fold()
}

// sqr has the products above the diagonal once, doubles them by one chain and
// adds the diagonal by the other.
func (a *adx) sqr() {
	a.zero = 8 * (2*a.Limbs - 1)
	a.local("square", 8*2*a.Limbs, "square sets the element at DI to the square of that at CX.")
	a.clearZero()
	// Row k has the words 2k+1 … k+Limbs; the lowest two are final after it.
	for k := range a.Limbs - 1 {
		a.note("x[%d…]·x[%d]", k+1, k)
		a.op("MOVQ %d(CX), DX", 8*k)
		a.row(k+1, k, k == 0)
		for i := 2*k + 1; i <= 2*k+2; i++ {
			a.op("MOVQ %s, %d(SP)", a.acc(i), 8*i)
		}
	}
	a.note("twice that, and the diagonal")
	a.op("XORL AX, AX")
	for i := range 2 * a.Limbs {
		if i%2 == 0 {
			a.op("MOVQ %d(CX), DX", 4*i)
			a.op("MULXQ DX, AX, BP")
		}
		if i == 0 {
			a.op("MOVQ AX, (SP)")
			continue
		}
		a.op("MOVQ %d(SP), %s", 8*i, a.acc(i))
		a.op("ADCXQ %s, %s", a.acc(i), a.acc(i))
		a.op("ADOXQ %s, %s", []string{"AX", "BP"}[i%2], a.acc(i))
		if i < a.Limbs {
			a.op("MOVQ %s, %d(SP)", a.acc(i), 8*i)
		}
	}
	a.fold()
}

// place is an element: behind an argument or, without one, in the frame.
type place struct {
	arg    string
	number int // of the argument
	offset int
}

// load makes a register point to an element.
func (a *adx) load(p place, reg string) {
	if p.arg == "" {
		a.op("LEAQ %d(SP), %s", p.offset, reg)
		return
	}
	a.op("MOVQ %s+%d(FP), %s", p.arg, 8*p.number, reg)
	if p.offset > 0 {
		a.op("ADDQ $%d, %s", p.offset, reg)
	}
}

func (a *adx) product(z, x, y place) {
	a.load(x, "CX")
	a.load(y, "SI")
	a.load(z, "DI")
	a.op("CALL multiply<>(SB)")
}

func (a *adx) square(z, x place) {
	a.load(x, "CX")
	a.load(z, "DI")
	a.op("CALL square<>(SB)")
}

// linear sets z = x + y or x - y as add and sub do; first is the
// instruction for the lowest words, next the one that takes the carry.
func (a *adx) linear(first, next string, z, x, y place) {
	a.load(x, "CX")
	a.load(y, "SI")
	a.load(z, "DI")
	for i := range a.Limbs {
		a.op("MOVQ %d(CX), %s", 8*i, a.acc(i))
	}
	a.op("%s (SI), %s", first, a.acc(0))
	for i := 1; i < a.Limbs; i++ {
		a.op("%s %d(SI), %s", next, 8*i, a.acc(i))
	}
	a.op("SBBQ AX, AX")
	a.op("ANDQ $%d, AX", a.C)
	a.op("%s AX, %s", first, a.acc(0))
	for i := 1; i < a.Limbs; i++ {
		a.op("%s $0, %s", next, a.acc(i))
	}
	a.op("SBBQ AX, AX")
	a.op("ANDQ $%d, AX", a.C)
	a.op("%s AX, %s", first, a.acc(0))
	for i := range a.Limbs {
		a.op("MOVQ %s, %d(DI)", a.acc(i), 8*i)
	}
}

func (a *adx) sum(z, x, y place)        { a.linear("ADDQ", "ADCQ", z, x, y) }
func (a *adx) difference(z, x, y place) { a.linear("SUBQ", "SBBQ", z, x, y) }

// functions writes what Go calls: the field, and the two operations on points
// that take most of the time, step by step as addGo and doubleJacobianGo
// have them.
func (a *adx) functions() {
	field := fmt.Sprint(a.Bits)
	a.function("mulADX"+field, 8, map[string]string{"z": "DI", "x": "CX", "y": "SI"}, "z", "x", "y")
	a.op("CALL multiply<>(SB)")
	a.op("RET")
	a.function("sqrADX"+field, 8, map[string]string{"z": "DI", "x": "CX"}, "z", "x")
	a.op("CALL square<>(SB)")
	a.op("RET")

	const elements = 6 // in the frame
	octets := 8 * a.Limbs
	t := func(i int) place { return place{offset: octets * i} }
	p := func(i int) place { return place{"p", 0, octets * i} }
	q := func(i int) place { return place{"a", 1, octets * i} }

	a.declare("addADX"+field, octets*elements, 2)
	x, y, zz, zzz := p(0), p(1), p(2), p(3)
	d, r, dd, ddd, m, s := t(0), t(1), t(2), t(3), t(4), t(5)
	a.product(d, q(0), zz)
	a.difference(d, d, x)
	a.product(r, q(1), zzz)
	a.difference(r, r, y)
	a.square(dd, d)
	a.product(ddd, dd, d)
	a.product(m, x, dd)
	a.product(zz, zz, dd)
	a.product(zzz, zzz, ddd)
	a.square(s, r)
	a.difference(s, s, ddd)
	a.difference(s, s, m)
	a.difference(x, s, m)
	a.difference(m, m, x)
	a.product(m, m, r)
	a.product(y, y, ddd)
	a.difference(y, m, y)
	a.op("RET")

	a.declare("doubleADX"+field, octets*elements, 1)
	x, y, z := p(0), p(1), p(2)
	delta, gamma, beta, alpha, u := t(0), t(1), t(2), t(3), t(4)
	a.square(delta, z)
	a.square(gamma, y)
	a.product(beta, x, gamma)
	a.difference(alpha, x, delta)
	a.sum(u, x, delta)
	a.product(alpha, alpha, u)
	a.sum(u, alpha, alpha)
	a.sum(alpha, alpha, u)
	a.sum(z, z, y)
	a.square(z, z)
	a.difference(z, z, gamma)
	a.difference(z, z, delta)
	a.sum(beta, beta, beta)
	a.sum(beta, beta, beta)
	a.square(x, alpha)
	a.difference(x, x, beta)
	a.difference(x, x, beta)
	a.difference(beta, beta, x)
	a.sum(gamma, gamma, gamma)
	a.square(gamma, gamma)
	a.sum(gamma, gamma, gamma)
	a.product(y, alpha, beta)
	a.difference(y, y, gamma)
	a.op("RET")
}

func adxFile(s size) []byte {
	a := &adx{newAssembly(fmt.Sprintf("// Arithmetic modulo p = 2^%d - %d with BMI2 and ADX: see gen/adx.go.", s.Bits, s.C)), s, 0}
	a.mul()
	a.sqr()
	a.functions()
	return a.Bytes()
}
