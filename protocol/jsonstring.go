package protocol

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// quoted reads a string up to its closing quote. A string without escapes is a
// view of the frame; one with escapes is decoded in place, which is possible
// because every escape is longer than what it stands for. Line ends and NUL are
// refused inside strings, other control characters are not.
func (p *parser) quoted(quote byte) ([]byte, error) {
	start, out := p.at, p.at // decoded so far: in[start:out]
	at := p.at
	stop, closed := at, false // in[at:stop] has no quote; in[stop] is one
	for {
		if !closed {
			n := bytes.IndexByte(p.in[stop:], quote)
			if closed = n >= 0; !closed {
				n = len(p.in) - stop
			}
			stop += n
		}
		chunk := p.in[at:stop]
		n := bytes.IndexByte(chunk, '\\')
		if n >= 0 {
			chunk = chunk[:n]
		}
		if bytes.IndexByte(chunk, '\n') >= 0 || bytes.IndexByte(chunk, '\r') >= 0 || bytes.IndexByte(chunk, 0) >= 0 {
			return nil, errJSON
		}
		if out != at {
			copy(p.in[out:], chunk)
		}
		out, at = out+len(chunk), at+len(chunk)
		switch {
		case n >= 0:
		case closed:
			p.at = stop + 1
			return p.in[start:out:out], nil
		case p.fill():
			continue
		default:
			return nil, errJSON
		}
		at++
		for len(p.in)-at < longestEscape && p.fill() {
		}
		in := p.in
		if at >= len(in) {
			return nil, errJSON
		}
		c := in[at]
		at++
		switch c {
		case 'b':
			c = '\b'
		case 't':
			c = '\t'
		case 'n':
			c = '\n'
		case 'f':
			c = '\f'
		case 'r':
			c = '\r'
		case '"', '\'', '\\', '/':
		case 'u':
			r, size := unicodeEscape(in[at:])
			if size == 0 {
				return nil, errJSON
			}
			at += size
			out += utf8.EncodeRune(in[out:at], r)
			if stop < at {
				stop, closed = at, false
			}
			continue
		default:
			return nil, errJSON
		}
		in[out] = c
		out++
		if stop < at { // the quote was escaped
			stop, closed = at, false
		}
	}
}

// longestEscape is what may follow a backslash: a pair of \u.
const longestEscape = len(`ud83d\ude00`)

// unicodeEscape reads what follows \u: four hexadecimal digits, and a second
// escape when they form a pair. Half a pair becomes a question mark, as when
// Java turns such a string into octets.
func unicodeEscape(in []byte) (rune, int) {
	hi, ok := hex4(in)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(hi) {
		return hi, 4
	}
	if len(in) >= 10 && in[4] == '\\' && in[5] == 'u' {
		if lo, ok := hex4(in[6:]); ok {
			if r := utf16.DecodeRune(hi, lo); r != utf8.RuneError {
				return r, 10
			}
		}
	}
	return '?', 4
}

func hex4(in []byte) (rune, bool) {
	if len(in) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range in[:4] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return r, true
}
