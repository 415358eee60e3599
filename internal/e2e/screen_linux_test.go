package e2e

import (
	"encoding/binary"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"time"
)

// picture is what is on the display now. Xvfb keeps it in a file in the format of
// xwd: a header of big-endian words, colours, then lines of blue, green, red, pad.
func (d *display) picture() *image.NRGBA {
	d.t.Helper()
	data, err := os.ReadFile(d.memory)
	if err != nil {
		d.t.Fatal(err)
	}
	const widthAt, heightAt, strideAt, coloursAt, words = 4, 5, 12, 19, 25
	if len(data) < 4*words {
		d.t.Fatalf("screen: %d octets", len(data))
	}
	word := func(i int) int { return int(binary.BigEndian.Uint32(data[4*i:])) }
	width, height, stride := word(widthAt), word(heightAt), word(strideAt)
	lines := data[word(0)+12*word(coloursAt):]
	if len(lines) < stride*height || stride < 4*width {
		d.t.Fatalf("screen: %d octets for %d lines of %d", len(lines), height, stride)
	}
	p := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			from, to := lines[y*stride+4*x:], p.Pix[y*p.Stride+4*x:]
			to[0], to[1], to[2], to[3] = from[2], from[1], from[0], 255
		}
	}
	return p
}

// differing counts the points in which two pictures differ.
func differing(a, b *image.NRGBA) int {
	n := 0
	for i := 0; i < len(a.Pix); i += 4 {
		if a.Pix[i] != b.Pix[i] || a.Pix[i+1] != b.Pix[i+1] || a.Pix[i+2] != b.Pix[i+2] {
			n++
		}
	}
	return n
}

// settle waits until the screen no longer is as before (nil = whatever it was) and
// holds still, as a person waits. A blinking cursor is neither change nor unrest.
// It reports whether there was a change.
func (d *display) settle(before *image.NRGBA) bool {
	d.t.Helper()
	const cursor = 150 // points
	defer d.shot()
	last, still := d.picture(), 0
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		time.Sleep(150 * time.Millisecond)
		now := d.picture()
		if differing(now, last) > cursor {
			still = 0
		} else {
			still++
		}
		last = now
		if still >= 4 && (before == nil || differing(now, before) > cursor) {
			return true
		}
	}
	return before == nil || differing(last, before) > cursor
}

// shot keeps a picture, if somebody wants to see it.
func (d *display) shot() {
	folder := os.Getenv("TANBA_E2E_SCREENSHOTS")
	if folder == "" {
		return
	}
	d.shots++
	f, err := os.Create(filepath.Join(folder, fmt.Sprintf("%02d.png", d.shots)))
	if err != nil {
		d.t.Error(err)
		return
	}
	defer f.Close()
	if err := png.Encode(f, d.picture()); err != nil {
		d.t.Error(err)
	}
}
