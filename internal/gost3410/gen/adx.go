package main

// adx writes the field of 512 bits for processors with BMI2 and ADX: MULX
// leaves the flags alone, and ADCX and ADOX keep two chains of carries, so a
// row of eight products is added in one go, low words by one chain and high
// words by the other.
type adx struct {
	*assembly
	zero int // where the frame holds a zero
}

// clearZero makes the zero of the frame: the assembler turns a move of the
// constant into XOR, which would break the chains.
func (a *adx) clearZero() {
	a.op("XORL AX, AX")
	a.op("MOVQ AX, %d(SP)", a.zero)
}

// Registers. The accumulator is nine words wide and moves up one word with each
// row; what falls out at the lower end goes to the frame.
var accumulator = []string{"R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15", "BX"}

func acc9(i int) string { return accumulator[i%9] }

// row adds x[from…7]·DX to the accumulator, whose lowest word is t[k]; x is at
// CX. The word above the highest is set.
func (a *adx) row(from, k int, fresh bool) {
	if fresh {
		for j := from; j < 8; j++ {
			lo, hi := "AX", acc9(k+j+1)
			if j == from {
				lo = acc9(k + j)
			}
			a.op("MULXQ %d(CX), %s, %s", 8*j, lo, hi)
			if j == from+1 {
				a.op("ADDQ AX, %s", acc9(k+j))
			} else if j > from {
				a.op("ADCQ AX, %s", acc9(k+j))
			}
		}
		a.op("ADCQ $0, %s", acc9(k+8))
		return
	}
	a.op("XORL AX, AX") // both carries
	for j := from; j < 8; j++ {
		a.op("MULXQ %d(CX), AX, BP", 8*j)
		a.op("ADCXQ AX, %s", acc9(k+j))
		if j == 7 {
			a.op("MOVQ %d(SP), %s", a.zero, acc9(k+8))
		}
		a.op("ADOXQ BP, %s", acc9(k+j+1))
	}
	a.op("ADCXQ %d(SP), %s", a.zero, acc9(k+8))
}

// fold adds 569·t[8…15], in the accumulator from k on, to t[0…7] in the frame,
// and stores the result at DI.
func (a *adx) fold(k int) {
	a.note("2^512 = 569 mod p")
	a.op("MOVL $569, DX")
	a.op("XORL AX, AX")
	before := ""
	for i := range 8 {
		hi := []string{"CX", "BP"}[i%2]
		t := acc9(k + i)
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
	a.op("ADDQ %s, %s", before, acc9(k))
	for i := 1; i < 8; i++ {
		a.op("ADCQ AX, %s", acc9(k+i))
	}
	a.note("After a carry the value is small: one more addition cannot overflow.")
	a.op("SBBQ AX, AX")
	a.op("ANDQ DX, AX")
	a.op("ADDQ AX, %s", acc9(k))
	for i := range 8 {
		a.op("MOVQ %s, %d(DI)", acc9(k+i), 8*i)
	}
	a.op("RET")
}

// mul is the multiplication itself: elements at CX and SI, the product to DI.
func (a *adx) mul() {
	a.zero = 8 * 8
	a.local("multiply", 8*9, "multiply sets the element at DI to the product of those at CX and SI.")
	a.clearZero()
	for k := range 8 {
		a.note("x·y[%d]", k)
		a.op("MOVQ %d(SI), DX", 8*k)
		a.row(0, k, k == 0)
		a.op("MOVQ %s, %d(SP)", acc9(k), 8*k)
	}
	a.fold(8)
}

// sqr has the products above the diagonal once, doubles them by one chain and
// adds the diagonal by the other.
func (a *adx) sqr() {
	a.zero = 8 * 15
	a.local("square", 8*16, "square sets the element at DI to the square of that at CX.")
	a.clearZero()
	// Row k has the words 2k+1 … k+8; the lowest two are final after it.
	for k := range 7 {
		a.note("x[%d…7]·x[%d]", k+1, k)
		a.op("MOVQ %d(CX), DX", 8*k)
		a.row(k+1, k, k == 0)
		for i := 2*k + 1; i <= 2*k+2; i++ {
			a.op("MOVQ %s, %d(SP)", acc9(i), 8*i)
		}
	}
	a.note("twice that, and the diagonal")
	a.op("XORL AX, AX")
	for i := range 16 {
		if i%2 == 0 {
			a.op("MOVQ %d(CX), DX", 4*i)
			a.op("MULXQ DX, AX, BP")
		}
		if i == 0 {
			a.op("MOVQ AX, (SP)")
			continue
		}
		a.op("MOVQ %d(SP), %s", 8*i, acc9(i))
		a.op("ADCXQ %s, %s", acc9(i), acc9(i))
		a.op("ADOXQ %s, %s", []string{"AX", "BP"}[i%2], acc9(i))
		if i < 8 {
			a.op("MOVQ %s, %d(SP)", acc9(i), 8*i)
		}
	}
	a.fold(8)
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

// linear sets z = x + y or x - y as fe512.add and fe512.sub do; first is the
// instruction for the lowest words, next the one that takes the carry.
func (a *adx) linear(first, next string, z, x, y place) {
	a.load(x, "CX")
	a.load(y, "SI")
	a.load(z, "DI")
	for i := range 8 {
		a.op("MOVQ %d(CX), %s", 8*i, acc9(i))
	}
	a.op("%s (SI), %s", first, acc9(0))
	for i := 1; i < 8; i++ {
		a.op("%s %d(SI), %s", next, 8*i, acc9(i))
	}
	a.op("SBBQ AX, AX")
	a.op("ANDQ $569, AX")
	a.op("%s AX, %s", first, acc9(0))
	for i := 1; i < 8; i++ {
		a.op("%s $0, %s", next, acc9(i))
	}
	a.op("SBBQ AX, AX")
	a.op("ANDQ $569, AX")
	a.op("%s AX, %s", first, acc9(0))
	for i := range 8 {
		a.op("MOVQ %s, %d(DI)", acc9(i), 8*i)
	}
}

func (a *adx) sum(z, x, y place)        { a.linear("ADDQ", "ADCQ", z, x, y) }
func (a *adx) difference(z, x, y place) { a.linear("SUBQ", "SBBQ", z, x, y) }

// functions writes what Go calls: the field, and the two operations on points
// that take most of the time, step by step as xyzz512.addGo and
// curve512.doubleJacobianGo have them.
func (a *adx) functions() {
	a.function("mulADX", 8, map[string]string{"z": "DI", "x": "CX", "y": "SI"}, "z", "x", "y")
	a.op("CALL multiply<>(SB)")
	a.op("RET")
	a.function("sqrADX", 8, map[string]string{"z": "DI", "x": "CX"}, "z", "x")
	a.op("CALL square<>(SB)")
	a.op("RET")

	const elements = 6
	t := func(i int) place { return place{offset: 64 * i} }
	p := func(i int) place { return place{"p", 0, 64 * i} }
	q := func(i int) place { return place{"a", 1, 64 * i} }

	a.declare("addADX", 64*elements, 2)
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

	a.declare("doubleADX", 64*elements, 1)
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

func adxFile() []byte {
	a := &adx{assembly: newAssembly("// The field of p = 2^512 - 569 with BMI2 and ADX: see gen/adx.go.")}
	a.mul()
	a.sqr()
	a.functions()
	return a.Bytes()
}
