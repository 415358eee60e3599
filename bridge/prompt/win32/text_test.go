package win32

import (
	"testing"
	"unicode/utf16"
)

func TestAppendUTF8(t *testing.T) {
	for _, s := range []string{"", "Qwerty12", "құпиясөз", "𝄞 a \U0010ffff", "\ue000\uffff\u07ff\u0800"} {
		if got := string(appendUTF8(nil, utf16.Encode([]rune(s)))); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
	for _, c := range []struct {
		in   []uint16
		want string
	}{
		{[]uint16{0xd800}, "\ufffd"},
		{[]uint16{0xdc00, 'a'}, "\ufffda"},
		{[]uint16{0xd800, 'a'}, "\ufffda"},
		{[]uint16{0xd83d, 0xd83d, 0xde00}, "\ufffd😀"},
	} {
		if got := string(appendUTF8(nil, c.in)); got != c.want {
			t.Errorf("%x became %q, want %q", c.in, got, c.want)
		}
	}
}

func FuzzAppendUTF8(f *testing.F) {
	f.Add([]byte("a\x00\x3d\xd8\x00\xde"))
	f.Fuzz(func(t *testing.T, data []byte) {
		text := make([]uint16, len(data)/2)
		for i := range text {
			text[i] = uint16(data[2*i]) | uint16(data[2*i+1])<<8
		}
		if got, want := string(appendUTF8(nil, text)), string(utf16.Decode(text)); got != want {
			t.Errorf("%x became %q, want %q", text, got, want)
		}
	})
}

func TestCyrillic(t *testing.T) {
	for s, want := range map[string]bool{"": false, "Qwerty12": false, "Йцукен": true, "aқ1": true, "é": false} {
		if got := cyrillic(utf16.Encode([]rune(s))); got != want {
			t.Errorf("%q: %t", s, got)
		}
	}
}
