package ops

import "math"

// Layout is the order of axes of a spatial operator's tensors.
type Layout uint8

// The layouts: activations and, for convolutions, the weights that go with them.
const (
	NCHW Layout = iota // weights OIHW
	NHWC               // weights OHWI
)

// AutoPad says how padding is found; the names are ONNX's.
type AutoPad uint8

// The ways of padding. With SameUpper and SameLower the output has ceil(in/stride) positions and the odd pixel of padding
// is at the end or at the beginning.
const (
	Explicit AutoPad = iota
	SameUpper
	SameLower
	Valid
)

// Clamp is an interval of real numbers that results are cut to. The zero value cuts nothing.
type Clamp struct {
	On     bool
	Lo, Hi float32 // Hi may be +Inf, Lo -Inf
}

// Bounds returns the interval, all real numbers where the clamp is off.
func (c Clamp) Bounds() (lo, hi float32) {
	if !c.On {
		return float32(math.Inf(-1)), float32(math.Inf(1))
	}
	return c.Lo, c.Hi
}

// And returns the clamp that applies c and then [lo, hi].
func (c Clamp) And(lo, hi float32) Clamp {
	l, h := c.Bounds()
	return Clamp{On: true, Lo: min(max(l, lo), hi), Hi: max(min(h, hi), lo)}
}

// Window is what convolutions and pools share: a kernel that slides over two spatial axes, height first.
type Window struct {
	Layout    Layout
	Strides   [2]int // at least 1; 0 means 1
	Dilations [2]int // at least 1; 0 means 1
	Pads      [4]int // top, left, bottom, right; used when AutoPad is Explicit
	AutoPad   AutoPad
}

// Conv is the attributes of Conv: inputs X, W, bias?, residual?, zero point of X?.
//
// W is [oc, ic/group, kh, kw] in NCHW and [oc, kh, kw, ic/group] in NHWC. The bias has oc elements: float32 beside float
// data; int32 at scale sx*sw[c] beside quantized data, where its own Quant may be absent. The residual has the shape of the
// output and is added before the clamp. The zero point of X, of the same type, is for data quantized at run time: one element, or one
// for each image, which its padding then counts as.
// Data types: float X and W give a float output; integer X and W give the declared output: quantized, int32 accumulators, or float32 scaled by
// both quantizations.
type Conv struct {
	Window
	Group int // 0 means 1
	Clamp Clamp
	// Sum holds, for a quantized convolution with a residual, the scale and zero point that the convolution's own result
	// is rounded to before the sum.
	Sum *SumQuant
}

// SumQuant is the quantization of an intermediate 8-bit result that is never stored.
type SumQuant struct {
	Scale  float32
	Zero   int32
	Clamp  Clamp // of the intermediate result
	Signed bool  // the intermediate result is int8, otherwise uint8; its output is then int8 too
}

// Dense is the attributes of Dense, a matrix product with constant weights: inputs X [..., k], W [n, k], bias? [n], residual?, zero point of X?;
// the output is [..., n]. The types are those of Conv.
type Dense struct {
	Clamp Clamp
	Sum   *SumQuant
	// Flatten says that X's axes but the first are taken as k, whatever their number.
	Flatten bool
}

// Gemm is the attributes of Gemm: inputs A [m k] (transposed where TransA), B [k n] (TransB), C? broadcast to [m n];
// the output is Alpha*A*B + Beta*C. Quantized data give the declared quantized output.
type Gemm struct {
	Alpha, Beta    float32
	TransA, TransB bool
}

// MatMul has no attributes: inputs A, B, zero point of A?, zero point of B? (for integers quantized at run time); NumPy's matmul with broadcast leading axes.
// Integer A and B give the declared output: quantized, or int32 accumulators.
type MatMul struct{}

// Pool is the attributes of MaxPool (outputs Y, indices?) and AveragePool.
type Pool struct {
	Window
	Kernel          [2]int // height, width
	Ceil            bool   // the output size is rounded up
	CountIncludePad bool   // AveragePool: padding counts as zeros
	ColumnMajor     bool   // MaxPool: order of the indices (ONNX storage_order)
	Clamp           Clamp
	// HalfAway says, for an AveragePool whose input and output are quantized alike, that the average of the stored integers
	// is rounded to the nearest one, ties away from Center, as TensorFlow Lite has it; otherwise ties go to even.
	HalfAway bool
	Center   int32 // 0 in the file's type; 128 where int8 data became uint8
}

// GlobalPool is the attributes of GlobalAveragePool and GlobalMaxPool, over both spatial axes, which are kept with size 1.
type GlobalPool struct {
	Layout Layout
}

// BatchNormalization is the attributes of BatchNormalization in inference form: inputs X, scale, bias, mean, variance, each [c].
type BatchNormalization struct {
	Epsilon float32
	Layout  Layout // position of the channel axis: 1, or last
}

// LRN is the attributes of local response normalization across channels.
type LRN struct {
	Size              int
	Alpha, Beta, Bias float32
	Layout            Layout
}

// InstanceNormalization is the attributes of InstanceNormalization: inputs X [n c ...], scale [c], bias [c].
type InstanceNormalization struct{ Epsilon float32 }

// GroupNormalization is the attributes of GroupNormalization: inputs X [n c ...], scale [c], bias [c] (opset 21 form).
type GroupNormalization struct {
	Epsilon float32
	Groups  int
}

// LayerNormalization is the attributes of LayerNormalization: inputs X, scale, bias?; outputs Y, mean?, inverse standard deviation?.
type LayerNormalization struct {
	Axis    int
	Epsilon float32
}
