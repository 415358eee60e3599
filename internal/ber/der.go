package ber

import "fmt"

// CheckDER checks that in is exactly one element framed as DER: definite
// minimal lengths, no string in pieces, every element inside the one around
// it, within the bounds. Content of primitive values is not judged.
//
// The error wraps ErrTruncated, ErrLimits or ErrSyntax.
func CheckDER(in []byte, lim Limits) error {
	lim = lim.filled()
	if len(in) > lim.Size {
		return fmt.Errorf("%w: %d octets, at most %d", ErrLimits, len(in), lim.Size)
	}
	n := normalizer{lim: lim}
	rest, err := n.check(in, 0, true)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return fmt.Errorf("%w: %d octets after the end", ErrSyntax, len(rest))
	}
	return nil
}

func (n *normalizer) check(in []byte, depth int, open bool) ([]byte, error) {
	h, err := n.enter(in, depth, open)
	if err != nil {
		return nil, err
	}
	if !h.strict {
		return nil, fmt.Errorf("%w: length is not the shortest definite form", ErrSyntax)
	}
	if h.constructed() && h.tag&tagClass == 0 && !structured(h.tag) {
		return nil, fmt.Errorf("%w: constructed value of tag %#02x", ErrSyntax, h.tag)
	}
	body, rest := in[h.size:h.size+h.length], in[h.size+h.length:]
	if h.constructed() {
		for len(body) > 0 {
			if body, err = n.check(body, depth+1, false); err != nil {
				return nil, err
			}
		}
	}
	return rest, nil
}
