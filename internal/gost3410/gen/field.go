package main

import (
	"bytes"
	"fmt"
	"strings"
)

// field writes the multiplication and squaring of p = 2^(64n) - c as straight
// lines; here are those of four limbs, in field8 those of eight. Go keeps a carry
// in the flags only while one chain of additions runs, so a row of products is
// computed first and then added in two unbroken chains.
type field struct {
	bytes.Buffer
	n int    // limbs
	c uint64 // p = 2^(64n) - c
}

func (f *field) line(format string, args ...any) { fmt.Fprintf(f, "\t"+format+"\n", args...) }

// declare reserves the variables of a function with m accumulators.
func (f *field) declare(m int) {
	f.line("var c, w, h0, h1, h2, h3, l0, l1, l2, l3 uint64")
	t := make([]string, m)
	for i := range t {
		t[i] = fmt.Sprintf("t%d", i)
	}
	f.line("var %s uint64", strings.Join(t, ", "))
}

// row adds the limbs x, at most four, times y to t[k…] and leaves the word that
// goes up in top. With fresh, t[k…] are set, not added to.
func (f *field) row(x []string, y string, k int, fresh bool, top string) {
	m := len(x)
	for i := range m {
		f.line("h%d, l%d = bits.Mul64(%s, %s)", i, i, x[i], y)
	}
	for i := 1; i < m; i++ {
		f.line("l%d, c = bits.Add64(l%d, h%d, %s)", i, i, i-1, carry(i == 1))
	}
	if m > 1 {
		f.line("h%d, _ = bits.Add64(h%d, 0, c)", m-1, m-1)
	}
	for i := range m {
		if fresh {
			f.line("t%d = l%d", k+i, i)
		} else {
			f.line("t%d, c = bits.Add64(t%d, l%d, %s)", k+i, k+i, i, carry(i == 0))
		}
	}
	if fresh {
		f.line("%s = h%d", top, m-1)
	} else {
		f.line("%s, _ = bits.Add64(h%d, 0, c)", top, m-1)
	}
}

// carry is the carry into an addition, none for the first of a chain.
func carry(first bool) string {
	if first {
		return "0"
	}
	return "c"
}

// limbs names v[0…n-1], or t0… after "t".
func limbs(v string, n int) (s []string) {
	format := v + "[%d]"
	if v == "t" {
		format = "t%d"
	}
	for i := range n {
		s = append(s, fmt.Sprintf(format, i))
	}
	return s
}

// fold takes t[0…2n-1], replaces the upper half H by c·H added to the lower,
// twice, and stores the result: a value below 2^(64n), congruent mod p.
func (f *field) fold() {
	n := f.n
	t := limbs("t", 2*n)
	f.line("// 2^%d = %d mod p", 64*n, f.c)
	f.row(t[n:], fmt.Sprint(f.c), 0, false, "w")
	f.line("t0, c = bits.Add64(t0, w*%d, 0)", f.c)
	for i := 1; i < n; i++ {
		f.line("t%d, c = bits.Add64(t%d, 0, c)", i, i)
	}
	// After a carry the value is small: one more addition cannot overflow.
	f.line("z[0] = t0 + -c&%d", f.c)
	for i := 1; i < n; i++ {
		f.line("z[%d] = t%d", i, i)
	}
	f.WriteString("}\n")
}

// mul emits z = x·y.
func (f *field) mul() {
	n := f.n
	x, y, t := limbs("x", n), limbs("y", n), limbs("t", 2*n)
	fmt.Fprintf(f, "\n// mul sets z = x·y.\nfunc (z *fe%d) mul(x, y *fe%d) {\n", 64*n, 64*n)
	f.declare(2 * n)
	for j := range n {
		f.row(x, y[j], j, j == 0, t[j+n])
	}
	f.fold()
}

// sqr emits z = x²: the products above the diagonal once, doubled, and the
// diagonal.
func (f *field) sqr() {
	n := f.n
	x, t := limbs("x", n), limbs("t", 2*n)
	fmt.Fprintf(f, "\n// sqr sets z = x².\nfunc (z *fe%d) sqr(x *fe%d) {\n", 64*n, 64*n)
	f.declare(2 * n)
	for i := range n - 1 {
		f.row(x[i+1:], x[i], 2*i+1, i == 0, t[n+i])
	}
	f.line("t%d = t%d >> 63", 2*n-1, 2*n-2)
	for i := 2*n - 2; i > 1; i-- {
		f.line("t%d = t%d<<1 | t%d>>63", i, i, i-1)
	}
	f.line("t1 <<= 1")
	for i := range n {
		f.line("h0, l0 = bits.Mul64(x[%d], x[%d])", i, i)
		if i == 0 {
			f.line("t0 = l0")
			f.line("t1, c = bits.Add64(t1, h0, 0)")
			continue
		}
		f.line("t%d, c = bits.Add64(t%d, l0, c)", 2*i, 2*i)
		if i == n-1 { // no carry out of a square
			f.line("t%d, _ = bits.Add64(t%d, h0, c)", 2*i+1, 2*i+1)
		} else {
			f.line("t%d, c = bits.Add64(t%d, h0, c)", 2*i+1, 2*i+1)
		}
	}
	f.fold()
}

// addSub emits z = x+y and z = x-y.
func (f *field) addSub() {
	n := f.n
	for _, op := range []struct{ name, sign, call, again string }{
		{"add", "+", "Add64", "+"}, {"sub", "-", "Sub64", "-"},
	} {
		fmt.Fprintf(f, "\n// %s sets z = x %s y.\nfunc (z *fe%d) %s(x, y *fe%d) {\n", op.name, op.sign, 64*n, op.name, 64*n)
		f.line("var c uint64")
		for i := range n {
			f.line("t%d, c := bits.%s(x[%d], y[%d], %s)", i, op.call, i, i, carry(i == 0))
		}
		f.line("t0, c = bits.%s(t0, -c&%d, 0)", op.call, f.c)
		for i := 1; i < n; i++ {
			f.line("t%d, c = bits.%s(t%d, 0, c)", i, op.call, i)
		}
		// A second wrap leaves a value so close to the edge that the low limb
		// takes the correction alone.
		f.line("z[0] = t0 %s -c&%d", op.again, f.c)
		for i := 1; i < n; i++ {
			f.line("z[%d] = t%d", i, i)
		}
		f.WriteString("}\n")
	}
}

// negateIf emits the conditional z = -z: p-z is ^z-(c-1), and where z is p or
// more and that wraps, the low limb takes the correction alone.
func (f *field) negateIf() {
	n := f.n
	fmt.Fprintf(f, "\n// negateIf sets z to -z when mask is all ones, and leaves it when it is zero.\nfunc (z *fe%d) negateIf(mask uint64) {\n", 64*n)
	f.line("var c uint64")
	for i := range n {
		f.line("t%d, c := bits.Sub64(z[%d]^mask, %s, %s)", i, i, []string{fmt.Sprintf("%d&mask", f.c-1), "0"}[min(i, 1)], carry(i == 0))
	}
	f.line("z[0] = t0 - -c&%d", f.c)
	for i := 1; i < n; i++ {
		f.line("z[%d] = t%d", i, i)
	}
	f.WriteString("}\n")
}

func arithmetic(n int, c uint64) []byte {
	f := &field{n: n, c: c}
	fmt.Fprintf(f, "%s\npackage gost3410\n\nimport \"math/bits\"\n", header)
	if n == 8 {
		field8{f}.mul()
		field8{f}.sqr()
	} else {
		f.mul()
		f.sqr()
	}
	f.addSub()
	f.negateIf()
	return f.Bytes()
}
