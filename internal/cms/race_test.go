//go:build race

package cms

// The race detector lets pools forget what was put there, at random.
func init() { raceDetector = true }
