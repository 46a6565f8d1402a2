package i8

import "github.com/octet-ml/octet/int8/internal/kernel"

// rowTiles cuts rows into tiles of nearly equal height: high tiles of h+1 rows, then low tiles of h.
type rowTiles struct {
	h, high, low int
}

func newRowTiles(rows, mr int) rowTiles {
	n := ceilDiv(rows, mr)
	h := rows / n
	high := rows - n*h
	return rowTiles{h, high, n - high}
}

func (t rowTiles) count() int { return t.high + t.low }

// row returns the first row of tile i.
func (t rowTiles) row(i int) int {
	return i*t.h + min(i, t.high)
}

// height returns the height of tile i.
func (t rowTiles) height(i int) int {
	if i < t.high {
		return t.h + 1
	}
	return t.h
}

// plane is an image, or a bordered part of one, that offsets point into.
type plane struct {
	h, w      int // pixels; outside is padding
	top, left int // coordinates of tap (0, 0) of the first output pixel are (-top, -left)
	rowBytes  int
	pixBytes  int
	imgBytes  int
}

// offsets returns the byte offset of every row of A, [tile][tap][row of the tile], for rows that are the pixels of
// images of oh x ow; padding is -1.
func (c *ConvWeights) offsets(t rowTiles, p plane, g *Geometry, oh, ow int) []int32 {
	s := &c.shape
	kw, dw := s.KW, g.Dilations[1]
	if c.form == formRows {
		kw = 1
	}
	out := make([]int32, 0, t.row(t.count())*c.taps)
	for i := range t.count() {
		first, h := t.row(i), t.height(i)
		for tap := range c.taps {
			for r := first; r < first+h; r++ {
				out = append(out, p.offset(g, oh, ow, r, tap/kw*g.Dilations[0], tap%kw*dw))
			}
		}
	}
	return out
}

// offset returns the byte offset of what output pixel row, of images of oh x ow, reads ky below and kx right of the first tap.
func (p *plane) offset(g *Geometry, oh, ow, row, ky, kx int) int32 {
	n, y, x := row/(oh*ow), row/ow%oh*g.Strides[0]+ky-p.top, row%ow*g.Strides[1]+kx-p.left
	if y < 0 || y >= p.h || x < 0 || x >= p.w {
		return kernel.PadOffset
	}
	return int32(n*p.imgBytes + y*p.rowBytes + x*p.pixBytes)
}
