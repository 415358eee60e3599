package main

import (
	"bytes"
	"fmt"
)

// field writes the multiplication and squaring of p = 2^(64n) - c as straight
// lines. Go keeps a carry in the flags only while one chain of additions runs,
// so a row of products is computed first and then added in two unbroken chains;
// rows of four limbs are what fits the registers.
type field struct {
	bytes.Buffer
	n int    // limbs
	c uint64 // p = 2^(64n) - c
}

func (f *field) line(format string, args ...any) { fmt.Fprintf(f, "\t"+format+"\n", args...) }

// declare reserves the variables of a function with m accumulators.
func (f *field) declare(m int) {
	f.line("var c, h0, h1, h2, h3, l0, l1, l2, l3 uint64")
	for i := range m {
		if i%8 == 0 {
			if i > 0 {
				f.line("")
				f.Truncate(f.Len() - 2)
				f.WriteString(" uint64\n")
			}
			fmt.Fprintf(f, "\tvar t%d", i)
		} else {
			fmt.Fprintf(f, ", t%d", i)
		}
	}
	f.WriteString(" uint64\n")
}

// row adds m limbs x[i…] times y to t[k…k+m-1] and leaves the top word in
// t[k+m], which nothing was added to before. With fresh, t[k…] were empty.
func (f *field) row(x []string, y string, k int, fresh bool) {
	m := len(x)
	for i := range m {
		f.line("h%d, l%d = bits.Mul64(%s, %s)", i, i, x[i], y)
	}
	if fresh {
		f.line("t%d = l0", k)
		for i := 1; i < m; i++ {
			f.line("t%d, c = bits.Add64(l%d, h%d, %s)", k+i, i, i-1, carry(i == 1))
		}
		f.line("t%d, _ = bits.Add64(h%d, 0, c)", k+m, m-1)
		return
	}
	for i := 1; i < m; i++ {
		f.line("l%d, c = bits.Add64(l%d, h%d, %s)", i, i, i-1, carry(i == 1))
	}
	f.line("h%d, _ = bits.Add64(h%d, 0, c)", m-1, m-1)
	for i := range m {
		f.line("t%d, c = bits.Add64(t%d, l%d, %s)", k+i, k+i, i, carry(i == 0))
	}
	f.line("t%d, _ = bits.Add64(h%d, 0, c)", k+m, m-1)
}

func carry(first bool) string {
	if first {
		return "0"
	}
	return "c"
}

func names(prefix string, from, to int) (s []string) {
	for i := from; i < to; i++ {
		s = append(s, fmt.Sprintf("%s[%d]", prefix, i))
	}
	return s
}

// linked is row with the word that goes up left in w, and with link that of the
// row below added.
func (f *field) linked(x []string, y string, k int, link bool) {
	for i := range x {
		f.line("h%d, l%d = bits.Mul64(%s, %s)", i, i, x[i], y)
	}
	if link {
		f.line("l0, c = bits.Add64(l0, w, 0)")
	}
	for i := 1; i < len(x); i++ {
		f.line("l%d, c = bits.Add64(l%d, h%d, %s)", i, i, i-1, carry(i == 1 && !link))
	}
	f.line("h3, _ = bits.Add64(h3, 0, c)")
	for i := range x {
		f.line("t%d, c = bits.Add64(t%d, l%d, %s)", k+i, k+i, i, carry(i == 0))
	}
	f.line("w, _ = bits.Add64(h3, 0, c)")
}

// block multiplies four limbs of x by four of y into t[k…k+7]; t[k…k+3] hold
// an addend unless fresh, t[k+4…] are empty.
func (f *field) block(x, y []string, k int, fresh bool) {
	for j := range y {
		f.row(x, y[j], k+j, fresh && j == 0)
	}
}

// half multiplies all of x by four limbs of y into t[k…k+n+3].
func (f *field) half(x, y []string, k int) {
	f.block(x[:4], y, k, true)
	for i := 4; i < f.n; i += 4 {
		f.block(x[i:i+4], y, k+i, false)
	}
}

// fold takes t[0…2n-1], replaces the upper half H by c·H added to the lower,
// twice, and stores the result: any value below 2^(64n), congruent mod p.
func (f *field) fold() {
	n := f.n
	f.line("// 2^%d = %d mod p", 64*n, f.c)
	top := "0"
	for k := 0; k < n; k += 4 {
		for i := range 4 {
			f.line("h%d, l%d = bits.Mul64(t%d, %d)", i, i, n+k+i, f.c)
		}
		// l, h become the row, with what the row below left in top.
		if k == 0 {
			for i := 1; i < 4; i++ {
				f.line("l%d, c = bits.Add64(l%d, h%d, %s)", i, i, i-1, carry(i == 1))
			}
		} else {
			f.line("l0, c = bits.Add64(l0, %s, 0)", top)
			for i := 1; i < 4; i++ {
				f.line("l%d, c = bits.Add64(l%d, h%d, c)", i, i, i-1)
			}
		}
		f.line("h3, _ = bits.Add64(h3, 0, c)")
		for i := range 4 {
			f.line("t%d, c = bits.Add64(t%d, l%d, %s)", k+i, k+i, i, carry(i == 0))
		}
		top = fmt.Sprintf("t%d", n+k)
		f.line("%s, _ = bits.Add64(h3, 0, c)", top)
	}
	f.line("t0, c = bits.Add64(t0, %s*%d, 0)", top, f.c)
	for i := 1; i < n; i++ {
		f.line("t%d, c = bits.Add64(t%d, 0, c)", i, i)
	}
	// After a carry the value is small: one more addition cannot overflow.
	f.line("z[0] = t0 + -c&%d", f.c)
	for i := 1; i < n; i++ {
		f.line("z[%d] = t%d", i, i)
	}
}

// mul emits z = x·y.
func (f *field) mul() {
	n := f.n
	x, y := names("x", 0, n), names("y", 0, n)
	fmt.Fprintf(f, "\n// mul sets z = x·y.\nfunc (z *fe%d) mul(x, y *fe%d) {\n", 64*n, 64*n)
	if n == 4 {
		f.declare(8)
		f.block(x, y, 0, true)
		f.fold()
		f.WriteString("}\n")
		return
	}
	f.declare(16)
	f.line("var w uint64")
	f.half(x, y[:4], 0)
	for j := range 4 {
		f.linked(x[:4], y[4+j], 4+j, false)
		f.linked(x[4:], y[4+j], 8+j, true)
		f.line("t%d = w", 12+j)
	}
	f.fold()
	f.WriteString("}\n")
}

// sqr emits z = x²: the products above the diagonal once, doubled, and the
// diagonal.
func (f *field) sqr() {
	n := f.n
	fmt.Fprintf(f, "\n// sqr sets z = x².\nfunc (z *fe%d) sqr(x *fe%d) {\n", 64*n, 64*n)
	f.declare(2 * n)
	// Row i: x[i]·x[i+1…n-1] into t[2i+1…], in pieces of at most four limbs;
	// the carry word of a piece enters the next.
	f.line("var w uint64")
	for i := 0; i < n-1; i++ {
		for from := i + 1; from < n; from += 4 {
			to := min(from+4, n)
			m := to - from
			k := i + from
			for j := range m {
				f.line("h%d, l%d = bits.Mul64(x[%d], x[%d])", j, j, from+j, i)
			}
			if from > i+1 {
				f.line("l0, c = bits.Add64(l0, w, 0)")
			}
			for j := 1; j < m; j++ {
				f.line("l%d, c = bits.Add64(l%d, h%d, %s)", j, j, j-1, carry(j == 1 && from == i+1))
			}
			if m > 1 || from > i+1 {
				f.line("h%d, _ = bits.Add64(h%d, 0, c)", m-1, m-1)
			}
			if i == 0 {
				for j := range m {
					f.line("t%d = l%d", k+j, j)
				}
				f.line("w = h%d", m-1)
			} else {
				for j := range m {
					f.line("t%d, c = bits.Add64(t%d, l%d, %s)", k+j, k+j, j, carry(j == 0))
				}
				f.line("w, _ = bits.Add64(h%d, 0, c)", m-1)
			}
		}
		f.line("t%d = w", n+i)
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
		f.line("t%d, c = bits.Add64(t%d, h0, c)", 2*i+1, 2*i+1)
	}
	f.fold()
	f.WriteString("}\n")
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

func arithmetic(n int, c uint64) []byte {
	f := &field{n: n, c: c}
	fmt.Fprintf(f, "%s\npackage gost3410\n\nimport \"math/bits\"\n", header)
	f.mul()
	f.sqr()
	f.addSub()
	return f.Bytes()
}
