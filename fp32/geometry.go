package f32

import "fmt"

// Geometry describes how windows of the input become pixels of the output. Pairs are height, width.
type Geometry struct {
	N, H, W            int // input; its channels belong to the layer
	Strides, Dilations [2]int
	Pads               [4]int // top, left, bottom, right
	OH, OW             int    // output, with ceil mode and automatic padding already resolved
}

// check validates a geometry for a kernel size and the channels of input and output.
//
// A window may reach past the bottom and right pads (ceil mode), by less than a stride.
func (g Geometry) check(kernel [2]int, inChannels, outChannels int) error {
	in, out, size := [2]int{g.H, g.W}, [2]int{g.OH, g.OW}, MaxElements
	for i, axis := range [2]string{"height", "width"} {
		before, after := g.Pads[i], g.Pads[i+2]
		for _, v := range []int{in[i], out[i], g.Strides[i], g.Dilations[i], kernel[i]} {
			if v < 1 || v > size {
				return fmt.Errorf("%s: %w: input %d, output %d, stride %d, dilation %d, kernel %d: each must be 1..%d",
					axis, ErrGeometry, in[i], out[i], g.Strides[i], g.Dilations[i], kernel[i], size)
			}
		}
		if before < 0 || after < 0 || before > size || after > size {
			return fmt.Errorf("%s: %w: pads %d and %d", axis, ErrGeometry, before, after)
		}
		// int64 holds these sums and products: each factor is below 2²⁹.
		extent := int64(kernel[i]-1)*int64(g.Dilations[i]) + 1
		most := (int64(in[i])+int64(before)+int64(after)-extent+int64(g.Strides[i])-1)/int64(g.Strides[i]) + 1
		if int64(in[i])+int64(before)+int64(after) < extent {
			most = 1
		}
		if int64(out[i]) > most {
			return fmt.Errorf("%s: %w: output %d, at most %d for input %d, pads %d and %d, stride %d, window %d",
				axis, ErrGeometry, out[i], most, in[i], before, after, g.Strides[i], extent)
		}
	}
	if _, ok := product(g.N, g.H, g.W, inChannels); !ok {
		return fmt.Errorf("%w: input %dx%dx%dx%d exceeds %d elements", ErrGeometry, g.N, g.H, g.W, inChannels, size)
	}
	if _, ok := product(g.N, g.OH, g.OW, outChannels); !ok {
		return fmt.Errorf("%w: output %dx%dx%dx%d exceeds %d elements", ErrGeometry, g.N, g.OH, g.OW, outChannels, size)
	}
	return nil
}

// axisTable returns, for each tap and output position of one axis, the input position times unit, or -1 outside.
func axisTable(in, out, taps, stride, dilation, before, unit int) []int32 {
	table := make([]int32, taps*out)
	for t := range taps {
		for o := range out {
			table[t*out+o] = -1
			// int64: positions far outside would overflow int on 32-bit machines.
			if i := int64(o)*int64(stride) + int64(t)*int64(dilation) - int64(before); i >= 0 && i < int64(in) {
				table[t*out+o] = int32(int(i) * unit)
			}
		}
	}
	return table
}
