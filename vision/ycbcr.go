package vision

import (
	"image"
	"image/color"
)

// colorSystem is how luma and chroma become red, green and blue.
type colorSystem struct {
	// upsample writes row y of a picture's chroma, interpolated from plane p, to dst.
	upsample func(dst []uint8, p plane, y int)
	// convert writes the pixels of a row.
	convert func(dst, y, cb, cr []uint8)
}

// plane is the samples of one chroma component; each stands for h x v pixels.
type plane struct {
	pix    []uint8
	stride int
	width  int
	height int
	h, v   int
}

// row returns row y, the nearest one where y is outside.
func (p *plane) row(y int) []uint8 {
	y = min(max(y, 0), p.height-1)
	return p.pix[y*p.stride:][:p.width]
}

// subsampling gives the pixels across and down that a chroma sample of an image.YCbCr stands for.
var subsampling = map[image.YCbCrSubsampleRatio][2]int{
	image.YCbCrSubsampleRatio444: {1, 1},
	image.YCbCrSubsampleRatio422: {2, 1},
	image.YCbCrSubsampleRatio420: {2, 2},
	image.YCbCrSubsampleRatio440: {1, 2},
	image.YCbCrSubsampleRatio411: {4, 1},
	image.YCbCrSubsampleRatio410: {4, 2},
}

// fromYCbCr converts src by the given system. A part of a picture that begins within a chroma sample is converted
// without interpolation.
func fromYCbCr(src *image.YCbCr, system colorSystem) (*Image, error) {
	m, err := NewImage(src.Rect.Dx(), src.Rect.Dy(), 3)
	if err != nil {
		return nil, err
	}
	stride := 3 * m.Width
	ratio, ok := subsampling[src.SubsampleRatio]
	if !ok || src.Rect.Min.X%ratio[0] != 0 || src.Rect.Min.Y%ratio[1] != 0 {
		for y := range m.Height {
			blockyRow(m.Pix[y*stride:][:stride], src, y, system)
		}
		return m, nil
	}
	h, v := ratio[0], ratio[1]
	at := src.COffset(src.Rect.Min.X, src.Rect.Min.Y)
	cb := plane{src.Cb[at:], src.CStride, (m.Width + h - 1) / h, (m.Height + v - 1) / v, h, v}
	cr := cb
	cr.pix = src.Cr[at:]
	lines := make([]uint8, 2*cb.width*h)
	cbLine, crLine := lines[:cb.width*h], lines[cb.width*h:]
	for y := range m.Height {
		system.upsample(cbLine, cb, y)
		system.upsample(crLine, cr, y)
		luma := src.Y[src.YOffset(src.Rect.Min.X, src.Rect.Min.Y+y):][:m.Width]
		system.convert(m.Pix[y*stride:][:stride], luma, cbLine, crLine)
	}
	return m, nil
}

// blockyRow converts a row with the nearest chroma samples.
func blockyRow(dst []uint8, src *image.YCbCr, y int, system colorSystem) {
	for x := 0; x < len(dst)/3; x++ {
		c := src.At(src.Rect.Min.X+x, src.Rect.Min.Y+y).(color.YCbCr)
		system.convert(dst[3*x:3*x+3], []uint8{c.Y}, []uint8{c.Cb}, []uint8{c.Cr})
	}
}

// blockyUpsample repeats each sample.
func blockyUpsample(dst []uint8, p plane, y int) {
	line := p.row(y / p.v)
	for x := range dst {
		dst[x] = line[x/p.h]
	}
}
