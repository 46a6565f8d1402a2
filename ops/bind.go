package ops

import (
	"strings"

	"github.com/octet-ml/octet/graph"
)

// A binder ties a node to its operands as a step of plain loops. It checks nothing that Infer has checked, and everything
// that does not depend on data is computed here, so that the step allocates nothing. Operands of absent inputs and
// unwanted outputs are nil. Inputs that are constant, such as axes, may be read at once; others when the step runs.
type binder func(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error)

// reference is Operator.Reference: the whole step at once.
func (b binder) reference(n *graph.Node, in, out []*graph.Tensor) error {
	s, err := b(n, in, out)
	if err != nil {
		return err
	}
	s.F(nil, 0, s.N)
	return nil
}

// lower is Operator.Lower: the step's tiles.
func (b binder) lower(_ *Target, n *graph.Node) (*Lowered, error) {
	l := &Lowered{Kernel: plainKernel(n)}
	l.Bind = func(buf Buffers) (Step, error) {
		s, err := b(n, wrapConst(n.Inputs, buf.In), wrap(n.Outputs, buf.Out))
		if err != nil {
			return nil, err
		}
		return s, nil
	}
	return l, nil
}

// plainKernel names the plain loops of a node, such as "u8_concat__generic".
func plainKernel(n *graph.Node) string {
	d := "any"
	if len(n.Inputs) > 0 && n.Inputs[0] != nil {
		d = n.Inputs[0].DType.String()
	}
	return d + "_" + strings.ToLower(n.Op) + "__generic"
}

// wrapConst is wrap with the tensors of constants where no buffer is given.
func wrapConst(values []*graph.Value, data [][]byte) []*graph.Tensor {
	ts := make([]*graph.Tensor, len(values))
	for i, v := range values {
		switch {
		case v == nil:
		case v.Const != nil:
			ts[i] = v.Const
		case i < len(data) && data[i] != nil:
			ts[i] = &graph.Tensor{DType: v.DType, Shape: v.Shape, Data: data[i]}
		}
	}
	return ts
}

// tileBytes is about how many bytes of output a tile of plain loops makes.
const tileBytes = 16 << 10

// spread makes a step of n units, each of about cost bytes, that run in tiles of several.
//
//go:noinline // or each instance of a generic function would get a copy
func spread(n, cost int, run func(from, to int)) FuncStep {
	per := max(1, tileBytes/max(cost, 1))
	return FuncStep{N: (n + per - 1) / per, F: func(_ []byte, from, to int) {
		if first, last := from*per, min(to*per, n); first < last {
			run(first, last)
		}
	}}
}

// whole makes a step of one tile.
func whole(run func()) FuncStep {
	return FuncStep{N: 1, F: func(_ []byte, from, to int) {
		if from < to {
			run()
		}
	}}
}

// input returns operand i, or nil where it is absent.
func input(ts []*graph.Tensor, i int) *graph.Tensor {
	if i < len(ts) {
		return ts[i]
	}
	return nil
}

// constant returns the integers of constant input i of the node, or nil where the input is absent. Infer has to know them,
// so an input that is computed is an error that says so.
func constant(n *graph.Node, i int, what string) ([]int64, error) {
	v := n.Input(i)
	if v == nil {
		return nil, nil
	}
	if v.Const == nil {
		return nil, unsupportedf("%s: %q is computed: want a constant", what, v.Name)
	}
	if len(v.Shape) > 1 {
		return nil, shapeErrorf("%s: want a list, got shape %v", what, v.Shape)
	}
	if v.Quant != nil {
		return nil, typeErrorf("%s: %q is quantized", what, v.Name)
	}
	list, err := v.Const.Ints()
	if err != nil {
		return nil, typeErrorf("%s: %w", what, err)
	}
	return list, nil
}

// constantAxes returns constant input i as distinct axes of a tensor of the given rank.
func constantAxes(n *graph.Node, i, rank int) ([]int, error) {
	list, err := constant(n, i, "axes")
	if err != nil {
		return nil, err
	}
	axes := make([]int, len(list))
	for k, a := range list {
		if a < int64(-rank) || a >= int64(rank) {
			return nil, shapeErrorf("axis %d is outside rank %d", a, rank)
		}
		if axes[k] = int(a); a < 0 {
			axes[k] += rank
		}
		for _, b := range axes[:k] {
			if b == axes[k] {
				return nil, shapeErrorf("axis %d is given twice", a)
			}
		}
	}
	return axes, nil
}

// axisOf returns an axis of s counted from the end where negative.
func axisOf(s graph.Shape, axis int) (int, error) {
	a, err := s.Axis(axis)
	if err != nil {
		return 0, shapeErrorf("%w", err)
	}
	return a, nil
}

// volume returns the product of bound dimensions.
func volume(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}

// rowMajor returns the element strides of a dense tensor of shape s.
func rowMajor(s graph.Shape) []int {
	out := make([]int, len(s))
	n := 1
	for i := len(s) - 1; i >= 0; i-- {
		out[i] = n
		n *= s[i]
	}
	return out
}
