package main

import "fmt"

// Fields of points8 and scratch8 in lanes_amd64.go.
const (
	element = 10 * limb

	pointX  = 0 * element
	pointY  = 1 * element
	pointZZ = 2 * element
	pointZ3 = 3 * element

	affineX = 0 * element
	affineY = 1 * element
	temp    = 2 * element // four elements
	minus   = 6 * element
)

// vectors is an element in one of the two structures, by the register that points
// to it.
type vectors struct {
	base   string
	offset int
}

func (p vectors) limb(i int) string { return fmt.Sprintf("%d(%s)", p.offset+limb*i, p.base) }

// structures are the arguments of the functions on points.
var structures = map[string]string{"p": "DX", "s": "CX"}

func point(offset int) vectors   { return vectors{"DX", offset} }
func scratch(offset int) vectors { return vectors{"CX", offset} }

func (a *ifma) lea(p vectors, reg string) { a.op("LEAQ %d(%s), %s", p.offset, p.base, reg) }

// multiply leaves the columns of a product.
func (a *ifma) multiply(x, y vectors) {
	a.lea(x, "SI")
	a.lea(y, "BX")
	a.call("multiply")
}

func (a *ifma) squareOf(x vectors) {
	a.lea(x, "SI")
	a.call("square")
}

// store makes limbs of the columns and puts them away.
func (a *ifma) store(to vectors) {
	a.lea(to, "DI")
	a.call("carry")
}

// add is the addition of an affine point to one in the form xyzz. With
//
//	P = X1 - x·ZZ1, R = ±y·ZZZ1 - Y1, Q = X1·P², X3 = R² + P³ - 2Q,
//	T = Q - X3, Y3 = R·T + Y1·P³, ZZ3 = ZZ1·P², ZZZ3 = ZZZ1·P³
//
// P has the other sign than in madd-2008-s, and so have P³ and ZZZ3: the result
// is minus the sum. That saves a reduction, as both products of Y3 are added up
// before it.
func (a *ifma) add() {
	x1, y1, zz, zzz := point(pointX), point(pointY), point(pointZZ), point(pointZ3)
	p, r, q, t := scratch(temp), scratch(temp+element), scratch(temp+2*element), scratch(temp+3*element)
	a.function("addPoints8", 8, structures, "p", "s")
	a.begin()

	a.note("P = X1 - x·ZZ1")
	a.multiply(scratch(affineX), zz)
	for i := range 10 {
		a.op("VPBROADCASTQ %s, Z20", constant(i))
		a.op("VPADDQ %s, Z20, Z20", x1.limb(i))
		a.op("VPSUBQ %s, Z20, %s", z(i), z(i))
	}
	a.store(p)

	a.note("R = ±y·ZZZ1 - Y1")
	a.multiply(scratch(affineY), zzz)
	a.op("VMOVDQU64 %s, Z30", scratch(minus).limb(0))
	for i := range 10 {
		a.op("VPBROADCASTQ %s, Z20", constant(i))
		a.negative(i)
		a.op("VPADDQ Z20, %s, %s", z(i), z(i))
		a.op("VPSUBQ %s, %s, %s", y1.limb(i), z(i), z(i))
	}
	a.store(r)

	a.note("t = P², Q = X1·P², ZZ3 = ZZ1·P²")
	a.squareOf(p)
	a.store(t)
	a.multiply(x1, t)
	a.store(q)
	a.multiply(zz, t)
	a.store(zz)

	a.note("p = P³, ZZZ3 = ZZZ1·P³")
	a.multiply(p, t)
	a.store(p)
	a.multiply(zzz, p)
	a.store(zzz)

	a.note("X3 = R² + P³ - 2Q")
	a.squareOf(r)
	for i := range 10 {
		a.op("VPADDQ.BCST %s, %s, %s", constant(i), z(i), z(i))
		a.op("VPADDQ %s, %s, %s", p.limb(i), z(i), z(i))
		a.op("VMOVDQU64 %s, Z20", q.limb(i))
		a.op("VPADDQ Z20, Z20, Z20")
		a.op("VPSUBQ Z20, %s, %s", z(i), z(i))
	}
	a.store(x1)

	a.note("t = Q - X3, whose limbs are still in place")
	for i := range 10 {
		a.op("VPBROADCASTQ %s, Z20", constant(i))
		a.op("VPADDQ %s, Z20, Z20", q.limb(i))
		a.op("VPSUBQ %s, Z20, %s", z(i), z(i))
	}
	a.store(t)

	a.note("Y3 = R·t + Y1·P³, reduced once")
	a.clear(20)
	a.lea(r, "SI")
	a.lea(t, "BX")
	a.call("products")
	a.lea(y1, "SI")
	a.lea(p, "BX")
	a.call("products")
	a.call("fold")
	a.store(y1)
	a.end()
}

// negative replaces column i by its negative in the lanes of Z30; Z20 holds the
// limb that keeps it positive.
func (a *ifma) negative(i int) {
	a.op("VPSUBQ %s, Z20, Z21", z(i))
	a.op("VPTERNLOGQ $0xB8, Z21, Z30, %s", z(i)) // Z30 ? Z21 : column
}

// set makes a point of the first affine one.
func (a *ifma) set() {
	a.function("setPoints8", 8, structures, "p", "s")
	a.begin()
	a.op("VMOVDQU64 %s, Z30", scratch(minus).limb(0))
	for i := range 10 {
		a.op("VPBROADCASTQ %s, Z20", constant(i))
		a.op("VMOVDQU64 %s, %s", scratch(affineY).limb(i), z(i))
		a.negative(i)
	}
	a.store(point(pointY))
	a.op("VPXORQ Z1, Z1, Z1")
	a.op("VPBROADCASTQ %s, Z0", constant(one))
	for i := range 10 {
		a.op("VMOVDQU64 %s, Z2", scratch(affineX).limb(i))
		a.op("VMOVDQU64 Z2, %s", point(pointX).limb(i))
		a.op("VMOVDQU64 %s, %s", z(min(i, 1)), point(pointZZ).limb(i))
		a.op("VMOVDQU64 %s, %s", z(min(i, 1)), point(pointZ3).limb(i))
	}
	a.end()
}

// unpack cuts eight words of 64 bits, in the registers from first on, into ten
// limbs.
func (a *ifma) unpack(first int, to vectors) {
	for i := range 10 {
		w, s := 52*i/64, 52*i%64
		low := z(first + w)
		switch {
		case s == 0:
			a.op("VPANDQ Z31, %s, Z30", low)
		case s+52 > 64 && w < 7:
			a.op("VPSHRDQ $%d, %s, %s, Z30", s, z(first+w+1), low)
			a.op("VPANDQ Z31, Z30, Z30")
		default:
			a.op("VPSRLQ $%d, %s, Z30", s, low)
			if s+52 < 64 && w < 7 {
				a.op("VPANDQ Z31, Z30, Z30")
			}
		}
		a.op("VMOVDQU64 Z30, %s", to.limb(i))
	}
}

// digits leaves in Z17 the entries that eight digits of some width stand for,
// and in the structure which of them are to be subtracted. A digit b means
// 2b - (2^width-1); its highest bit tells the sign. The octets are at BX; AX is
// all ones when the sum so far has the other sign.
func (a *ifma) digits(width int) {
	a.op("VPMOVZXBQ (BX), Z17")
	a.op("VPBROADCASTQ %s, Z20", constant(one))
	a.op("VPSRLQ $%d, Z17, Z18", width-1)
	a.op("VPSUBQ Z20, Z18, Z18")
	a.op("VPXORQ Z18, Z17, Z17")
	a.op("VPSLLQ $%d, Z17, Z17", 65-width)
	a.op("VPSRLQ $%d, Z17, Z17", 65-width)
	a.op("VPBROADCASTQ AX, Z19")
	a.op("VPXORQ Z19, Z18, Z18")
	a.op("VMOVDQU64 Z18, %s", scratch(minus).limb(0))
}

// pickOwn lets each lane take an entry of its own window. The windows lie lane
// beside lane, sixteen vectors for an entry, and are read as a whole.
func (a *ifma) pickOwn() {
	a.function("pickOwn8", 0, picking, "s", "window", "digits", "flip")
	a.begin()
	a.digits(ownWidth)
	a.clear(16)
	a.op("VPXORQ Z18, Z18, Z18")
	a.op("MOVL $%d, AX", 1<<(ownWidth-1))
	a.write("next:\n")
	a.op("VPCMPEQQ Z17, Z18, K1")
	a.op("VPMOVM2Q K1, Z19")
	a.op("VPADDQ Z20, Z18, Z18")
	for i := range 16 {
		a.op("VPTERNLOGQ $0xB8, %s, Z19, %s", at("SI", i), z(i)) // Z19 ? entry : what is there
	}
	a.op("ADDQ $%d, SI", 16*limb)
	a.op("DECQ AX")
	a.op("JNZ next")
	a.unpack(0, scratch(affineX))
	a.unpack(8, scratch(affineY))
	a.end()
}

// pickShared lets all lanes take entries of one window. It lies word by word,
// the words of eight entries in a vector; a permutation picks from sixteen
// entries, and masks choose among the permutations.
func (a *ifma) pickShared() {
	const groups = 1 << (sharedWidth - 1) / 16
	a.function("pickShared8", 0, picking, "s", "window", "digits", "flip")
	a.begin()
	a.digits(sharedWidth)
	a.op("VPSRLQ $4, Z17, Z18")
	a.op("VPXORQ Z19, Z19, Z19")
	for g := range groups {
		a.op("VPCMPEQQ Z19, Z18, K1")
		a.op("VPMOVM2Q K1, %s", z(21+g))
		a.op("VPADDQ Z20, Z19, Z19")
	}
	for w := range 16 {
		a.note("word %d of %s", w%8, "xy"[w/8:w/8+1])
		for g := range groups {
			first := (w*groups + g) * 2 * limb
			perm := z(18 + g%2)
			if g == 0 {
				perm = z(16)
			}
			a.op("VMOVDQU64 %d(SI), %s", first, perm)
			a.op("VPERMT2Q %d(SI), Z17, %s", first+limb, perm)
			if g == 0 {
				a.op("VPANDQ Z21, Z16, %s", z(w))
			} else {
				a.op("VPTERNLOGQ $0xF8, %s, %s, %s", z(21+g), perm, z(w)) // or with both
			}
		}
	}
	a.unpack(0, scratch(affineX))
	a.unpack(8, scratch(affineY))
	a.end()
}

var picking = map[string]string{"s": "CX", "window": "SI", "digits": "BX", "flip": "AX"}

// The widths of the windows, as in lanes_amd64.go.
const (
	ownWidth    = 5
	sharedWidth = 8
)
