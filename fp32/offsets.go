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
		fillPad(out, pad)
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
	stride := rows
	k := p.w.kw * p.w.ic
	clear(alt[len(alt)-k:])
	ow, used := p.g.OW, 0
	for y, x := first/ow, first%ow; rows > 0; y, x = y+1, 0 {
		n := min(ow-x, rows)
		for kh := range p.w.kh {
			out := offsets[kh*stride : kh*stride+n]
			row := p.rowTab[kh*p.g.OH+y]
			if row < 0 {
				fillPad(out, -int32(k))
				continue
			}
			used = p.fillWindows(out, src[row:int(row)+p.g.W*p.w.ic], row, x, alt, used)
		}
		offsets = offsets[n:]
		rows -= n
	}
}

// fillWindows sets the offsets of the windows of one kernel row from output column x on. It returns used, the elements
// of alt in use, increased by the windows that it copied there.
func (p *ConvPlan) fillWindows(out []int32, line []float32, row int32, x int, alt []float32, used int) int {
	k := p.w.kw * p.w.ic
	step := p.g.Strides[1] * p.w.ic
	left := x*step - p.g.Pads[1]*p.w.ic
	first := min(max(0, ceilDiv(-left, step)), len(out)) // window that begins in the line
	last := first                                        // and after the last one that ends in it
	if room := len(line) - k - left; room >= 0 {
		last = min(max(first, room/step+1), len(out))
	}
	straddle := func(from, to int) {
		for i := from; i < to; i++ {
			copyWindow(alt[used:used+k], line, left+i*step)
			out[i] = int32(used - len(alt))
			used += k
		}
	}
	straddle(0, first)
	at := row + int32(left+first*step)
	for i := first; i < last; i++ {
		out[i] = at
		at += int32(step)
	}
	straddle(last, len(out))
	return used
}

// fillPad sets all offsets to pad.
func fillPad(out []int32, pad int32) {
	for i := range out {
		out[i] = pad
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
