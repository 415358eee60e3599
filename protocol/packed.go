package protocol

import "encoding/base64"

// packing is how long strings of base64 are read: they are decoded where they
// stand, while the request arrives, before it is known whether anybody wants
// them decoded. Only strings are packed that the plain encoding of their octets
// gives back to the letter, so that nothing is lost: octets undoes it.
//
// That is nearly all strings that are long. Line ends, missing padding, stray
// bits and the like leave a string as it is, for decodeBase64 to judge.
type packing struct {
	follower Follower
	followed bool
}

// A Follower learns of long strings of base64 while they arrive. All are told;
// which are documents shows when the request has ended.
type Follower interface {
	// Follow tells that octets have been decoded, from the first of a string on,
	// and whether they are all of it. They stay where they are, and as they are
	// until Recall.
	Follow(octets []byte, ended bool)
	// Recall tells that some octets are about to be text again. It returns when
	// nobody looks at any; there is no Follow after it.
	Recall()
}

func (p *packing) follow(octets []byte, ended bool) {
	if p.follower != nil {
		p.followed = true
		p.follower.Follow(octets, ended)
	}
}

func (p *packing) recall() {
	if p.followed {
		p.follower.Recall()
	}
	p.follower, p.followed = nil, false
}

// worthPacking is the shortest string for which it is tried.
const worthPacking = 64

// pack reads a string whose quote has been read, if it is plain base64. If not,
// everything is as it was.
func (p *parser) pack(v *value, quote byte) bool {
	start := p.at
	for len(p.in)-start < worthPacking {
		if !p.fill() {
			return false
		}
	}
	at, out := start, start
	for {
		n := decodeUnits(p.in, at, out)
		if at, out = at+n, out+n/4*3; at == start {
			return false
		}
		const lastUnit = 4 + len(`"`)
		if len(p.in)-at >= lastUnit {
			break // there is something else in what follows
		}
		if at-start >= worthPacking {
			p.follow(p.in[start:out:out], false)
		}
		if !p.fill() {
			break
		}
	}
	units, octets := -1, 0
	if at-start >= worthPacking {
		if units, octets = endOfBase64(p.in[at:], p.in[out:], quote); units < 0 {
			p.recall()
		}
	}
	if units < 0 {
		expand(p.in[start:at], out-start)
		return false
	}
	at, out = at+units, out+octets
	p.at = at + len(`"`)
	v.raw, v.packed = p.in[start:out:at], &p.packing
	p.follow(p.in[start:out:out], true)
	return true
}

// decodeUnits decodes units of four characters of the alphabet from src[at:] to
// src[out:], as far as there are no others, and returns how many characters.
func decodeUnits(src []byte, at, out int) (read int) {
	read = decodeBlocks(src, at, out)
	at, out = at+read, out+read/4*3
	for at+4 <= len(src) {
		s := src[at : at+4 : at+4]
		v := units64[0][s[0]] | units64[1][s[1]] | units64[2][s[2]] | units64[3][s[3]]
		if v >= 1<<24 {
			break
		}
		d := src[out : out+3 : out+3]
		d[0], d[1], d[2] = byte(v>>16), byte(v>>8), byte(v)
		at, out, read = at+4, out+3, read+4
	}
	return read
}

// endOfBase64 decodes the last unit, if it needs padding, into dst; src begins
// with it and goes on with the quote. It returns a negative number when that is
// not what the encoding of the octets ends with.
func endOfBase64(src, dst []byte, quote byte) (characters, octets int) {
	if len(src) > 0 && src[0] == quote {
		return 0, 0
	}
	if len(src) < 5 || src[4] != quote || src[3] != '=' {
		return -1, 0
	}
	a, b, c := reverse64[src[0]], reverse64[src[1]], reverse64[src[2]]
	switch {
	case a > 63 || b > 63:
		return -1, 0
	case src[2] == '=' && b&15 == 0:
		dst[0] = a<<2 | b>>4
		return 4, 1
	case c <= 63 && c&3 == 0:
		dst[0], dst[1] = a<<2|b>>4, b<<4|c>>2
		return 4, 2
	}
	return -1, 0
}

// expand encodes the first n octets of b where they stand, from the end on.
func expand(b []byte, n int) {
	var part [3 << 10]byte
	for n > 0 {
		first := (n - 1) / len(part) * len(part)
		k := copy(part[:], b[first:n])
		at := first / 3 * 4
		encode64(b[at:at+base64.StdEncoding.EncodedLen(k)], part[:k])
		n = first
	}
}

// octets returns those of a string, or the token of a number.
func (v *value) octets() []byte {
	if v.packed != nil {
		v.packed.recall()
		all := v.raw[:cap(v.raw):cap(v.raw)]
		expand(all, len(v.raw))
		v.raw, v.packed = all, nil
	}
	return v.raw
}

// length is that of octets.
func (v *value) length() int {
	if v.packed != nil {
		return cap(v.raw)
	}
	return len(v.raw)
}

func (v *value) isPacked() bool { return v.packed != nil }

// base64 decodes a string, once; octets is not to be called after it.
func (v *value) base64() ([]byte, error) { return v.decoded(decodeBase64) }

// container is base64 for what may be a CMS.
func (v *value) container() ([]byte, error) { return v.decoded(decodeContainer) }

func (v *value) decoded(decode func([]byte) ([]byte, error)) ([]byte, error) {
	if v.packed != nil {
		return v.raw[:len(v.raw):len(v.raw)], nil
	}
	return decode(v.raw)
}
