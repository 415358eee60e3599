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

// sizes at every boundary of the lengths of the encoding, and around a buffer.
var streamSizes = []int{0, 1, 127, 128, 255, 256, 65000, 65535, 65536, 65537, 200000, 1 << 24}

// With a key that signs the same twice SignTo writes what Sign returns.
func TestSignToWritesWhatSignReturns(t *testing.T) {
	for _, f := range families {
		own := signer(t, f, 0)
		s, err := NewSigner(still{own.key, own.signatureLen}, own.certificate, issued.authority.Issuing())
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range streamSizes {
			if n == 1<<24 && f != pki.GOST512 {
				continue
			}
			content := bytes.Repeat([]byte{0x5a}, n)
			want, err := s.Sign(content, Options{Time: signingTime})
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			if err := s.SignTo(&got, iotest.DataErrReader(bytes.NewReader(content)), int64(n), Options{Time: signingTime}); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%v: %d octets: not what Sign returns", f, n)
			}
		}
	}
}

func TestSignToRefuses(t *testing.T) {
	s := signer(t, pki.GOST512, 0)
	broken := errors.New("disk gone")
	content := strings.Repeat("x", 100000)
	for _, tt := range []struct {
		name string
		r    io.Reader
		w    io.Writer
		size int64
		want error
		text string
	}{
		{"shorter", strings.NewReader(content), io.Discard, 100001, ErrContentLength, "cms: the content is not of the length announced: 100000 octets of 100001"},
		{"longer", strings.NewReader(content), io.Discard, 99999, ErrContentLength, "cms: the content is not of the length announced: more than 99999 octets"},
		{"longer than nothing", strings.NewReader("x"), io.Discard, 0, ErrContentLength, "cms: the content is not of the length announced: more than 0 octets"},
		{"negative", strings.NewReader(""), io.Discard, -1, ErrTooLarge, "cms: too large: -1 octets"},
		{"reader", iotest.ErrReader(broken), io.Discard, 1, broken, "cms: reading the content: disk gone"},
		{"writer", strings.NewReader(content), &full{}, 100000, broken, ""},
		{"writer, the end", strings.NewReader(content), &full{room: 100100}, 100000, broken, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if w, ok := tt.w.(*full); ok {
				w.err = broken
			}
			err := s.SignTo(tt.w, tt.r, tt.size, Options{Time: signingTime})
			if !errors.Is(err, tt.want) || tt.text != "" && err.Error() != tt.text {
				t.Errorf("%v", err)
			}
		})
	}
}

// full is a disk with so much room.
type full struct {
	room int
	err  error
}

func (f *full) Write(p []byte) (int, error) {
	if f.room -= len(p); f.room < 0 {
		return 0, f.err
	}
	return len(p), nil
}

func TestDetach(t *testing.T) {
	for _, f := range families {
		s := signer(t, f, 0)
		for _, n := range streamSizes[:len(streamSizes)-1] {
			content := bytes.Repeat([]byte{0x5a}, n)
			attached, err := s.Sign(content, Options{Time: signingTime})
			if err != nil {
				t.Fatal(err)
			}
			der, inside, err := Detach(bytes.NewReader(attached), int64(len(attached)))
			if err != nil {
				t.Fatalf("%v: %d octets: %v", f, n, err)
			}
			if got, err := io.ReadAll(inside); err != nil || !bytes.Equal(got, content) {
				t.Errorf("%v: %d octets: content differs: %v", f, n, err)
			}
			sd := mustParse(t, der)
			if _, err := sd.VerifyReader(bytes.NewReader(content)); err != nil || !sd.Detached {
				t.Errorf("%v: %d octets: %v", f, n, err)
			}
			if _, err := sd.VerifyReader(strings.NewReader("another")); !errors.Is(err, ErrDigestMismatch) {
				t.Errorf("%v: another content: %v", f, err)
			}
		}
	}
}

func TestDetachRefuses(t *testing.T) {
	s := signer(t, pki.GOST512, 0)
	attached, err := s.Sign([]byte("content"), Options{Time: signingTime})
	if err != nil {
		t.Fatal(err)
	}
	detached, err := s.Sign([]byte("content"), Options{Time: signingTime, Detached: true})
	if err != nil {
		t.Fatal(err)
	}
	indefinite := append([]byte{tagSequence, 0x80}, attached[4:]...)
	for _, tt := range []struct {
		name string
		in   []byte
	}{
		{"nothing", nil},
		{"text", []byte("MIIC text")},
		{"detached", detached},
		{"cut", attached[:len(attached)-1]},
		{"trailing", append(bytes.Clone(attached), 0)},
		{"indefinite length", append(indefinite, 0, 0)},
	} {
		if _, _, err := Detach(bytes.NewReader(tt.in), int64(len(tt.in))); !errors.Is(err, ErrNotSignedData) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// What Detach takes apart is what Parse reads.
func FuzzDetach(f *testing.F) {
	s := signer(f, pki.GOST256, 0)
	for _, o := range []Options{{Time: signingTime}, {Time: signingTime, Detached: true}} {
		der, err := s.Sign([]byte("content"), o)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(der)
	}
	f.Add([]byte{0x30, 0x87, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, in []byte) {
		der, inside, err := Detach(bytes.NewReader(in), int64(len(in)))
		if err != nil {
			return
		}
		content, err := io.ReadAll(inside)
		if err != nil {
			t.Fatal(err)
		}
		apart, err := Parse(der)
		if err != nil {
			return
		}
		whole, err := Parse(in)
		if err != nil {
			t.Fatalf("apart it is read, whole it is not: %v", err)
		}
		if whole.Detached || !bytes.Equal(whole.Content, content) {
			t.Fatal("another content")
		}
		_, good := whole.Verify(nil)
		if _, err := apart.VerifyReader(bytes.NewReader(content)); err == nil && good != nil {
			t.Fatalf("good apart, bad whole: %v", good)
		}
	})
}
