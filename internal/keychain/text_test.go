package keychain

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

func toUTF16(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

func TestFromUTF16(t *testing.T) {
	for _, s := range []string{"", "Qwerty12", "Құпия сөз", "😀 a", "\ufffd"} {
		if got, err := fromUTF16(toUTF16(s)); err != nil || string(got) != s {
			t.Errorf("%q: %q, %v", s, got, err)
		}
	}
	for name, b := range map[string][]byte{
		"odd": []byte("Qwerty1"), "half a pair": {0x3d, 0xd8}, "a pair of one kind": {0x3d, 0xd8, 0x3d, 0xd8}, "a zero": {'a', 0, 0, 0},
	} {
		if got, err := fromUTF16(b); !errors.Is(err, errNotText) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestFromSecurity(t *testing.T) {
	for said, want := range map[string]string{
		"password: \"Qwerty12\"\n":                             "Qwerty12",
		"keychain: \"x\"\npassword: \"a\"b\\\"\n":              `a"b\`,
		"password: \"0x41\"\n":                                 "0x41",
		"password: 0xD29BD2B1D0BF  \"\\322\\233\\322\\261\"\n": "құп",
		"password: \"\"\n":                                     "",
		"password: \" with blanks \"":                          " with blanks ",
	} {
		if got, err := fromSecurity([]byte(said)); err != nil || string(got) != want {
			t.Errorf("%q: %q, %v", said, got, err)
		}
	}
	for said, want := range map[string]error{
		"":                       ErrNotFound,
		"password: \n":           ErrNotFound,
		"password: \"\n":         ErrNotFound,
		"  password: \"x\"\n":    ErrNotFound,
		"password: 0x\n":         errNotText,
		"password: 0xD2z \"\"\n": errNotText,
		"security: The specified item could not be found in the keychain.\n": ErrNotFound,
	} {
		if got, err := fromSecurity([]byte(said)); !errors.Is(err, want) {
			t.Errorf("%q: %q, %v", said, got, err)
		}
	}
}

func FuzzFromUTF16(f *testing.F) {
	f.Add(toUTF16("Құпия 😀"))
	f.Add([]byte{0x3d, 0xd8, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := fromUTF16(b)
		if err == nil && (!utf8.Valid(got) || !bytes.Equal(toUTF16(string(got)), b)) {
			t.Errorf("%x becomes %q", b, got)
		}
	})
}

func FuzzFromSecurity(f *testing.F) {
	f.Add([]byte("password: \"Qwerty12\"\n"))
	f.Add([]byte("password: 0xD29B  \"\\322\\233\"\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := fromSecurity(bytes.Clone(b))
		if err == nil && len(got) > len(b) {
			t.Errorf("%q out of %q", got, b)
		}
	})
}
