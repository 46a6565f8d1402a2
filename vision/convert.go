package vision

import (
	"fmt"
	"image"
	"image/color"
)

// FromImage converts a picture of the standard library; grey ones give 1 channel, all others 3. Alpha is dropped (a
// premultiplied colour is divided by it first), 16-bit samples keep their high byte, an image.YCbCr is taken to be a
// JPEG file's, and its chroma is interpolated. Errors wrap ErrImage or ErrTooLarge.
func FromImage(src image.Image) (*Image, error) {
	channels := 3
	switch s := src.(type) {
	case nil:
		return nil, fmt.Errorf("%w: nil", ErrImage)
	case *image.YCbCr:
		return fromYCbCr(s, jfifColor)
	case *image.NYCbCrA:
		return fromYCbCr(&s.YCbCr, jfifColor)
	case *image.Gray, *image.Gray16:
		channels = 1
	}
	b := src.Bounds()
	m, err := NewImage(b.Dx(), b.Dy(), channels)
	if err != nil {
		return nil, err
	}
	row := rowReader(src)
	stride := m.Width * channels
	for y := range m.Height {
		row(m.Pix[y*stride:(y+1)*stride], b.Min.Y+y)
	}
	return m, nil
}

// rowReader returns a function that converts one row of src.
func rowReader(src image.Image) func(dst []uint8, y int) {
	x0 := src.Bounds().Min.X
	switch s := src.(type) {
	case *image.Gray:
		return func(dst []uint8, y int) { copy(dst, s.Pix[s.PixOffset(x0, y):]) }
	case *image.Gray16:
		return func(dst []uint8, y int) { every(dst, s.Pix[s.PixOffset(x0, y):], 2) }
	case *image.NRGBA:
		return func(dst []uint8, y int) { dropAlpha(dst, s.Pix[s.PixOffset(x0, y):]) }
	case *image.RGBA:
		return func(dst []uint8, y int) { unmultiply(dst, s.Pix[s.PixOffset(x0, y):]) }
	case *image.NRGBA64:
		return func(dst []uint8, y int) { dropAlpha64(dst, s.Pix[s.PixOffset(x0, y):]) }
	case *image.CMYK:
		return func(dst []uint8, y int) { fromCMYK(dst, s.Pix[s.PixOffset(x0, y):]) }
	case *image.Paletted:
		table := paletteTable(s.Palette)
		return func(dst []uint8, y int) { expand(dst, s.Pix[s.PixOffset(x0, y):], table) }
	}
	return func(dst []uint8, y int) {
		for x := range len(dst) / 3 {
			c := color.NRGBA64Model.Convert(src.At(x0+x, y)).(color.NRGBA64)
			dst[3*x], dst[3*x+1], dst[3*x+2] = uint8(c.R>>8), uint8(c.G>>8), uint8(c.B>>8)
		}
	}
}

// every copies each step-th byte.
func every(dst, src []uint8, step int) {
	for i := range dst {
		dst[i] = src[i*step]
	}
}

func dropAlpha(dst, src []uint8) {
	for i := 0; i < len(dst)/3; i++ {
		*(*[3]uint8)(dst[3*i:]) = [3]uint8(src[4*i:])
	}
}

func dropAlpha64(dst, src []uint8) {
	for i := 0; i < len(dst)/3; i++ {
		p := src[8*i : 8*i+8 : 8*i+8]
		*(*[3]uint8)(dst[3*i:]) = [3]uint8{p[0], p[2], p[4]}
	}
}

// unmultiply drops alpha after dividing the colour by it; an opaque pixel is copied, a transparent one is black.
func unmultiply(dst, src []uint8) {
	for i := 0; i < len(dst)/3; i++ {
		p := [4]uint8(src[4*i:])
		if p[3] != 255 {
			c := color.NRGBAModel.Convert(color.RGBA{p[0], p[1], p[2], p[3]}).(color.NRGBA)
			p = [4]uint8{c.R, c.G, c.B, c.A}
		}
		*(*[3]uint8)(dst[3*i:]) = [3]uint8(p[:3])
	}
}

// fromCMYK converts ink to light as Pillow does: 255-k less that share of it which the ink takes, rounded to nearest.
func fromCMYK(dst, src []uint8) {
	for i := 0; i < len(dst)/3; i++ {
		p := [4]uint8(src[4*i:])
		light := int(255 - p[3])
		for c := range 3 {
			t := int(p[c])*light + 128
			dst[3*i+c] = uint8(max(light-(t>>8+t)>>8, 0))
		}
	}
}

// paletteTable returns the colours of a palette without alpha, black beyond its end.
func paletteTable(p color.Palette) *[256][3]uint8 {
	var table [256][3]uint8
	for i, c := range p[:min(len(p), 256)] {
		n, ok := c.(color.NRGBA)
		if !ok {
			n = color.NRGBAModel.Convert(c).(color.NRGBA)
		}
		table[i] = [3]uint8{n.R, n.G, n.B}
	}
	return &table
}

func expand(dst, src []uint8, table *[256][3]uint8) {
	for i := 0; i < len(dst)/3; i++ {
		*(*[3]uint8)(dst[3*i:]) = table[src[i]]
	}
}
