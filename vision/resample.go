package vision

import "fmt"

// maxSide bounds the sides of a resized picture, and maxScratch the bytes that Resize takes for itself.
const (
	maxSide    = 1 << 20
	maxScratch = 1 << 29
)

// rect is the half-open region x0 ≤ x < x1, y0 ≤ y < y1.
type rect struct{ x0, y0, x1, y1 int }

// Resize returns src at another size. It equals Pillow's Image.resize(size, filter) to the byte (Pillow 9.4; later
// versions differ only for pictures more than a hundred times as tall as wide).
//
// A horizontal and a vertical pass in fixed point follow each other, each rounding to 8 bits and each left out where the
// size stays. The source stays unchanged; at the same size the result is a copy. Errors wrap ErrImage for a bad source,
// size or filter, ErrTooLarge for sides (of either picture) beyond 2²⁰ or more than 512 MiB of result or scratch.
func Resize(src *Image, width, height int, f Filter) (*Image, error) {
	return resizeRegion(src, width, height, rect{0, 0, width, height}, f)
}

// resizeRegion returns the given region of src resized to width x height, without computing the rest.
func resizeRegion(src *Image, width, height int, r rect, f Filter) (*Image, error) {
	if err := src.Check(); err != nil {
		return nil, err
	}
	if max(width, height, src.Width, src.Height) > maxSide {
		return nil, fmt.Errorf("resize %dx%d to %dx%d: %w", src.Width, src.Height, width, height, ErrTooLarge)
	}
	if width < 1 || height < 1 || int(f) >= len(filters) || r.x0 < 0 || r.y0 < 0 || r.x0 >= r.x1 || r.y0 >= r.y1 || r.x1 > width || r.y1 > height {
		return nil, fmt.Errorf("%w: resize %dx%d to %dx%d, region %v, %v", ErrImage, src.Width, src.Height, width, height, r, f)
	}
	if int64(r.x1-r.x0)*int64(r.y1-r.y0) > int64(maxScratch/src.Channels) {
		return nil, fmt.Errorf("resize %dx%d to %dx%d: %w", src.Width, src.Height, width, height, ErrTooLarge)
	}
	switch {
	case width == src.Width && height == src.Height:
		return cropped(src, r), nil
	case f == Nearest:
		return nearest(src, width, height, r), nil
	}
	return convolve(src, width, height, r, f)
}

// convolve resizes with one of the filters that weigh several pixels.
func convolve(src *Image, width, height int, r rect, f Filter) (*Image, error) {
	rows := rect{0, r.y0, src.Width, r.y1}
	var vertical *coefficients
	if height != src.Height {
		vertical = newCoefficients(src.Height, height, r.y0, r.y1, f)
		rows.y0, rows.y1 = vertical.used()
	}
	if int64(rows.y1-rows.y0)*int64(r.x1-r.x0) > int64(maxScratch/src.Channels) {
		return nil, fmt.Errorf("resize %dx%d to %dx%d: %w", src.Width, src.Height, width, height, ErrTooLarge)
	}
	if width != src.Width {
		src = convolveRows(src, rows, newCoefficients(src.Width, width, r.x0, r.x1, f))
	} else {
		src = cropped(src, rect{r.x0, rows.y0, r.x1, rows.y1})
	}
	if vertical == nil {
		return src, nil
	}
	return convolveColumns(src, rows.y0, vertical), nil
}

// convolveRows returns the rows r.y0 ≤ y < r.y1 of src, resized horizontally.
func convolveRows(src *Image, r rect, c *coefficients) *Image {
	out := &Image{Width: len(c.spans), Height: r.y1 - r.y0, Channels: src.Channels}
	out.Pix = make([]uint8, out.Width*out.Height*out.Channels)
	for y := range out.Height {
		line := src.Pix[(r.y0+y)*src.Width*src.Channels:][:src.Width*src.Channels]
		dst := out.Pix[y*out.Width*out.Channels:][:out.Width*out.Channels]
		if src.Channels == 1 {
			convolveGreyRow(dst, line, c)
		} else {
			convolveRGBRow(dst, line, c)
		}
	}
	return out
}

func convolveGreyRow(dst, src []uint8, c *coefficients) {
	for x := range dst {
		s, weights := c.of(x)
		acc := int32(1) << (precisionBits - 1)
		for i, v := range src[s.first:][:len(weights)] {
			acc += int32(v) * weights[i]
		}
		dst[x] = clip8(acc >> precisionBits)
	}
}

func convolveRGBRow(dst, src []uint8, c *coefficients) {
	for x := 0; x < len(dst)/3; x++ {
		s, weights := c.of(x)
		r, g, b := int32(1)<<(precisionBits-1), int32(1)<<(precisionBits-1), int32(1)<<(precisionBits-1)
		p := src[3*s.first:]
		for _, w := range weights {
			q := p[:3:3]
			r += int32(q[0]) * w
			g += int32(q[1]) * w
			b += int32(q[2]) * w
			p = p[3:]
		}
		q := dst[3*x : 3*x+3 : 3*x+3]
		q[0], q[1], q[2] = clip8(r>>precisionBits), clip8(g>>precisionBits), clip8(b>>precisionBits)
	}
}

// convolveColumns returns src resized vertically; its first row is row y0 of the picture that c was computed for.
func convolveColumns(src *Image, y0 int, c *coefficients) *Image {
	stride := src.Width * src.Channels
	out := &Image{Width: src.Width, Height: len(c.spans), Channels: src.Channels, Pix: make([]uint8, stride*len(c.spans))}
	acc := make([]int32, stride)
	for y := range out.Height {
		s, weights := c.of(y)
		for i := range acc {
			acc[i] = 1 << (precisionBits - 1)
		}
		for i, w := range weights {
			line := src.Pix[(s.first-y0+i)*stride:][:len(acc)]
			for x, v := range line {
				acc[x] += int32(v) * w
			}
		}
		dst := out.Pix[y*stride:][:len(acc)]
		for x, v := range acc {
			dst[x] = clip8(v >> precisionBits)
		}
	}
	return out
}

// clip8 clamps v to 0..255.
func clip8(v int32) uint8 {
	if uint32(v) <= 255 {
		return uint8(v)
	}
	return uint8(^v >> 31)
}

// nearest picks source pixels. Positions accumulate in double precision, as in Pillow's ImagingScaleAffine, so that the
// same pixel wins where rounding decides.
func nearest(src *Image, width, height int, r rect) *Image {
	columns := nearestPositions(src.Width, width, r.x0, r.x1)
	rows := nearestPositions(src.Height, height, r.y0, r.y1)
	out := &Image{Width: len(columns), Height: len(rows), Channels: src.Channels}
	out.Pix = make([]uint8, 0, out.Width*out.Height*out.Channels)
	for _, y := range rows {
		line := src.Pix[y*src.Width*src.Channels:][:src.Width*src.Channels]
		for _, x := range columns {
			out.Pix = append(out.Pix, line[x*src.Channels:(x+1)*src.Channels]...)
		}
	}
	return out
}

func nearestPositions(in, out, from, to int) []int {
	step := float64(in) / float64(out)
	positions := make([]int, 0, to-from)
	at := float64(step * 0.5)
	for i := range to {
		if i >= from {
			positions = append(positions, min(int(at), in-1))
		}
		at += step
	}
	return positions
}
