package prompt

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// line reads a line as the terminal gives it, without its white space.
func (q *question) line(ctx context.Context, prompt string) (string, error) {
	fmt.Fprintf(q.out, "%s: ", prompt)
	if err := q.wait(ctx); err != nil {
		return "", err
	}
	// One octet at a time: what follows the line belongs to the next question.
	var b []byte
	var one [1]byte
	for len(b) < 4096 {
		n, err := q.in.Read(one[:])
		if n == 1 && one[0] == '\n' {
			break
		}
		if n == 1 {
			b = append(b, one[0])
		}
		if err != nil {
			if len(b) == 0 {
				return "", err
			}
			break
		}
	}
	return strings.TrimSpace(string(b)), nil
}

// secret reads a line without showing it, into octets the caller clears.
func (q *question) secret(ctx context.Context, prompt string) ([]byte, error) {
	fmt.Fprintf(q.out, "%s: ", prompt)
	restore, err := q.raw()
	if err != nil {
		return nil, err
	}
	defer func() { restore(); fmt.Fprint(q.out, "\r\n") }()
	secret := make([]byte, 0, 256) // never grows, so that no copy is left behind
	fail := func(err error) ([]byte, error) {
		clear(secret[:cap(secret)])
		return nil, err
	}
	var one [1]byte
	defer clear(one[:])
	for {
		if err := q.wait(ctx); err != nil {
			return fail(err)
		}
		n, err := q.in.Read(one[:])
		if err != nil {
			return fail(err)
		}
		if n == 0 {
			continue
		}
		switch c := one[0]; c {
		case '\r', '\n':
			return secret, nil
		case 3, 4, 27: // Ctrl-C, Ctrl-D, Escape
			return fail(ErrCancelled)
		case 8, 127:
			for len(secret) > 0 {
				last := len(secret) - 1
				start := utf8.RuneStart(secret[last])
				secret[last] = 0
				secret = secret[:last]
				if start {
					break
				}
			}
		default:
			if len(secret) == cap(secret) {
				return fail(errors.New("the password is too long"))
			}
			secret = append(secret, c)
		}
	}
}
