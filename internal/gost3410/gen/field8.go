package main

import (
	"fmt"
	"slices"
	"strings"
)

// field8 writes the multiplication and squaring of eight limbs in a form that
// suits them better than that of field. Of four products of a row the first and
// the third, which do not overlap, are added in one chain, the others in another.
// The compiler moves every multiplication before the first addition if nothing
// keeps it from that, and then has no registers for the products; so each chain
// ends with a word stored in r, if only to be stored again, and the factors are
// read after that. That saves a tenth of the time, and a quarter on a busy
// machine.
type field8 struct{ *field }

// declare reserves the variables of a function.
func (f field8) declare(words int) {
	f.line("var r [25]uint64")
	f.line("var c, h0, h1, l0, l1 uint64")
	f.line("var %s uint64", strings.Join(names("w", words), ", "))
}

// names lists v0…v(n-1).
func names(v string, n int) (s []string) {
	for i := range n {
		s = append(s, fmt.Sprint(v, i))
	}
	return s
}

// chain emits z += x with carries, the last of which stays in c.
func (f field8) chain(z, x []string) {
	for i := range z {
		f.line("%s, c = bits.Add64(%s, %s, %s)", z[i], z[i], x[i], carry(i == 0))
	}
}

// ripple emits z += c, which cannot overflow.
func (f field8) ripple(z []string) {
	for i, v := range z {
		f.line("%s, %s = bits.Add64(%s, 0, c)", v, []string{"c", "_"}[i/(len(z)-1)], v)
	}
}

// set emits z = x.
func (f field8) set(z, x []string) {
	f.line("%s = %s", strings.Join(z, ", "), strings.Join(x, ", "))
}

// row adds the four limbs x times y to w0…w3. The lowest word of the sum goes
// into low, the others become w0…w3; with fresh, these were zero. What spare
// holds is lost.
func (f field8) row(x []string, y, spare, low string, fresh bool) {
	f.line("h0, l0 = bits.Mul64(%s, %s)", x[1], y)
	f.line("h1, l1 = bits.Mul64(%s, %s)", x[3], y)
	if fresh {
		f.line("w1, w2, w3, w4 = l0, h0, l1, h1")
	} else {
		f.chain([]string{"w1", "w2", "w3"}, []string{"l0", "h0", "l1"})
		f.line("w4, _ = bits.Add64(h1, 0, c)")
	}
	f.line("%s = w1", spare)
	f.line("h0, l0 = bits.Mul64(%s, %s)", x[0], y)
	f.line("h1, l1 = bits.Mul64(%s, %s)", x[2], y)
	if fresh {
		f.line("w0 = l0")
		f.chain([]string{"w1", "w2", "w3"}, []string{"h0", "l1", "h1"})
	} else {
		f.chain([]string{"w0", "w1", "w2", "w3"}, []string{"l0", "h0", "l1", "h1"})
	}
	f.line("w4, _ = bits.Add64(w4, 0, c)")
	f.line("%s = w0", low)
	f.line("w0, w1, w2, w3 = w1, w2, w3, w4")
}

// block adds four limbs x times four limbs y to w0…w3 and leaves the lower half
// of the sum in r[k…], the upper in w0…w3; r[k+4] is lost.
func (f field8) block(x, y []string, k int, fresh bool) {
	r := limbs("r", k+5)
	for j := range 4 {
		f.row(x, y[j], r[k+j+1], r[k+j], fresh && j == 0)
	}
}

// fold takes r[0…15], replaces the upper half H by c·H added to the lower, twice,
// and stores the result: a value below 2^512, congruent mod p.
func (f field8) fold() {
	w, r, c := names("w", 4), limbs("r", 17), fmt.Sprint(f.c)
	f.line("// 2^512 = %s mod p", c)
	f.set(w, r[:4])
	f.row(r[8:12], c, r[16], r[0], false)
	f.set(r[1:4], w[:3])
	f.line("r[8] = w3")
	f.set(w, r[4:8])
	f.row(r[12:16], c, r[16], r[4], false)
	f.line("r[4], c = bits.Add64(r[4], r[8], 0)")
	f.ripple(w)
	f.set(r[5:8], w[:3])
	f.line("r[0], c = bits.Add64(r[0], w3*%s, 0)", c)
	for i := 1; i < 8; i++ {
		f.line("z%d, c := bits.Add64(r[%d], 0, c)", i, i)
	}
	// After a carry the value is small: one more addition cannot overflow.
	f.line("z[0] = r[0] + -c&%s", c)
	for i := 1; i < 8; i++ {
		f.line("z[%d] = z%d", i, i)
	}
	f.WriteString("}\n")
}

// mul emits z = x·y: two independent chains of two blocks each, which the
// processor can run at once.
func (f field8) mul() {
	x, y, r, w := limbs("x", 8), limbs("y", 8), limbs("r", 25), names("w", 4)
	fmt.Fprint(f, "\n// mulGo sets z = x·y.\nfunc (z *fe512) mulGo(x, y *fe512) {\n")
	f.declare(5)
	f.block(x[:4], y[:4], 0, true)
	f.block(x[:4], y[4:], 4, false)
	f.set(r[16:20], w)
	f.block(x[4:], y[:4], 20, true)
	f.block(x[4:], y[4:], 8, false)
	f.chain(r[4:12], slices.Concat(r[20:24], r[16:20]))
	f.ripple(w)
	f.set(r[12:16], w)
	f.fold()
}

// square emits the square of four limbs x in r[k…k+7]: the products above the
// diagonal once, doubled, and the diagonal.
func (f field8) square(x []string, k int) {
	w, r := names("w", 8), limbs("r", k+8)
	f.line("h0, l0 = bits.Mul64(%s, %s)", x[0], x[1])
	f.line("h1, l1 = bits.Mul64(%s, %s)", x[0], x[3])
	f.line("w1, w2, w3, w4 = l0, h0, l1, h1")
	f.line("%s = w1", r[k+1])
	f.line("h0, l0 = bits.Mul64(%s, %s)", x[0], x[2])
	f.chain(w[2:4], []string{"l0", "h0"})
	f.line("w4, _ = bits.Add64(w4, 0, c)")
	f.line("%s = w2", r[k+2])
	f.line("h0, l0 = bits.Mul64(%s, %s)", x[1], x[2])
	f.line("h1, l1 = bits.Mul64(%s, %s)", x[2], x[3])
	f.chain(w[3:5], []string{"l0", "h0"})
	f.line("w5, c = bits.Add64(l1, 0, c)")
	f.line("w6, _ = bits.Add64(h1, 0, c)")
	f.line("%s = w3", r[k+3])
	f.line("h0, l0 = bits.Mul64(%s, %s)", x[1], x[3])
	f.chain(w[4:6], []string{"l0", "h0"})
	f.line("w6, _ = bits.Add64(w6, 0, c)")
	f.chain(w[1:7], w[1:7])
	f.line("w7 = c")
	f.line("%s = w4", r[k+4])
	f.line("h0, l0 = bits.Mul64(%s, %s)", x[0], x[0])
	f.line("h1, l1 = bits.Mul64(%s, %s)", x[1], x[1])
	f.chain(w[1:4], []string{"h0", "l1", "h1"})
	f.line("w0 = c")
	f.set(r[k:k+4], []string{"l0", "w1", "w2", "w3"})
	f.line("h0, l0 = bits.Mul64(%s, %s)", x[2], x[2])
	f.line("h1, l1 = bits.Mul64(%s, %s)", x[3], x[3])
	f.line("l0, c = bits.Add64(l0, w0, 0)")
	f.line("h0, _ = bits.Add64(h0, 0, c)")
	f.chain(w[4:7], []string{"l0", "h0", "l1"})
	f.line("w7, _ = bits.Add64(w7, h1, c)")
	f.set(r[k+4:k+8], w[4:8])
}

// sqr emits z = x²: the squares of both halves and twice their product.
func (f field8) sqr() {
	x, r, w := limbs("x", 8), limbs("r", 25), names("w", 8)
	fmt.Fprint(f, "\n// sqrGo sets z = x².\nfunc (z *fe512) sqrGo(x *fe512) {\n")
	f.declare(8)
	f.square(x[:4], 0)
	f.square(x[4:], 8)
	f.block(x[:4], x[4:], 16, true)
	f.set(w[4:], w[:4])
	f.set(w[:4], r[16:20])
	f.chain(w, w)
	f.line("r[16] = c")
	f.chain(r[4:12], w)
	f.line("w0, _ = bits.Add64(r[16], 0, c)")
	f.line("r[12], c = bits.Add64(r[12], w0, 0)")
	f.ripple(r[13:16])
	f.fold()
}
