package ops

import (
	"math"
	"slices"

	"github.com/octet-ml/octet/graph"
)

// cut is what a Slice node takes of an axis: count indices from start on, step apart.
type cut struct{ start, step, count int }

// cutsOf returns the cuts of all axes. The unbound batch axis can only be taken whole.
func cutsOf(n *graph.Node) ([]cut, error) {
	s := n.Inputs[0].Shape
	starts, err := constant(n, 1, "starts")
	if err != nil {
		return nil, err
	}
	ends, err := constant(n, 2, "ends")
	if err != nil {
		return nil, err
	}
	axes, err := sliceAxes(n, len(starts))
	if err != nil {
		return nil, err
	}
	steps, err := constant(n, 4, "steps")
	if err != nil {
		return nil, err
	}
	if len(ends) != len(starts) || len(axes) != len(starts) || n.Input(4) != nil && len(steps) != len(starts) {
		return nil, shapeErrorf("%d starts, %d ends, %d axes, %d steps", len(starts), len(ends), len(axes), len(steps))
	}
	cuts := make([]cut, len(s))
	for i, d := range s {
		cuts[i] = cut{0, 1, d}
	}
	for i, a := range axes {
		step := int64(1)
		if n.Input(4) != nil {
			step = steps[i]
		}
		if cuts[a], err = newCut(starts[i], ends[i], step, s[a]); err != nil {
			return nil, err
		}
	}
	return cuts, nil
}

// sliceAxes returns the axes of a Slice node: input 3, or the first ones.
func sliceAxes(n *graph.Node, count int) ([]int, error) {
	rank := len(n.Inputs[0].Shape)
	if n.Input(3) != nil {
		return constantAxes(n, 3, rank)
	}
	if count > rank {
		return nil, shapeErrorf("%d starts of %d axes", count, rank)
	}
	axes := make([]int, count)
	for i := range axes {
		axes[i] = i
	}
	return axes, nil
}

func newCut(start, end, step int64, d int) (cut, error) {
	if step == 0 {
		return cut{}, shapeErrorf("step 0")
	}
	if d < 0 {
		if start == 0 && step == 1 && end >= math.MaxInt32 {
			return cut{0, 1, d}, nil
		}
		return cut{}, unsupportedf("part [%d:%d:%d] of the unbound batch axis", start, end, step)
	}
	size := int64(d)
	bound := func(v, lo, hi int64) int64 {
		if v < 0 {
			v += size
		}
		return min(max(v, lo), hi)
	}
	if step > 0 {
		start, end = bound(start, 0, size), bound(end, 0, size)
		step = min(step, size+1)
		return cut{int(start), int(step), int(max(0, (end-start+step-1)/step))}, nil
	}
	start, end = bound(start, -1, size-1), bound(end, -1, size-1)
	step = max(step, -size-1)
	return cut{int(start), int(step), int(max(0, (start-end-step-1)/-step))}, nil
}

func inferSlice(n *graph.Node) error {
	x := n.Inputs[0]
	cuts, err := cutsOf(n)
	if err != nil {
		return err
	}
	s := make(graph.Shape, len(cuts))
	q := x.Quant
	for i, c := range cuts {
		s[i] = c.count
		if q != nil && !q.IsPerTensor() && (q.Axis == i || q.Block > 0) {
			if q, err = slicedQuant(&graph.Value{Shape: x.Shape, Quant: q}, i, c.start, c.step, c.count); err != nil {
				return err
			}
		}
	}
	return setMoved(n, 0, x, s, q)
}

var slice = viaFloatUnlessEqual(viaBytes(bindSlice), dataFirst)

func bindSlice(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	x, y := in[0], out[0]
	cuts, err := cutsOf(n)
	if err != nil {
		return FuncStep{}, err
	}
	b := block{dims: y.Shape, src: x.Data, from: rowMajor(x.Shape), dst: y.Data, to: rowMajor(y.Shape)}
	for i, c := range cuts {
		b.fromAt += c.start * b.from[i]
		b.from[i] *= c.step
	}
	return moveStep(y.DType, b), nil
}

func permuteSlice(n *graph.Node, perm []int) bool {
	starts, err := constant(n, 1, "starts")
	if err != nil {
		return false
	}
	axes, err := sliceAxes(n, len(starts))
	if err != nil || !permutePlain(n, perm) {
		return false
	}
	inputs := slices.Clone(n.Inputs)
	for len(inputs) < 4 {
		inputs = append(inputs, nil)
	}
	inputs[3] = newConst(n, 3, permutedAxes(axes, perm))
	n.Inputs = inputs
	return true
}

// tileRepeats returns how often a Tile node repeats each axis.
func tileRepeats(n *graph.Node) ([]int, error) {
	s := n.Inputs[0].Shape
	list, err := constant(n, 1, "repeats")
	if err != nil {
		return nil, err
	}
	if len(list) != len(s) {
		return nil, shapeErrorf("%d repeats of %d axes", len(list), len(s))
	}
	repeats := make([]int, len(s))
	for i, r := range list {
		if r < 0 || r > graph.MaxElements || s[i] != 0 && r > int64(graph.MaxElements/max(s[i], -s[i])) {
			return nil, shapeErrorf("repeats %v of %v", list, s)
		}
		repeats[i] = int(r)
	}
	return repeats, nil
}

func inferTile(n *graph.Node) error {
	x := n.Inputs[0]
	repeats, err := tileRepeats(n)
	if err != nil {
		return err
	}
	s := x.Shape.Clone()
	for i, r := range repeats {
		s[i] *= r
		if q := x.Quant; q != nil && !q.IsPerTensor() && (q.Axis == i || q.Block > 0) && r != 1 {
			return unsupportedf("repetition along a quantized axis")
		}
	}
	return setMoved(n, 0, x, s, x.Quant)
}

var tile = viaFloatUnlessEqual(viaBytes(bindTile), dataFirst)

// bindTile moves as if the output had, for each axis, one of the repetitions and one of the elements.
func bindTile(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	x, y := in[0], out[0]
	repeats, err := tileRepeats(n)
	if err != nil {
		return FuncStep{}, err
	}
	b := block{src: x.Data, dst: y.Data}
	from, to := rowMajor(x.Shape), rowMajor(y.Shape)
	for i, r := range repeats {
		b.dims = append(b.dims, r, x.Shape[i])
		b.from = append(b.from, 0, from[i])
		b.to = append(b.to, to[i]*x.Shape[i], to[i])
	}
	return moveStep(y.DType, b), nil
}

func permuteTile(n *graph.Node, perm []int) bool {
	repeats, err := tileRepeats(n)
	if err != nil || !permutePlain(n, perm) {
		return false
	}
	list := make([]int64, len(perm))
	for i, p := range perm {
		list[i] = int64(repeats[p])
	}
	n.Inputs = slices.Clone(n.Inputs)
	n.Inputs[1] = newConst(n, 1, graph.Int64s(list, len(list)))
	return true
}
