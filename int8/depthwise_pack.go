package i8

import "github.com/octet-ml/octet/int8/internal/kernel"

// packDepthwise packs [block][tap/TR][NC][TR]. Taps go by columns of the window, or where kernels are made for the
// window as these want it (kernel.FixedTaps). 4-bit weights are widened: a depthwise layer has few.
//
// A weight zero point is subtracted here. Where a difference leaves int8, every tap stands two or three times, and its weights
// add up to it: -255..254 needs two, 255 three.
func (c *ConvWeights) packDepthwise(w *Weights) {
	f := &c.set().Depthwise
	c.form, c.k, c.parts = formDepthwise, 1, 1
	n := w.KH * w.KW
	values := make([]int16, 0, w.OC*n)
	var codes []byte
	for o := range w.OC {
		codes = w.codes(codes[:0], o*n, (o+1)*n)
		for _, code := range codes {
			v := w.value(code) - w.Zero
			for c.parts < 3 && (v < -128*int32(c.parts) || v > 127*int32(c.parts)) {
				c.parts++
			}
			values = append(values, int16(v))
		}
	}
	c.taps = roundUp(n*c.parts, f.TR)
	if c.parts == 1 {
		if c.window = f.Fixed(w.KH, w.KW); c.window > 0 {
			c.taps = len(kernel.FixedTaps(c.window))
		}
	}
	for ch := 0; ch < w.OC; ch += f.NC {
		i := len(c.panels)
		p := panel{channel: ch, cols: min(f.NC, w.OC-ch), column: i * f.NC, width: f.NC, at: i * roundUp(c.taps*f.NC, 64)}
		for p.width > 8 && p.cols <= p.width/2 {
			p.width /= 2
		}
		c.panels = append(c.panels, p)
	}
	c.data = alignedBytes(len(c.panels) * roundUp(c.taps*f.NC, 64))
	for i := range c.panels {
		p := &c.panels[i]
		for d, column := range f.Order {
			o := c.channel(p, column)
			if o < 0 {
				continue
			}
			c.eachTap(func(t, ky, kx, part int) {
				v := values[o*n+ky*w.KW+kx]
				for range part {
					v -= max(-128, min(127, v))
				}
				c.data[p.at+t/f.TR*f.TR*f.NC+d*f.TR+t%f.TR] = byte(max(-128, min(127, v)))
			})
		}
	}
}

// eachTap calls f for the packed taps that have a weight, and for each of its parts.
func (c *ConvWeights) eachTap(f func(t, ky, kx, part int)) {
	s := &c.shape
	if c.window > 0 {
		for t, tap := range kernel.FixedTaps(c.window) {
			if tap.Y >= 0 {
				f(t, tap.Y, tap.X, 0)
			}
		}
		return
	}
	for kx := range s.KW {
		for ky := range s.KH {
			for part := range c.parts {
				f((part*s.KW+kx)*s.KH+ky, ky, kx, part)
			}
		}
	}
}
