package ops

import (
	"slices"

	"github.com/octet-ml/octet/graph"
)

// padding returns how many indices a Pad node adds before and after each axis; negative ones are cut off.
func padding(n *graph.Node) (before, after []int, err error) {
	s := n.Inputs[0].Shape
	list, err := constant(n, 1, "pads")
	if err != nil {
		return nil, nil, err
	}
	axes, err := constantAxes(n, 3, len(s))
	if err != nil {
		return nil, nil, err
	}
	if n.Input(3) == nil {
		for i := range s {
			axes = append(axes, i)
		}
	}
	if len(list) != 2*len(axes) {
		return nil, nil, shapeErrorf("%d pads of %d axes", len(list), len(axes))
	}
	before, after = make([]int, len(s)), make([]int, len(s))
	for i, a := range axes {
		b, e := list[i], list[i+len(axes)]
		if max(b, e, -b, -e) > graph.MaxElements {
			return nil, nil, shapeErrorf("pads %v", list)
		}
		before[a], after[a] = int(b), int(e)
	}
	return before, after, nil
}

func inferPad(n *graph.Node) error {
	x := n.Inputs[0]
	before, after, err := padding(n)
	if err != nil {
		return err
	}
	mode := attrs[Pad](n).Mode
	if mode > PadWrap {
		return unsupportedf("padding mode %d", mode)
	}
	s := x.Shape.Clone()
	for i, d := range s {
		if before[i] == 0 && after[i] == 0 {
			continue
		}
		if d < 0 {
			return unsupportedf("padding of the unbound batch axis of %v", s)
		}
		if q := x.Quant; q != nil && !q.IsPerTensor() && (q.Axis == i || q.Block > 0) {
			return unsupportedf("padding along a quantized axis")
		}
		if err := checkPadding(mode, d, before[i], after[i]); err != nil {
			return err
		}
		s[i] = d + before[i] + after[i]
	}
	if v := n.Input(2); v != nil {
		if count, err := v.Shape.Elements(); err != nil || count != 1 {
			return shapeErrorf("value %q: want one element, got %v", v.Name, v.Shape)
		}
		if v.DType != x.DType {
			return typeErrorf("value %q of type %v, data %v", v.Name, v.DType, x.DType)
		}
	}
	return setMoved(n, 0, x, s, x.Quant)
}

// checkPadding returns an error unless every index of the padded axis, of size d before, has something to hold.
func checkPadding(mode PadMode, d, before, after int) error {
	if d+min(before, 0)+min(after, 0) < 0 {
		return shapeErrorf("padding %d and %d leaves nothing of %d", before, after, d)
	}
	if d == 0 && mode != PadConstant && max(before, after) > 0 {
		return shapeErrorf("padding of an empty axis in mode %d", mode)
	}
	return nil
}

// pad fills with constants in the data's own integers, so that their value, if any, has the quantization of the data.
var pad = viaFloatUnlessEqual(viaBytes(bindPad), dataFirst)

// source returns the index of an axis of size d that index i, counted from the data's first, holds in the mode; -1 for the
// constant.
func (mode PadMode) source(i, d int) int {
	if i >= 0 && i < d {
		return i
	}
	switch mode {
	case PadEdge:
		return min(max(i, 0), d-1)
	case PadWrap:
		return ((i % d) + d) % d
	case PadReflect:
		if d == 1 {
			return 0
		}
		period := 2 * (d - 1)
		i = ((i % period) + period) % period
		return min(i, period-i)
	}
	return -1
}

func bindPad(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	x, y := in[0], out[0]
	before, after, err := padding(n)
	if err != nil {
		return FuncStep{}, err
	}
	mode := attrs[Pad](n).Mode
	sources := make([][]int, len(x.Shape))
	for axis, d := range x.Shape {
		if before[axis] == 0 && after[axis] == 0 {
			continue
		}
		sources[axis] = make([]int, y.Shape[axis])
		for i := range sources[axis] {
			sources[axis][i] = mode.source(i-before[axis], d)
		}
	}
	return mapAxes(x, y, sources, filler(n, in, x.DType)), nil
}

// filler returns the function that fills bytes with the constant of a Pad node: input 2, or the data's zero.
func filler(n *graph.Node, in []*graph.Tensor, d graph.DType) func(dst []byte) {
	if v := input(in, 2); v != nil {
		return func(dst []byte) { fill(dst, v.Data[:d.Bits()/8]) }
	}
	zero := graph.NewTensor(d, 1)
	if q := n.Inputs[0].Quant; q != nil && q.IsPerTensor() {
		zero.SetInt(0, int64(q.ZeroAt(0)))
	}
	return func(dst []byte) { fill(dst, zero.Data) }
}

// permutePad gives pads of all axes in their new order.
func permutePad(n *graph.Node, perm []int) bool {
	before, after, err := padding(n)
	if err != nil || !permutePlain(n, perm) {
		return false
	}
	list := make([]int64, 2*len(perm))
	for i, p := range perm {
		list[i], list[i+len(perm)] = int64(before[p]), int64(after[p])
	}
	inputs := slices.Clone(n.Inputs[:min(len(n.Inputs), 3)])
	inputs[1] = newConst(n, 1, graph.Int64s(list, len(list)))
	n.Inputs = inputs
	return true
}
