//go:build !unix && !windows

package bridge

// region is memory for one long message. Here it is left to the system to give
// memory to what is written to only.
type region struct {
	all  []byte
	size int
}

func reserve(most int64) (*region, error) {
	return &region{all: make([]byte, most)}, nil
}

// grow makes n more octets usable and returns all that is.
func (r *region) grow(n int) ([]byte, error) {
	r.size = min(r.size+n, len(r.all))
	return r.all[:r.size:r.size], nil
}

func (r *region) free() { r.all, r.size = nil, 0 }
