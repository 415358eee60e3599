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

func (a *adx) mul() {
	a.zero = 8 * 8
	a.function("mulADX", 8*9, map[string]string{"z": "DI", "x": "CX", "y": "SI"}, "z", "x", "y")
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
	a.function("sqrADX", 8*16, map[string]string{"z": "DI", "x": "CX"}, "z", "x")
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

func adxFile() []byte {
	a := &adx{assembly: newAssembly("// The field of p = 2^512 - 569 with BMI2 and ADX: see gen/adx.go.")}
	a.mul()
	a.sqr()
	return a.Bytes()
}
