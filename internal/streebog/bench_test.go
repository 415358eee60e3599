package streebog

import "testing"

// One benchmark per size, with a sub-benchmark for each path through the code.

func benchmark(b *testing.B, size int) {
	message := make([]byte, size)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		Sum512(message)
	}
}

func benchmarkPair(b *testing.B, size int) {
	message, other := make([]byte, size), make([]byte, size)
	b.SetBytes(2 * int64(size))
	b.ReportAllocs()
	for b.Loop() {
		Sum512Pair(message, other)
	}
}

func BenchmarkStreebog512_1M(b *testing.B) {
	benchPaths(b, func(b *testing.B) { benchmark(b, 1<<20) })
}

func BenchmarkStreebog512_10K(b *testing.B) {
	benchPaths(b, func(b *testing.B) { benchmark(b, 10<<10) })
}

func BenchmarkStreebog512_128(b *testing.B) {
	benchPaths(b, func(b *testing.B) { benchmark(b, 128) })
}

func BenchmarkStreebog512Pair_1M(b *testing.B) {
	benchPaths(b, func(b *testing.B) { benchmarkPair(b, 1<<20) })
}

func BenchmarkStreebog512Pair_10K(b *testing.B) {
	benchPaths(b, func(b *testing.B) { benchmarkPair(b, 10<<10) })
}

// Signed attributes of a thousand documents.
func BenchmarkStreebog512Each_128(b *testing.B) {
	benchPaths(b, func(b *testing.B) {
		messages, out := make([][]byte, 1000), make([][Size512]byte, 1000)
		for i := range messages {
			messages[i] = make([]byte, 128)
		}
		b.SetBytes(128 * 1000)
		b.ReportAllocs()
		for b.Loop() {
			Sum512Each(out, messages)
		}
	})
}

// As the product hashes on this machine.
func BenchmarkHash512_1M(b *testing.B)  { benchmark(b, 1<<20) }
func BenchmarkHash512_10K(b *testing.B) { benchmark(b, 10<<10) }
