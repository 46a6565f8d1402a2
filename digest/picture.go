package digest

import (
	"image"
	"image/color"
)

// Picture returns a picture that is the same everywhere, for tests that pin what a classifier says of it: gradients of
// red and green, discs of blue, and noise of up to 31 levels in all three. Width and height are at least 1.
func Picture(width, height int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	random := newRandom()
	for y := range height {
		for x := range width {
			dx, dy := x%32-16, y%32-16
			blue := max(0, 223-dx*dx-dy*dy)
			noise := func() int { return int(random.Uint32() >> 27) }
			m.SetNRGBA(x, y, color.NRGBA{
				R: uint8(223*x/width + noise()), G: uint8(223*y/height + noise()), B: uint8(blue + noise()), A: 255,
			})
		}
	}
	return m
}
