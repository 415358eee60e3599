//go:build !linux

package trust

// inUse cannot be told here; the files of the stores there are (Java's) are read
// once at a program's start.
func inUse([]string) bool { return false }
