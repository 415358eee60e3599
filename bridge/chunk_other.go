//go:build !unix

package bridge

func allocChunk() ([]byte, error) { return make([]byte, chunk), nil }
func freeChunk([]byte)            {}
