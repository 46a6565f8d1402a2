package ops

import (
	"github.com/octet-ml/octet/fp32"
	"github.com/octet-ml/octet/graph"
	i8 "github.com/octet-ml/octet/int8"
)

// Operator is a row of the table: what an operator means. Rows are immutable.
type Operator struct {
	// Name is the operator's name, as in Node.Op.
	Name string
	// Attrs returns a new attribute struct with the defaults; nil where the operator has no attributes.
	Attrs func() any
	// In and Out bound the number of inputs and outputs.
	In, Out Arity
	// Infer sets data type, shape and quantization of the node's outputs from its inputs and attributes. Inputs have known
	// types and shapes, the batch dimension perhaps unbound; constant inputs have a Const. It keeps a type or Quant that an
	// output already declares. It may be called again after inputs changed.
	Infer func(n *graph.Node) error
	// Reference computes the outputs, which have the right type, shape and length, in plain loops. All shapes are bound.
	// Entries of absent inputs and unwanted outputs, of which the first is none, are nil.
	Reference func(n *graph.Node, in, out []*graph.Tensor) error
	// Lower binds kernels; nil runs Reference as one tile. The node has its first output, wanted or not.
	Lower func(t *Target, n *graph.Node) (*Lowered, error)

	// Capabilities, each nil or false where absent.

	// View says that output 0 always has the bytes of input 0.
	View bool
	// PlainIntegers says that the operator works on the bits of integers, whatever reals they stand for.
	PlainIntegers bool
	// InPlace reports whether output 0 may be written over input i as it is computed.
	InPlace func(n *graph.Node, i int) bool
	// Permute rewrites the node in place so that, given inputs whose axes are permuted by perm, it gives outputs permuted
	// likewise; it reports false, with the node unchanged, where that cannot be. perm is as in Transpose: axis i of the
	// permuted tensor is axis perm[i] of the original one. Constant inputs that are not data (axes, pads) are rewritten;
	// which inputs are data, and so permuted by the caller, is told by Data.
	Permute func(n *graph.Node, perm []int) bool
	// Data reports whether input i is data that a permutation of axes applies to; nil means every input.
	Data func(n *graph.Node, i int) bool
	// WithClamp returns the node's attributes with the output additionally clamped to the real interval [lo, hi].
	WithClamp func(attrs any, lo, hi float32) (any, bool)
	// Place tells where the bytes of input i stand in output 0; false where the operator changes them on the way. What stands
	// there already when the node is bound, its buffer nil, is not copied.
	Place func(n *graph.Node, i int) (Region, bool)
	// ReadsFloat reports whether the node, whose output is quantized, is computed well from float32 in place of an input that a
	// Quantize makes with the quantization of the output.
	ReadsFloat func(n *graph.Node) bool
	// Elementwise says that every element of output 0 is a function of the elements of the inputs in its place, to which these
	// broadcast.
	Elementwise bool
	// WithFunction returns the attributes of a node whose output is uint8 quantized per tensor with function l applied to the
	// output, which is quantized as the function's argument.
	WithFunction func(attrs any, l *ByteFunction) any
	// ByImage reports whether images are independent of each other, given that the first axis of the data is the batch; see the
	// function ByImage, which knows elementwise operators and views by themselves.
	ByImage func(n *graph.Node) bool
}

// Region is rows of bytes within a larger tensor: Rows rows of Run bytes, Pitch bytes apart, from byte At on.
type Region struct{ At, Rows, Run, Pitch int }

// Bytes returns the number of bytes from the beginning of the first row to the end of the last one.
func (r Region) Bytes() int { return (r.Rows-1)*r.Pitch + r.Run }

// Arity bounds a number of inputs or outputs; Max is -1 where there is no upper bound.
type Arity struct{ Min, Max int }

// Target is what a node is lowered for.
type Target struct {
	I8    *i8.Kernels
	F32   *f32.Kernels
	Packs *Packs // packed weights shared by the plans of one program
}

// Lowered is a node bound to kernels: immutable, shared by all sessions of a program.
type Lowered struct {
	Kernel  string // name of the kernel, "reference" where Reference runs
	Scratch int    // bytes of scratch that each worker needs
	Weights int    // bytes of packed weights
	// Proved is the share of the products of an integer layer that are proved not to leave 16 bits, so that a level without VNNI
	// may add them fast; 0 where the kernels have no use for that.
	Proved float64
	// Bind ties the kernels to the buffers of one session. Buffers may be read, but not written, up to 64 bytes past
	// their end.
	Bind func(b Buffers) (Step, error)
	// Pitched lowers the node so that the rows of output 0, its elements along the last axis, stand pitch bytes apart; its buffer
	// then ends with the last row. nil where the kernels cannot do that.
	Pitched func(pitch int) (*Lowered, error)
}

// Buffers are the operands of a node in a session: little-endian elements, 64-byte aligned except for constants, regions and
// images of a batch; nil where absent.
type Buffers struct{ In, Out [][]byte }

// Step is the work of one node: Tiles pieces that may run concurrently, in any order, each worker with its own scratch.
type Step interface {
	// Tiles returns the number of pieces.
	Tiles() int
	// Run computes the pieces from up to but not including to.
	Run(scratch []byte, from, to int)
}
