package ops

import (
	"slices"

	"github.com/octet-ml/octet/graph"
)

func inferConcat(n *graph.Node) error {
	x := n.Inputs[0]
	axis, err := axisOf(x.Shape, attrs[Concat](n).Axis)
	if err != nil {
		return err
	}
	s := x.Shape.Clone()
	s[axis] = 0
	for i, v := range n.Inputs {
		if v == nil {
			return shapeErrorf("input %d is absent", i)
		}
		if len(v.Shape) != len(s) {
			return shapeErrorf("input %d, %q: %v beside %v", i, v.Name, v.Shape, x.Shape)
		}
		for k, d := range v.Shape {
			if k != axis && d != s[k] {
				return shapeErrorf("input %d, %q: %v beside %v along axis %d", i, v.Name, v.Shape, x.Shape, axis)
			}
		}
		d := v.Shape[axis]
		if s[axis] < 0 && d > 0 || s[axis] > 0 && d < 0 {
			return unsupportedf("concatenation of %v and a bound size along the batch axis", v.Shape)
		}
		s[axis] += d
	}
	if err := concatTypes(n.Inputs, axis); err != nil {
		return err
	}
	setOutput(n, 0, x.DType, s, x.Quant)
	y := n.Outputs[0]
	switch {
	case y == nil:
		return nil
	case y.DType == x.DType && (x.Quant == nil) == (y.Quant == nil) || isReal(x) && isReal(y) && x.DType.IsFloat() == y.DType.IsFloat():
	case y.DType == x.DType && y.Quant == nil && sameQuant(n, n.Inputs):
	default:
		return typeErrorf("output %q is declared as %v %v, the inputs are %v %v", y.Name, y.DType, y.Quant, x.DType, x.Quant)
	}
	if err := sameFloats(append([]*graph.Value{y}, n.Inputs...)...); err != nil {
		return err
	}
	return checkRatios(y, n.Inputs...)
}

// concatTypes returns an error unless the inputs have one type, and are all quantized or all not.
func concatTypes(values []*graph.Value, axis int) error {
	if err := sameTypes(values...); err != nil {
		return err
	}
	x := values[0]
	for _, v := range values {
		if (v.Quant == nil) != (x.Quant == nil) {
			return typeErrorf("%q is quantized as %v, %q as %v", x.Name, x.Quant, v.Name, v.Quant)
		}
		if v.Quant != nil && !v.Quant.IsPerTensor() && (!v.Quant.Equal(x.Quant) || v.Quant.Axis == axis || v.Quant.Block > 0) {
			return unsupportedf("concatenation of data quantized per channel")
		}
	}
	return nil
}

// concat requantizes bytes by a table where the quantization of an input is not that of the output:
//
//	y = clamp(RoundHalfEven(float32(q-zx) * float32(sx/sy)) + zy)
//
// Other integers go via float.
var concat = binder(func(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	if movesWhole(n) {
		return bindConcat(n, in, out)
	}
	return viaFloatUnlessEqual(viaBytes(bindConcat), dataAll)(n, in, out)
})

func bindConcat(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	return bindConcatRows(n, in, out[0], rowMajor(out[0].Shape))
}

// bindConcatRows moves the inputs, those without a tensor left out, to y with the given strides.
func bindConcatRows(n *graph.Node, in []*graph.Tensor, y *graph.Tensor, strides []int) (FuncStep, error) {
	axis, err := axisOf(y.Shape, attrs[Concat](n).Axis)
	if err != nil {
		return FuncStep{}, err
	}
	at := 0
	var blocks []block
	for i, v := range n.Inputs {
		if x := in[i]; x != nil {
			blocks = append(blocks, block{
				dims: x.Shape, src: x.Data, from: rowMajor(x.Shape), dst: y.Data, to: strides, toAt: at * strides[axis],
				table: requantizeTable(v, n.Outputs[0]),
			})
		}
		at += v.Shape[axis]
	}
	return moveStep(y.DType, blocks...), nil
}

// movesWhole reports whether bindConcat does the node as it stands: it moves elements of whole bytes, or looks bytes up.
func movesWhole(n *graph.Node) bool {
	x, y := n.Inputs[0], n.Outputs[0]
	return y.DType.Bits() >= 8 && (perTensorByte(y) && perTensorByte(x) && x.DType == y.DType || sameQuant(n, n.Inputs))
}

// placeConcat is Operator.Place: an input is moved as it is where its quantization is that of the output.
func placeConcat(n *graph.Node, i int) (Region, bool) {
	x, y := n.Inputs[i], n.Outputs[0]
	axis, err := axisOf(y.Shape, attrs[Concat](n).Axis)
	if err != nil || !movesWhole(n) || !sameQuant(n, n.Inputs[i:i+1]) {
		return Region{}, false
	}
	at := 0
	for _, v := range n.Inputs[:i] {
		at += v.Shape[axis]
	}
	inner := volume(y.Shape[axis+1:]) * y.DType.Bits() / 8
	return Region{At: at * inner, Rows: volume(y.Shape[:axis]), Run: x.Shape[axis] * inner, Pitch: y.Shape[axis] * inner}, true
}

// lowerConcat is concat.lower for outputs that may be regions.
func lowerConcat(t *Target, n *graph.Node) (*Lowered, error) {
	l, err := concat.lower(t, n)
	s := n.Outputs[0].Shape
	if err != nil || !movesWhole(n) || n.Outputs[0].DType.Bits() != 8 || volume(s) == 0 {
		return l, err
	}
	l.Pitched = func(pitch int) (*Lowered, error) {
		strides, last := rowMajor(s), len(s)-1
		for i := range last {
			strides[i] = strides[i] / s[last] * pitch
		}
		return binder(func(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
			return bindConcatRows(n, in, out[0], strides)
		}).lower(t, n)
	}
	return l, nil
}

// requantizeTable returns the bytes of y that mean, rounded, the same as the bytes of x; nil where they are the same ones or
// x is not quantized.
func requantizeTable(x, y *graph.Value) *[256]byte {
	if !perTensorByte(x) || !perTensorByte(y) || x.Quant.Equal(y.Quant) {
		return nil
	}
	from := graph.NewTensor(x.DType, 256)
	to := graph.NewTensor(y.DType, 256)
	lo, hi := y.DType.IntRange()
	scale := x.Quant.Scale[0] / y.Quant.Scale[0]
	var table [256]byte
	for i := range table {
		from.Data[i] = byte(i)
		to.SetInt(i, requantize(int32(from.Int(i))-x.Quant.ZeroAt(0), scale, y.Quant.ZeroAt(0), lo, hi))
		table[i] = to.Data[i]
	}
	return &table
}

func permuteConcat(n *graph.Node, perm []int) bool {
	a := *attrs[Concat](n)
	axis, err := n.Inputs[0].Shape.Axis(a.Axis)
	if err != nil || !permutePlain(n, perm) {
		return false
	}
	a.Axis = slices.Index(perm, axis)
	n.Attrs = &a
	return true
}

// splitSizes returns the axis of a Split node and the sizes of its parts.
func splitSizes(n *graph.Node) (axis int, sizes []int, err error) {
	s := n.Inputs[0].Shape
	if axis, err = axisOf(s, attrs[Split](n).Axis); err != nil {
		return 0, nil, err
	}
	if s[axis] < 0 {
		return 0, nil, unsupportedf("cut of the unbound batch axis of %v", s)
	}
	list, err := constant(n, 1, "sizes")
	if err != nil {
		return 0, nil, err
	}
	count, left := len(n.Outputs), s[axis]
	if n.Input(1) == nil {
		part := (left + count - 1) / count
		for range count {
			sizes = append(sizes, min(part, left))
			left -= sizes[len(sizes)-1]
		}
		return axis, sizes, nil
	}
	if len(list) != count {
		return 0, nil, shapeErrorf("%d sizes for %d outputs", len(list), count)
	}
	for _, d := range list {
		if d < 0 || d > int64(left) {
			return 0, nil, shapeErrorf("sizes %v do not add up to %d", list, s[axis])
		}
		sizes = append(sizes, int(d))
		left -= int(d)
	}
	if left != 0 {
		return 0, nil, shapeErrorf("sizes %v do not add up to %d", list, s[axis])
	}
	return axis, sizes, nil
}

func inferSplit(n *graph.Node) error {
	axis, sizes, err := splitSizes(n)
	if err != nil {
		return err
	}
	x, at := n.Inputs[0], 0
	for i, d := range sizes {
		s := x.Shape.Clone()
		s[axis] = d
		q, err := slicedQuant(x, axis, at, 1, d)
		if err != nil {
			return err
		}
		if err := setMoved(n, i, x, s, q); err != nil {
			return err
		}
		at += d
	}
	return nil
}

// slicedQuant returns the quantization of count indices along an axis of x: start, start+step, ...
func slicedQuant(x *graph.Value, axis, start, step, count int) (*graph.Quant, error) {
	q := x.Quant
	if q == nil || q.IsPerTensor() || q.Block == 0 && q.Axis != axis {
		return q, nil
	}
	if count == x.Shape[axis] && step == 1 {
		return q, nil
	}
	if q.Block > 0 || count == 0 {
		return nil, unsupportedf("part of data quantized in blocks, or no part of a quantized axis")
	}
	p := &graph.Quant{Axis: axis, Table: q.Table}
	for i := range count {
		p.Scale = append(p.Scale, q.Scale[start+i*step])
		p.Zero = append(p.Zero, q.ZeroAt(start+i*step))
	}
	return p, nil
}

var split = viaFloatUnlessEqual(viaBytes(bindSplit), dataFirst)

func bindSplit(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	x := in[0]
	axis, sizes, err := splitSizes(n)
	if err != nil {
		return FuncStep{}, err
	}
	strides := rowMajor(x.Shape)
	var blocks []block
	at := 0
	for i, y := range out {
		if y != nil {
			blocks = append(blocks, block{
				dims: y.Shape, src: x.Data, from: strides, fromAt: at * strides[axis], dst: y.Data, to: rowMajor(y.Shape),
			})
		}
		at += sizes[i]
	}
	return moveStep(x.DType, blocks...), nil
}

func permuteSplit(n *graph.Node, perm []int) bool {
	a := *attrs[Split](n)
	axis, err := n.Inputs[0].Shape.Axis(a.Axis)
	if err != nil || !permutePlain(n, perm) {
		return false
	}
	a.Axis = slices.Index(perm, axis)
	n.Attrs = &a
	return true
}
