//go:build race

package gost3410

// The race detector lets pools forget what was put there, at random.
func init() { raceDetector = true }
