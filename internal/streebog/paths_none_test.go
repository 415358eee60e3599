//go:build !amd64 || purego

package streebog

import "testing"

func eachPath(t *testing.T, f func(t *testing.T)) { t.Run("generic", f) }

func benchPaths(b *testing.B, f func(b *testing.B)) { b.Run("generic", f) }
