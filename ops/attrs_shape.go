package ops

import "github.com/octet-ml/octet/graph"

// Concat is the attributes of Concat. Quantized inputs are requantized to the output's Quant where theirs differs.
type Concat struct{ Axis int }

// Split is the attributes of Split: inputs X, sizes? (int64); without sizes the axis is cut in as many equal parts, the last one
// smaller, as there are outputs.
type Split struct{ Axis int }

// Gather is the attributes of Gather: inputs X, indices (int32 or int64, negative from the end).
type Gather struct{ Axis int }

// PadMode says what padding holds.
type PadMode uint8

// The modes of Pad, as in ONNX.
const (
	PadConstant PadMode = iota
	PadReflect
	PadEdge
	PadWrap
)

// Pad is the attributes of Pad: inputs X, pads (int64, begins then ends; negative crops), value? (X's type; default 0, for quantized X its zero point), axes?.
type Pad struct{ Mode PadMode }

// Reshape is the attributes of Reshape: inputs X, shape? (int64 with ONNX's 0 and -1). Where To is not nil it is the output shape and there
// is no second input.
type Reshape struct {
	To        graph.Shape
	AllowZero bool
}

// Expand is the attributes of Expand: inputs X, shape?. Where To is not nil it replaces the second input.
type Expand struct{ To graph.Shape }

// ConstantOfShape is the attributes of ConstantOfShape: input shape?; To as in Expand.
type ConstantOfShape struct {
	Value *graph.Tensor // one element; nil means float32 0
	To    graph.Shape
}

// Flatten is the attributes of Flatten.
type Flatten struct{ Axis int }

// Transpose is the attributes of Transpose; a nil Perm reverses the axes.
type Transpose struct{ Perm []int }

// Shape is the attributes of Shape: the dimensions from Start up to End, both as slice bounds; the output is int64.
type Shape struct {
	Start  int
	End    int
	HasEnd bool
}

// Squeeze has no attributes: inputs X, axes? (int64, constant). Unsqueeze likewise, with axes required.
type Squeeze struct{}

// Slice has no attributes: inputs X, starts, ends, axes?, steps? (int64 or int32).
type Slice struct{}

// DepthToSpace is the attributes of DepthToSpace and SpaceToDepth.
type DepthToSpace struct {
	Block  int
	CRD    bool // DepthToSpace: column-row-depth order
	Layout Layout
}

// Resize is the attributes of Resize: inputs X, region of interest?, scales?, sizes? (constants).
type Resize struct {
	Mode           string // "nearest", "linear" or "cubic"
	Coordinates    string // ONNX coordinate_transformation_mode
	Nearest        string // ONNX nearest_mode
	CubicA         float32
	ExcludeOutside bool
	Extrapolation  float32
	Antialias      bool
	Axes           []int
	Policy         string // ONNX keep_aspect_ratio_policy
}
