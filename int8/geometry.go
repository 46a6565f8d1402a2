package i8

import (
	"fmt"
	"math"
)

// Geometry is where a window of taps visits an NHWC input. Channels belong to the layer.
//
// Output pixel (y, x) reads input pixels (y*Strides[0] - Pads[0] + i*Dilations[0], x*Strides[1] - Pads[1] + j*Dilations[1]);
// whatever lies outside the input is padding, so OH and OW may exceed what the pads at the end allow (ceil mode).
type Geometry struct {
	N, H, W   int    // input batch, height, width
	Strides   [2]int // height, width
	Dilations [2]int // height, width
	Pads      [4]int // top, left, bottom, right
	OH, OW    int    // output height, width
}

// maxSide bounds heights, widths, strides, dilations and pads, so that coordinates fit int32 on every platform.
const maxSide = 1 << 20

func (g *Geometry) validate(what string) error {
	if g.N < 1 || g.H < 1 || g.W < 1 || g.OH < 1 || g.OW < 1 || max(g.H, g.W, g.OH, g.OW) > maxSide {
		return fmt.Errorf("i8: %s: %w: input %dx%dx%d, output %dx%d", what, ErrShape, g.N, g.H, g.W, g.OH, g.OW)
	}
	for i := range 2 {
		if g.Strides[i] < 1 || g.Dilations[i] < 1 || g.Strides[i] > maxSide || g.Dilations[i] > maxSide {
			return fmt.Errorf("i8: %s: %w: strides %v, dilations %v", what, ErrParameter, g.Strides, g.Dilations)
		}
	}
	for _, p := range g.Pads {
		if p < 0 || p > maxSide {
			return fmt.Errorf("i8: %s: %w: pads %v", what, ErrParameter, g.Pads)
		}
	}
	if int64(g.OH)*int64(g.Strides[0]) > 1<<30 || int64(g.OW)*int64(g.Strides[1]) > 1<<30 {
		return fmt.Errorf("i8: %s: %w: output %dx%d with strides %v", what, ErrShape, g.OH, g.OW, g.Strides)
	}
	return nil
}

// Output is the type of a convolution's result.
type Output uint8

// The outputs.
const (
	OutU8  Output = iota // requantized to uint8
	OutI32               // the accumulator
	OutF32               // float32(acc) * multiplier
)

// Epilogue is what becomes of the accumulators of a convolution. Slices are copied by Plan.
type Epilogue struct {
	Output     Output
	InZero     int32       // zero point of src, 0..255; a padded tap reads it
	RunZero    bool        // ConvArgs.InZero has the zero point instead, which is known only when the step runs
	Bias       []int32     // nil or [oc], at scale sx*sw
	Multiplier []float32   // OutU8: sx*sw[c]/sy; OutF32: sx*sw[c]; length 1 or oc, finite, not negative; unused for OutI32
	OutZero    int32       // OutU8: 0..255
	Lo, Hi     uint8       // OutU8: clamp of the result (0 and 255: none)
	LoF, HiF   float32     // OutF32: clamp (-Inf, +Inf: none)
	Add        *AddParams  // OutU8: residual addition to the result of the above; B is the residual
	LUT        *[256]uint8 // OutU8: applied to the result last (nil: none)
	Pitch      int         // OutU8: bytes between pixels of Dst, at least oc, where it is a slice of wider pixels (0: oc)
}

func (e *Epilogue) validate(oc int) error {
	if e.Output > OutF32 {
		return fmt.Errorf("i8: conv: %w: output %d", ErrParameter, e.Output)
	}
	if e.InZero < 0 || e.InZero > 255 || e.OutZero < 0 || e.OutZero > 255 {
		return fmt.Errorf("i8: conv: %w: zero points %d and %d, want 0..255", ErrParameter, e.InZero, e.OutZero)
	}
	if e.Bias != nil && len(e.Bias) != oc {
		return fmt.Errorf("i8: conv: %w: %d biases for %d channels", ErrShape, len(e.Bias), oc)
	}
	if e.Pitch != 0 && (e.Output != OutU8 || e.Pitch < oc) {
		return fmt.Errorf("i8: conv: %w: %d bytes between pixels of %d channels", ErrParameter, e.Pitch, oc)
	}
	if e.Output != OutU8 && (e.Add != nil || e.LUT != nil) {
		return fmt.Errorf("i8: conv: %w: residual and table need uint8 output", ErrParameter)
	}
	if e.Output == OutU8 && e.Lo > e.Hi || e.Output == OutF32 && !(e.LoF <= e.HiF) {
		return fmt.Errorf("i8: conv: %w: empty clamp", ErrParameter)
	}
	if e.Output == OutI32 {
		return nil
	}
	if n := len(e.Multiplier); n != 1 && n != oc {
		return fmt.Errorf("i8: conv: %w: %d multipliers for %d channels", ErrShape, n, oc)
	}
	for i, m := range e.Multiplier {
		if !(m >= 0) || math.IsInf(float64(m), 0) {
			return fmt.Errorf("i8: conv: %w: multiplier %d is %g, want finite and not negative", ErrParameter, i, m)
		}
	}
	return nil
}

func (e *Epilogue) multiplier(c int) float32 {
	if len(e.Multiplier) == 1 {
		return e.Multiplier[0]
	}
	return e.Multiplier[c]
}

// bias returns the bias of channel c with the compensation for the input's zero point: the sum over taps of
// (x-InZero)*(w-Zero) is the sum of x*(w-Zero) less InZero times the sum of (w-Zero).
func (e *Epilogue) bias(c int, sum int32) int32 {
	b := -e.InZero * sum
	if e.Bias != nil {
		b += e.Bias[c]
	}
	return b
}
