// Package testscreen keeps the pictures that tests make of windows and pages for
// docs/screens, small: with a palette of 48 colours. Text on plain grounds has few more that
// count, so nobody sees a difference.
package testscreen

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"slices"
)

// colours of the palette.
const colours = 48

// Write stores a picture given as PNG under path.
func Write(path string, data []byte) error {
	picture, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("testscreen: %w", err)
	}
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&out, reduce(picture)); err != nil {
		return fmt.Errorf("testscreen: %w", err)
	}
	return os.WriteFile(path, out.Bytes(), 0o644)
}

func reduce(in image.Image) *image.Paletted {
	bounds := in.Bounds()
	counts := map[color.RGBA]int{}
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(in.At(x, y)).(color.RGBA) }
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			counts[at(x, y)]++
		}
	}
	found := make([]color.RGBA, 0, len(counts))
	for c := range counts {
		found = append(found, c)
	}
	slices.SortFunc(found, func(a, b color.RGBA) int {
		return cmp.Or(counts[b]-counts[a], cmp.Compare(a.R, b.R), cmp.Compare(a.G, b.G), cmp.Compare(a.B, b.B))
	})
	palette := choose(found)
	index := map[color.RGBA]uint8{}
	for _, c := range found {
		index[c] = uint8(palette.Index(c))
	}
	out := image.NewPaletted(bounds, palette)
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			out.SetColorIndex(x, y, index[at(x, y)])
		}
	}
	return out
}

// choose takes what occurs most, and first of all colours unlike each other, so
// that a small mark keeps its own.
func choose(found []color.RGBA) color.Palette {
	var palette color.Palette
	taken := map[color.RGBA]bool{}
	for _, apart := range []int{48, 0} {
		for _, c := range found {
			if len(palette) == colours {
				return palette
			}
			if !taken[c] && (apart == 0 || !near(palette, c, apart)) {
				palette, taken[c] = append(palette, c), true
			}
		}
	}
	return palette
}

func near(palette color.Palette, c color.RGBA, apart int) bool {
	return slices.ContainsFunc(palette, func(p color.Color) bool {
		q := p.(color.RGBA)
		r, g, b := int(q.R)-int(c.R), int(q.G)-int(c.G), int(q.B)-int(c.B)
		return r*r+g*g+b*b < apart*apart
	})
}
