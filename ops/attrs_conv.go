package ops

import (
	"math"

	"github.com/octet-ml/octet/graph"
)

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
	Sum      *SumQuant
	Function *ByteFunction // of a quantized convolution: a function of its bytes, applied last
}

// SumQuant is the quantization of an intermediate 8-bit result that is never stored.
type SumQuant struct {
	Scale  float32
	Zero   int32
	Clamp  Clamp // of the intermediate result
	Signed bool  // the intermediate result is int8, otherwise uint8; its output is then int8 too
}

// ByteFunction is a function of one byte that a layer with a quantized output applies to what it has rounded, clamped and added: the
// layer's result is uint8 with this scale and zero point, and the output, uint8 of its own quantization, is Table at it.
type ByteFunction struct {
	Scale float32
	Zero  int32
	Table *graph.Tensor // u8[256]
}

// argument returns a value like y, quantized as what the function is applied to; y itself where there is no function.
func (l *ByteFunction) argument(y *graph.Value) *graph.Value {
	if l == nil {
		return y
	}
	return &graph.Value{Name: y.Name, DType: graph.Uint8, Shape: y.Shape, Quant: graph.PerTensor(l.Scale, l.Zero)}
}

// After returns the function that applies first, which may be nil, and then l.
func (l *ByteFunction) After(first *ByteFunction) *ByteFunction {
	if first == nil {
		return l
	}
	t := graph.NewTensor(graph.Uint8, 256)
	for i := range t.Data {
		t.Data[i] = l.Table.Data[first.Table.Data[i]]
	}
	return &ByteFunction{Scale: first.Scale, Zero: first.Zero, Table: t}
}

// check returns an error unless y can be the output of a layer with the function.
func (l *ByteFunction) check(y *graph.Value) error {
	if l == nil {
		return nil
	}
	if l.Table == nil {
		return typeErrorf("function of bytes without a table")
	}
	if l.Table.DType != graph.Uint8 || !l.Table.Shape.Equal(graph.Shape{256}) || l.Table.Check() != nil {
		return typeErrorf("table of a function of bytes: want u8[256], got %v%v", l.Table.DType, l.Table.Shape)
	}
	if y.DType != graph.Uint8 || !perTensorByte(y) {
		return typeErrorf("output of a function of bytes: want per-tensor quantized u8, got %v %v", y.DType, y.Quant)
	}
	if err := l.argument(y).Quant.Check(graph.Uint8, nil); err != nil {
		return typeErrorf("argument of a function of bytes: %w", err)
	}
	return nil
}

// Dense is the attributes of Dense, a matrix product with constant weights: inputs X [..., k], W [n, k], bias? [n], residual?, zero point of X?;
// the output is [..., n]. The types are those of Conv.
type Dense struct {
	Clamp    Clamp
	Sum      *SumQuant
	Function *ByteFunction
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
