package ops

import "math"

// Output returns the number of positions of the window over an input with sizes in, height first, and the padding that
// the output assumes: top, left, bottom, right. With ceil a position that does not fit whole still counts where it starts
// inside the input or the padding before it (ONNX MaxPool-22, AveragePool-22). Sizes out of range are an error.
func (w Window) Output(in [2]int, kernel [2]int, ceil bool) (out [2]int, pads [4]int, err error) {
	for i := range 2 {
		a := windowAxis{in: in[i], kernel: kernel[i], stride: max(w.Strides[i], 1), dilation: max(w.Dilations[i], 1), ceil: ceil}
		a.begin, a.end = w.Pads[i], w.Pads[i+2]
		if w.Strides[i] < 0 || w.Dilations[i] < 0 {
			return out, pads, shapeErrorf("strides %v, dilations %v: want at least 1", w.Strides, w.Dilations)
		}
		if err = a.resolve(w.AutoPad); err != nil {
			return out, pads, err
		}
		out[i], pads[i], pads[i+2] = a.out, a.begin, a.end
	}
	return out, pads, nil
}

// windowAxis is one axis of a window over an input.
type windowAxis struct {
	in, kernel, stride, dilation int
	begin, end                   int // padding
	ceil                         bool
	out                          int
}

// resolve sets the padding and the number of positions.
func (a *windowAxis) resolve(auto AutoPad) error {
	if a.in < 0 || a.kernel < 1 {
		return shapeErrorf("window of %d over %d: want sizes of at least 1 that do not depend on the batch", a.kernel, a.in)
	}
	// Each is at most 2³¹, so that their products and sums fit an int64.
	if max(a.in, a.kernel, a.stride, a.dilation, a.begin, a.end) > math.MaxInt32 {
		return shapeErrorf("window of %d, stride %d, dilation %d, padding %d and %d over %d: too large", a.kernel, a.stride, a.dilation, a.begin, a.end, a.in)
	}
	in, stride := int64(a.in), int64(a.stride)
	extent := int64(a.kernel-1)*int64(a.dilation) + 1
	if extent > math.MaxInt32 {
		return shapeErrorf("window of %d with dilation %d: too large", a.kernel, a.dilation)
	}
	switch auto {
	case Valid:
		a.begin, a.end = 0, 0
	case SameUpper, SameLower:
		return a.same(auto, extent)
	case Explicit:
		if a.begin < 0 || a.end < 0 {
			return shapeErrorf("padding %d and %d: want at least 0", a.begin, a.end)
		}
	default:
		return shapeErrorf("unknown padding mode %d", auto)
	}
	room := in + int64(a.begin) + int64(a.end) - extent
	if room < 0 {
		return shapeErrorf("window of extent %d does not fit %d with padding %d and %d", extent, a.in, a.begin, a.end)
	}
	out := room/stride + 1
	if a.ceil && room%stride != 0 && out*stride < in+int64(a.begin) {
		out++
	}
	return a.set(out)
}

// same sets the padding for ceil(in/stride) positions.
func (a *windowAxis) same(auto AutoPad, extent int64) error {
	out := (int64(a.in) + int64(a.stride) - 1) / int64(a.stride)
	total := max((out-1)*int64(a.stride)+extent-int64(a.in), 0)
	a.begin = int(total / 2)
	a.end = int(total - total/2)
	if auto == SameLower {
		a.begin, a.end = a.end, a.begin
	}
	return a.set(out)
}

func (a *windowAxis) set(out int64) error {
	if out > math.MaxInt32 {
		return shapeErrorf("window has %d positions: too many", out)
	}
	a.out = int(out)
	return nil
}
