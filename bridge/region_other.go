//go:build !unix

package bridge

// region is memory for one long message. Here it is a slice that is copied when
// it grows, by halves.
type region struct {
	all  []byte
	most int64
}

func reserve(most int64) (*region, error) { return &region{most: most}, nil }

// grow makes at least n more octets usable and returns all that is.
func (r *region) grow(n int) ([]byte, error) {
	size := min(int64(len(r.all))+max(int64(n), int64(len(r.all)/2)), r.most)
	grown := make([]byte, size)
	copy(grown, r.all)
	r.all = grown
	return grown, nil
}

func (r *region) free() { r.all = nil }
