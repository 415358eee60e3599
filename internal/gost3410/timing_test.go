package gost3410

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// BenchmarkTiming looks for time that depends on secrets, in the manner of
// dudect (https://eprint.iacr.org/2016/1123): one operation is timed on a fixed
// secret and on random ones, in random order, and Welch's t compares the two
// classes after cutting the slow tail, which is the machine's. |t| above 10 on
// a quiet machine is a leak, below 5 is none that could be seen; on a busy one
// repeat it. Run with -benchtime 100000x or more.
func BenchmarkTiming(b *testing.B) {
	for _, c := range curves {
		one := make([]byte, c.size)
		one[0] = 1
		low := bytes.Repeat([]byte{0xff}, c.size)
		clear(low[c.size/2:])
		for name, fixed := range map[string][]byte{"one": one, "half": low} {
			r := rand.New(rand.NewPCG(1, 2))
			scalar := func(class int) []byte {
				s := make([]byte, c.size)
				if class == 0 {
					copy(s, fixed)
					return s
				}
				for i := range s {
					s[i] = byte(r.Uint32())
				}
				s[c.size-1] &= 0x3f
				return s
			}
			b.Run(c.String()+"/"+name, func(b *testing.B) {
				sig, digest := make([]byte, 2*c.size), make([]byte, c.size)
				class := make([]int, b.N)
				inputs := make([][]byte, b.N)
				for i := range class {
					class[i] = r.IntN(2)
					inputs[i] = scalar(class[i])
				}
				samples := make([]float64, b.N)
				b.ResetTimer()
				for i, s := range inputs {
					if c.c512 != nil {
						n := scalar512(s)
						e := c.c512.digest(digest)
						start := time.Now()
						c.c512.sign(sig, &n, &e, &n)
						samples[i] = float64(time.Since(start))
					} else {
						n := scalar256(s)
						e := c.c256.digest(digest)
						start := time.Now()
						c.c256.sign(sig, &n, &e, &n)
						samples[i] = float64(time.Since(start))
					}
				}
				b.StopTimer()
				b.ReportMetric(welch(samples, class), "t")
			})
		}
	}
}

// welch is Welch's t of the two classes over the faster nine tenths.
func welch(samples []float64, class []int) float64 {
	limit := slices.Sorted(slices.Values(samples))[len(samples)*9/10]
	var n, mean, m2 [2]float64
	for i, v := range samples {
		if v > limit {
			continue
		}
		c := class[i]
		n[c]++
		d := v - mean[c]
		mean[c] += d / n[c]
		m2[c] += d * (v - mean[c])
	}
	if n[0] < 2 || n[1] < 2 {
		return 0
	}
	return (mean[0] - mean[1]) / math.Sqrt(m2[0]/(n[0]-1)/n[0]+m2[1]/(n[1]-1)/n[1])
}
