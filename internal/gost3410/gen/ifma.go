package main

import (
	"fmt"
	"math/big"
)

// ifma writes the arithmetic of eight elements at once for processors with
// AVX-512 IFMA. An element has ten limbs of 52 bits, limb i of all eight is one
// vector of 64 octets, so there are no carries between lanes and none within a
// multiplication: VPMADD52LUQ and VPMADD52HUQ add the low and the high half of a
// product of 104 bits to columns of 64.
//
// Between operations limbs 0 to 8 are below 2^52 and limb 9 is below 2^45. In
// the routines Z0 to Z19 are columns, Z20 to Z29 limbs of a factor, Z30 is free
// and Z31 holds 2^52-1 throughout.
type ifma struct{ *assembly }

const (
	limb = 64 // octets of a vector

	// slack is the size of the limbs of the multiple of p that keeps differences
	// from becoming negative: above every column a multiplication leaves.
	slack = 60
)

// constants writes the numbers the routines broadcast.
func (a *ifma) constants() {
	v := new(big.Int)
	for i := range 10 {
		v.Add(v, new(big.Int).Lsh(big.NewInt(1), uint(slack+52*i)))
	}
	p := new(big.Int).Lsh(big.NewInt(1), 512)
	p.Sub(p, big.NewInt(569))
	rest := new(big.Int).Mod(new(big.Int).Neg(v), p)
	word := func(i int, v uint64) { a.write("DATA constants<>+%d(SB)/8, $%#x\n", 8*i, v) }
	a.write("\n// Limbs of a multiple of p, each 2^%d or a little more.\n", slack)
	for i := range 10 {
		l := new(big.Int).Rsh(rest, uint(52*i))
		l.And(l, big.NewInt(1<<52-1)).Add(l, new(big.Int).Lsh(big.NewInt(1), slack))
		word(i, l.Uint64())
	}
	a.write("// 2^52-1, 2^44-1, 2^512 mod p, 2^520 mod p, 1\n")
	word(mask52, 1<<52-1)
	word(mask44, 1<<44-1)
	word(fold512, 569)
	word(fold520, 569<<8)
	word(one, 1)
	a.write("GLOBL constants<>(SB), RODATA|NOPTR, $%d\n", 8*(one+1))
}

// Places of the constants after the ten limbs.
const (
	mask52 = 10 + iota
	mask44
	fold512
	fold520
	one
)

func (a *ifma) write(format string, args ...any) { fmt.Fprintf(a, format, args...) }

func constant(i int) string { return fmt.Sprintf("constants<>+%d(SB)", 8*i) }

// z names a vector register.
func z(i int) string { return fmt.Sprintf("Z%d", i) }

// at is limb i of the element at a register.
func at(base string, i int) string { return fmt.Sprintf("%d(%s)", limb*i, base) }

// products is the multiplication before any reduction.
func (a *ifma) products() {
	a.local("products", 0, "products adds the product of the elements at SI and BX to Z0 … Z19.")
	for i := range 10 {
		a.op("VMOVDQU64 %s, %s", at("SI", i), z(20+i))
	}
	for j := range 10 {
		a.op("VMOVDQU64 %s, Z30", at("BX", j))
		for i := range 10 {
			a.op("VPMADD52LUQ Z30, %s, %s", z(20+i), z(i+j))
		}
		for i := range 10 {
			a.op("VPMADD52HUQ Z30, %s, %s", z(20+i), z(i+j+1))
		}
	}
	a.op("RET")

	a.local("multiply", 0, "multiply sets Z0 … Z9 to the columns of the product of the elements at SI and BX.")
	a.clear(20)
	a.call("products")
	a.call("fold")
	a.op("RET")
}

// clear sets the lowest n columns to zero.
func (a *ifma) clear(n int) {
	for i := range n {
		a.op("VPXORQ %s, %s, %s", z(i), z(i), z(i))
	}
}

// square has its own products: those off the diagonal are doubled as columns,
// since doubled limbs would be too long.
func (a *ifma) square() {
	a.local("square", 0, "square sets Z0 … Z9 to the columns of the square of the element at SI.")
	for i := range 10 {
		a.op("VMOVDQU64 %s, %s", at("SI", i), z(20+i))
	}
	a.clear(20)
	for j := range 9 {
		for i := j + 1; i < 10; i++ {
			a.op("VPMADD52LUQ %s, %s, %s", z(20+j), z(20+i), z(i+j))
		}
		for i := j + 1; i < 10; i++ {
			a.op("VPMADD52HUQ %s, %s, %s", z(20+j), z(20+i), z(i+j+1))
		}
	}
	for i := 1; i < 19; i++ {
		a.op("VPADDQ %s, %s, %s", z(i), z(i), z(i))
	}
	for i := range 10 {
		a.op("VPMADD52LUQ %s, %s, %s", z(20+i), z(20+i), z(2*i))
		a.op("VPMADD52HUQ %s, %s, %s", z(20+i), z(20+i), z(2*i+1))
	}
	a.op("JMP fold<>(SB)")
}

// fold takes the upper columns into the lower ones.
func (a *ifma) fold() {
	a.local("fold", 0, "fold adds the upper columns, times 2^520 mod p, to Z0 … Z9, which stay below 2^59.")
	a.op("VPBROADCASTQ %s, Z20", constant(fold520))
	a.note("The multiplier takes 52 bits: what is above goes to the next column first.")
	for i := 10; i < 20; i++ {
		a.op("VPMADD52LUQ Z20, %s, %s", z(i), z(i-10))
		if i < 19 {
			a.op("VPSRLQ $52, %s, Z30", z(i))
			a.op("VPADDQ Z30, %s, %s", z(i+1), z(i+1))
			a.op("VPMADD52HUQ Z20, %s, %s", z(i), z(i-9))
		}
	}
	a.note("The last high half is worth 2^520, which is limb 9 shifted.")
	a.op("VPXORQ Z30, Z30, Z30")
	a.op("VPMADD52HUQ Z20, Z19, Z30")
	a.op("VPSLLQ $52, Z30, Z30")
	a.op("VPADDQ Z30, Z9, Z9")
	a.op("RET")
}

// carry makes limbs of columns.
func (a *ifma) carry() {
	a.local("carry", 0, "carry brings Z0 … Z9 into the form of limbs and stores them at DI.")
	a.op("VPSRLQ $44, Z9, Z30")
	a.op("VPANDQ.BCST %s, Z9, Z9", constant(mask44))
	a.op("VPMADD52LUQ.BCST %s, Z30, Z0", constant(fold512))
	for i := range 9 {
		a.op("VPSRLQ $52, %s, Z30", z(i))
		a.op("VPANDQ Z31, %s, %s", z(i), z(i))
		a.op("VPADDQ Z30, %s, %s", z(i+1), z(i+1))
		a.op("VMOVDQU64 %s, %s", z(i), at("DI", i))
	}
	a.op("VMOVDQU64 Z9, %s", at("DI", 9))
	a.op("RET")
}

// call runs a routine.
func (a *ifma) call(name string) { a.op("CALL %s<>(SB)", name) }

// begin sets the constant register.
func (a *ifma) begin() { a.op("VPBROADCASTQ %s, Z31", constant(mask52)) }

// end leaves the function; the upper halves of vector registers would slow
// older instructions down.
func (a *ifma) end() {
	a.op("VZEROUPPER")
	a.op("RET")
}

// field writes the operations on lanes that Go calls one by one.
func (a *ifma) field() {
	regs := map[string]string{"z": "DI", "x": "SI", "y": "BX"}
	a.function("mulIFMA", 8, regs, "z", "x", "y")
	a.begin()
	a.call("multiply")
	a.call("carry")
	a.end()

	a.function("sqrIFMA", 8, regs, "z", "x")
	a.begin()
	a.call("square")
	a.call("carry")
	a.end()

	a.function("addIFMA", 8, regs, "z", "x", "y")
	a.begin()
	for i := range 10 {
		a.op("VMOVDQU64 %s, %s", at("SI", i), z(i))
		a.op("VPADDQ %s, %s, %s", at("BX", i), z(i), z(i))
	}
	a.call("carry")
	a.end()

	a.function("subIFMA", 8, regs, "z", "x", "y")
	a.begin()
	for i := range 10 {
		a.op("VPBROADCASTQ %s, %s", constant(i), z(i))
		a.op("VPADDQ %s, %s, %s", at("SI", i), z(i), z(i))
		a.op("VPSUBQ %s, %s, %s", at("BX", i), z(i), z(i))
	}
	a.call("carry")
	a.end()
}

func ifmaFile() []byte {
	a := &ifma{newAssembly("// Eight elements of the field of p = 2^512 - 569 at once: see gen/ifma.go.")}
	a.constants()
	a.products()
	a.square()
	a.fold()
	a.carry()
	a.field()
	a.set()
	a.add()
	a.pickOwn()
	a.pickShared()
	return a.Bytes()
}
