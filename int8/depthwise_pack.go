package i8

// packDepthwise packs [block][tap/TR][NC][TR]. Taps go by columns of the window; where a kernel is made for the window,
// each column is padded to TR. 4-bit weights are widened: a depthwise layer has few.
//
// A weight zero point is subtracted here. Where the difference leaves int8, every tap stands twice, and the two weights add
// up to it.
func (c *ConvWeights) packDepthwise(w *Weights) {
	f := &c.set().Depthwise
	c.form, c.k = formDepthwise, 1
	n := w.KH * w.KW
	values := make([]int16, 0, w.OC*n)
	var codes []byte
	for o := range w.OC {
		codes = w.codes(codes[:0], o*n, (o+1)*n)
		for _, code := range codes {
			v := w.value(code) - w.Zero
			c.twice = c.twice || v != int32(int8(v))
			values = append(values, int16(v))
		}
	}
	c.taps = c.depthwiseTaps()
	if w.OC < f.NC && f.NC%w.OC == 0 {
		c.copies = f.NC / w.OC
	}
	for ch := 0; ch < w.OC; ch += f.NC {
		i := len(c.panels)
		c.panels = append(c.panels, panel{channel: ch, cols: min(f.NC, w.OC-ch), column: i * f.NC, at: i * roundUp(c.taps*f.NC, 64)})
	}
	c.data = alignedBytes(len(c.panels) * roundUp(c.taps*f.NC, 64))
	for i := range c.panels {
		p := &c.panels[i]
		for d, column := range f.Order {
			o := c.channel(p, column)
			if o < 0 {
				continue
			}
			c.eachTap(func(t, ky, kx int, second bool) {
				v := values[o*n+ky*w.KW+kx]
				first := max(-128, min(127, v))
				if second {
					first = v - first
				}
				c.data[p.at+t/f.TR*f.TR*f.NC+d*f.TR+t%f.TR] = byte(first)
			})
		}
	}
}

// fixed reports whether columns of taps are padded to TR for kernels made for the window.
func (c *ConvWeights) fixed() bool {
	return !c.twice && c.set().Depthwise.Fixed(c.shape.KH, c.shape.KW)
}

// depthwiseTaps returns the number of packed taps, surplus ones included.
func (c *ConvWeights) depthwiseTaps() int {
	s, tr := &c.shape, c.set().Depthwise.TR
	if c.fixed() {
		return roundUp(s.KH, tr) * s.KW
	}
	n := s.KH * s.KW
	if c.twice {
		n *= 2
	}
	return roundUp(n, tr)
}

// eachTap calls f for the packed taps that have a weight.
func (c *ConvWeights) eachTap(f func(t, ky, kx int, second bool)) {
	s := &c.shape
	column := s.KH
	if c.fixed() {
		column = roundUp(s.KH, c.set().Depthwise.TR)
	}
	for kx := range s.KW {
		for ky := range s.KH {
			f(kx*column+ky, ky, kx, false)
			if c.twice {
				f(s.KW*s.KH+kx*column+ky, ky, kx, true)
			}
		}
	}
}
