package i8

import "encoding/binary"

// band describes copies of a part of one image with its border of padding, made in scratch: taps in it need no care.
//
// It serves layers whose taps are whole rows of the window (formRows) and layers whose offset table would be too large for the
// whole image.
type band struct {
	rows     int // output rows that one copy serves, at most
	reach    int // input rows that one output row's window spans
	width    int // pixels of a row, border included
	pixel    int // bytes between pixels
	pitch    int // bytes between rows
	channels int // input channels
	gather   int // > 0: a row holds for every output pixel its gather taps side by side (dilated formRows)
}

// newBand returns the band for rows output rows and a window of kh x kw. It reports false if a row of windows exceeds limit bytes.
func newBand(g *Geometry, kh, kw, rows, channels, limit int) (band, bool) {
	b := band{
		rows: rows, channels: channels, pixel: channels,
		reach: (kh-1)*g.Dilations[0] + 1, width: (g.OW-1)*g.Strides[1] + (kw-1)*g.Dilations[1] + 1,
	}
	_, ok := product(limit, b.reach, b.width, b.pixel)
	b.pitch = b.width * b.pixel
	return b, ok
}

// height returns the number of input rows, border included, that rows output rows need.
func (b *band) height(g *Geometry, rows int) int { return (rows-1)*g.Strides[0] + b.reach }

// shrink lowers rows until the copy takes at most limit bytes, or is of one output row.
func (b *band) shrink(g *Geometry, limit int) {
	fit := (limit/b.pitch-b.reach)/g.Strides[0] + 1
	b.rows = max(1, min(b.rows, fit))
}

func (b *band) bytes(g *Geometry) int { return b.height(g, b.rows)*b.pitch + Slack }

// fill copies what rows output rows from y0 on of image n need.
func (b *band) fill(dst, src []byte, g *Geometry, n, y0, rows int, zero byte) {
	image := src[n*g.H*g.W*b.channels:][:g.H*g.W*b.channels]
	for r := range b.height(g, rows) {
		y := y0*g.Strides[0] - g.Pads[0] + r
		row := dst[r*b.pitch:][:b.pitch]
		if y < 0 || y >= g.H {
			fillBytes(row, zero)
			continue
		}
		in := image[y*g.W*b.channels:][:g.W*b.channels]
		if b.gather > 0 {
			b.gatherRow(row, in, g, zero)
			continue
		}
		left := min(g.Pads[1], b.width) * b.pixel
		fillBytes(row[:left], zero)
		end := left + copy(row[left:], in)
		fillBytes(row[end:], zero)
	}
}

// gatherRow writes for every output pixel the taps of one row of its window.
func (b *band) gatherRow(row, in []byte, g *Geometry, zero byte) {
	for x := range g.OW {
		for j := range b.gather {
			p := row[x*b.pixel+j*b.channels:][:b.channels]
			i := (x*g.Strides[1] - g.Pads[1] + j*g.Dilations[1]) * b.channels
			if i < 0 || i >= len(in) {
				fillBytes(p, zero)
				continue
			}
			copy(p, in[i:])
		}
	}
}

// fillBytes sets b to v: the first bytes eight at a time, the others by copies that double in length.
func fillBytes(b []byte, v byte) {
	n := min(len(b), 128)
	word := uint64(v) * 0x0101010101010101
	i := 0
	for ; i+8 <= n; i += 8 {
		binary.NativeEndian.PutUint64(b[i:], word)
	}
	for ; i < n; i++ {
		b[i] = v
	}
	for n > 0 && n < len(b) {
		n += copy(b[n:], b[:n])
	}
}
