package testscreen

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

func TestWrite(t *testing.T) {
	in := image.NewRGBA(image.Rect(0, 0, 64, 64))
	for i := range 64 * 64 {
		c := color.RGBA{R: 250, G: 250, B: 250, A: 255}
		if i%8 == 0 { // 512 colours besides, near to each other
			c = color.RGBA{R: uint8(i / 8), G: uint8(i / 1024), B: 7, A: 255}
		}
		in.SetRGBA(i%64, i/64, c)
	}
	mark := color.RGBA{R: 9, G: 200, B: 190, A: 255}
	in.SetRGBA(3, 3, mark)
	var data bytes.Buffer
	if err := png.Encode(&data, in); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a.png")
	if err := Write(path, data.Bytes()); err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got, err := png.Decode(bytes.NewReader(kept))
	if err != nil {
		t.Fatal(err)
	}
	p, ok := got.(*image.Paletted)
	if !ok || len(p.Palette) > colours || p.Bounds() != in.Bounds() {
		t.Fatalf("%T %v", got, got.Bounds())
	}
	if r, _, _, _ := p.At(1, 1).RGBA(); r>>8 != 250 {
		t.Error("the ground has another colour", p.At(1, 1))
	}
	if r, g, b, _ := p.At(3, 3).RGBA(); uint8(r>>8) != mark.R || uint8(g>>8) != mark.G || uint8(b>>8) != mark.B {
		t.Error("a small mark lost its colour", p.At(3, 3))
	}
	if Write(path, []byte("no picture")) == nil {
		t.Error("what is no picture was kept")
	}
}
