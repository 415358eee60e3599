package cms

import (
	"bytes"
	"testing"

	"golang.org/x/crypto/cryptobyte"
)

func TestHeaders(t *testing.T) {
	for _, tt := range []struct {
		n    int
		want string
	}{
		{0, "\x30\x00"},
		{1, "\x30\x01"},
		{0x7f, "\x30\x7f"},
		{0x80, "\x30\x81\x80"},
		{0xff, "\x30\x81\xff"},
		{0x100, "\x30\x82\x01\x00"},
		{0xffff, "\x30\x82\xff\xff"},
		{0x10000, "\x30\x83\x01\x00\x00"},
		{0xffffff, "\x30\x83\xff\xff\xff"},
		{0x1000000, "\x30\x84\x01\x00\x00\x00"},
	} {
		got := appendHeader(nil, tagSequence, tt.n)
		if string(got) != tt.want || headerLen(tt.n) != len(tt.want) {
			t.Errorf("%d: % x (%d), want % x", tt.n, got, headerLen(tt.n), tt.want)
		}
	}
}

// A content of 16 MiB has the longest kind of header met here.
func TestLargeAttached(t *testing.T) {
	if testing.Short() {
		t.Skip("16 MiB")
	}
	s := signer(t, families[len(families)-1], 0)
	large := make([]byte, 1<<24+1)
	der, err := s.Sign(large, Options{Time: signingTime})
	if err != nil {
		t.Fatal(err)
	}
	if cap(der) > len(der)+len(der)/8 {
		t.Errorf("%d octets in a buffer of %d", len(der), cap(der))
	}
	sd := mustParse(t, der)
	if _, err := sd.Verify(nil); err != nil || !bytes.Equal(sd.Content, large) {
		t.Error(err)
	}
	in, body := cryptobyte.String(der), cryptobyte.String(nil)
	if !in.ReadASN1(&body, tagSequence) || !in.Empty() {
		t.Error("the outer length is wrong")
	}
}
