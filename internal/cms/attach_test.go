package cms

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"tanba/internal/pki"
)

// What was taken apart and put together again is what it was.
func TestAttachTo(t *testing.T) {
	for _, f := range families {
		s := signer(t, f, 0)
		for _, n := range streamSizes {
			if n > 1<<20 && f != pki.GOST512 {
				continue
			}
			content := bytes.Repeat([]byte{0x5a}, n)
			want, err := s.Sign(content, Options{Time: signingTime})
			if err != nil {
				t.Fatal(err)
			}
			detached, inside, err := Detach(bytes.NewReader(want), int64(len(want)))
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			if err := AttachTo(&got, detached, iotest.OneByteReader(io.LimitReader(inside, 300)), int64(min(n, 300))); (err == nil) != (n <= 300) {
				t.Errorf("%v: the first 300 octets of %d: %v", f, n, err)
			}
			inside.Seek(0, io.SeekStart)
			got.Reset()
			if err := AttachTo(&got, detached, inside, int64(n)); err != nil || !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%v, %d octets: %v, the same %v", f, n, err, bytes.Equal(got.Bytes(), want))
			}
		}
	}
}

func TestAttachToRefuses(t *testing.T) {
	s := signer(t, pki.GOST512, 0)
	const content = "Договор"
	detached, err := s.Sign([]byte(content), Options{Detached: true, Time: signingTime})
	if err != nil {
		t.Fatal(err)
	}
	attached, err := s.Sign([]byte(content), Options{Time: signingTime})
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("disk gone")
	for _, tt := range []struct {
		name string
		der  []byte
		r    io.Reader
		w    io.Writer
		size int
		want error
	}{
		{"good", detached, strings.NewReader(content), io.Discard, len(content), nil},
		{"shorter", detached, strings.NewReader(content), io.Discard, len(content) + 1, ErrContentLength},
		{"longer", detached, strings.NewReader(content), io.Discard, len(content) - 1, ErrContentLength},
		{"another", detached, strings.NewReader("договор"), io.Discard, len(content), ErrDigestMismatch},
		{"negative", detached, strings.NewReader(""), io.Discard, -1, ErrTooLarge},
		{"attached already", attached, strings.NewReader(content), io.Discard, len(content), ErrNotSignedData},
		{"nothing", nil, strings.NewReader(content), io.Discard, len(content), ErrNotSignedData},
		{"reading fails", detached, iotest.ErrReader(broken), io.Discard, len(content), broken},
		{"writing fails", detached, strings.NewReader(content), failingWriter{broken}, len(content), broken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := AttachTo(tt.w, tt.der, tt.r, int64(tt.size)); !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}

type failingWriter struct{ error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.error }
