package f32

// fillUniform sets the offsets of rows that follow each other at a fixed stride.
func fillUniform(offsets []int32, stride int) {
	for r := range offsets {
		offsets[r] = int32(r * stride)
	}
}

// fillTable sets offsets [kh*kw][rows] of the output pixels from first on; padded taps get the offset pad.
func (p *ConvPlan) fillTable(offsets []int32, first, rows int, pad int32) {
	oh, ow := p.g.OH, p.g.OW
	for kh := range p.w.kh {
		rowTab := p.rowTab[kh*oh : (kh+1)*oh]
		for kw := range p.w.kw {
			colTab := p.colTab[kw*ow : (kw+1)*ow]
			out := offsets[:rows]
			offsets = offsets[rows:]
			for y, x := first/ow, first%ow; len(out) > 0; y, x = y+1, 0 {
				n := min(ow-x, len(out))
				fillRow(out[:n], colTab[x:x+n], rowTab[y], pad)
				out = out[n:]
			}
		}
	}
}

// fillRow adds an input row's offset to the column offsets; where either is -1 the result is pad.
func fillRow(out, cols []int32, row, pad int32) {
	if row < 0 {
		for i := range out {
			out[i] = pad
		}
		return
	}
	for i, c := range cols {
		if c < 0 {
			out[i] = pad
		} else {
			out[i] = row + c
		}
	}
}

// fillRows sets offsets [kh][rows] where a tap is the KW pixels of a kernel row.
//
// Windows inside the columns of the image are read in place. Windows that straddle an edge are copied into alt, one
// after the other from its start, with zeros outside; the last KW*IC elements of alt are zeros for rows outside.
func (p *ConvPlan) fillRows(offsets []int32, src, alt []float32, first, rows int) {
	w, g := p.w, p.g
	k := w.kw * w.ic
	end := int32(len(alt))
	clear(alt[len(alt)-k:])
	used := 0
	for r := range rows {
		y, x := (first+r)/g.OW, (first+r)%g.OW
		left := (x*g.Strides[1] - g.Pads[1]) * w.ic
		inside := left >= 0 && left+k <= g.W*w.ic
		for kh := range w.kh {
			row := p.rowTab[kh*g.OH+y]
			switch {
			case row < 0:
				offsets[kh*rows+r] = -int32(k)
			case inside:
				offsets[kh*rows+r] = row + int32(left)
			default:
				copyWindow(alt[used:used+k], src[row:int(row)+g.W*w.ic], left)
				offsets[kh*rows+r] = int32(used) - end
				used += k
			}
		}
	}
}

// copyWindow copies line[left:left+len(dst)], with zeros where that is outside the line.
func copyWindow(dst, line []float32, left int) {
	clear(dst)
	from, to := max(left, 0), min(left+len(dst), len(line))
	if from < to {
		copy(dst[from-left:], line[from:to])
	}
}
