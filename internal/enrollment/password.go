package enrollment

import (
	"errors"
	"unicode/utf8"
)

// Errors of a new password, by the rules of the national authority.
var (
	ErrPasswordShort = errors.New("enrollment: password has fewer than 6 characters")
	ErrPasswordLong  = errors.New("enrollment: password has more than 32 characters")
	ErrPasswordUpper = errors.New("enrollment: password has no Latin capital letter")
	ErrPasswordLower = errors.New("enrollment: password has no Latin small letter")
	ErrPasswordDigit = errors.New("enrollment: password has no digit")
	// ErrPasswordLatin is not the authority's rule but everybody's trouble: a
	// password with Cyrillic letters cannot be typed where the keyboard lacks
	// them, and programs differ in how they read them.
	ErrPasswordLatin = errors.New("enrollment: password has characters other than Latin letters, digits and signs")
)

// CheckPassword reports what a new password lacks: Latin capital and small
// letters and digits, 6 to 32 characters, all of them on every keyboard.
func CheckPassword(password []byte) error {
	var upper, lower, digit bool
	for _, c := range password {
		switch {
		case c >= 'A' && c <= 'Z':
			upper = true
		case c >= 'a' && c <= 'z':
			lower = true
		case c >= '0' && c <= '9':
			digit = true
		case c < ' ' || c > '~':
			return ErrPasswordLatin
		}
	}
	switch n := utf8.RuneCount(password); {
	case n < 6:
		return ErrPasswordShort
	case n > 32:
		return ErrPasswordLong
	case !upper:
		return ErrPasswordUpper
	case !lower:
		return ErrPasswordLower
	case !digit:
		return ErrPasswordDigit
	}
	return nil
}

// Strength says how long a password withstands guessing: the key file of the
// authority's layout can be tried some hundred thousand times a second on one
// computer.
type Strength int

// The strengths.
const (
	Weak Strength = iota // an evening
	Fair                 // months
	Good                 // longer than the key lives
)

// StrengthOf estimates from length, kinds of characters and repetition. It
// takes no dictionary: a good password is a long one.
func StrengthOf(password []byte) Strength {
	distinct := map[byte]bool{}
	runs := 0 // characters that only continue: aaa, 123, cba
	kinds := map[int]bool{}
	for i, c := range password {
		distinct[c] = true
		switch {
		case c >= '0' && c <= '9':
			kinds[0] = true
		case c >= 'a' && c <= 'z':
			kinds[1] = true
		case c >= 'A' && c <= 'Z':
			kinds[2] = true
		default:
			kinds[3] = true
		}
		if i > 0 {
			if d := int(c) - int(password[i-1]); d >= -1 && d <= 1 {
				runs++
			}
		}
	}
	effective := min(len(password)-runs, len(distinct)+2)
	switch points := effective + max(len(kinds)-2, 0); {
	case points >= 14:
		return Good
	case points >= 10:
		return Fair
	}
	return Weak
}
