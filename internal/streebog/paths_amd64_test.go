//go:build !purego

package streebog

import "testing"

// eachPath runs f once on the generic code and once on the vector code, which
// is skipped where the processor has none.
func eachPath(t *testing.T, f func(t *testing.T)) {
	had := hasVector
	defer func() { hasVector = had }()
	t.Run("generic", func(t *testing.T) {
		hasVector = false
		f(t)
	})
	t.Run("vector", func(t *testing.T) {
		if hasVector = had; !had {
			t.Skip("no AVX-512 with VBMI and GFNI here")
		}
		f(t)
	})
}

// benchPaths is eachPath for benchmarks, the faster first.
func benchPaths(b *testing.B, f func(b *testing.B)) {
	had := hasVector
	defer func() { hasVector = had }()
	if had {
		b.Run("vector", f)
	}
	hasVector = false
	b.Run("generic", f)
}
