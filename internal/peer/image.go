package peer

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"sync"
)

// imageMax is the largest executable that is read.
const imageMax = 2 << 30

// images remembers digests of executables by what a file is told from another and
// from what it was before: reading a large program takes a tenth of a second.
var images struct {
	sync.Mutex
	known map[imageKey][sha256.Size]byte
}

// ImageSHA256 returns the digest of the executable a process runs: of the very file
// it runs, not of what has been put in its place since. It is ErrUnsupported where
// the system does not give that.
func ImageSHA256(p Process) (sum [sha256.Size]byte, err error) {
	f, err := openImage(p)
	if err != nil {
		return sum, err
	}
	defer f.Close()
	before, size, err := keyOf(f)
	if err != nil {
		return sum, err
	}
	if size > imageMax {
		return sum, fmt.Errorf("peer: executable of %d octets", size)
	}
	images.Lock()
	sum, ok := images.known[before]
	images.Unlock()
	if ok {
		return sum, nil
	}
	h := sha256.New()
	if _, err := io.Copy(h, io.LimitReader(f, imageMax)); err != nil {
		return sum, fmt.Errorf("peer: %w", err)
	}
	after, _, err := keyOf(f)
	if err != nil {
		return sum, err
	}
	if after != before {
		return sum, errors.New("peer: the executable changes")
	}
	sum = [sha256.Size]byte(h.Sum(nil))
	images.Lock()
	defer images.Unlock()
	if len(images.known) >= 256 || images.known == nil {
		images.known = map[imageKey][sha256.Size]byte{}
	}
	images.known[before] = sum
	return sum, nil
}
