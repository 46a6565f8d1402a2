package ops

import (
	"math"
	"slices"

	"github.com/octet-ml/octet/graph"
)

var reduceRows = append(rowsOfReduction(), argRows...)

func rowsOfReduction() []Operator {
	var rows []Operator
	for _, name := range []string{
		"ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceSumSquare", "ReduceL1", "ReduceL2",
	} {
		rows = append(rows, Operator{
			Name: name, Attrs: func() any { return &Reduce{KeepDims: true} },
			In: Arity{1, 2}, Out: Arity{1, 1},
			Infer: inferReduce, Reference: reduce.reference, Lower: lowerReduce,
			Permute: permuteReduce, Data: firstInput,
		})
	}
	return rows
}

// reducedAxes returns which axes of the data a node reduces.
func reducedAxes(n *graph.Node) ([]bool, error) {
	s := n.Inputs[0].Shape
	axes, err := constantAxes(n, 1, len(s))
	if err != nil {
		return nil, err
	}
	reduced := make([]bool, len(s))
	for _, a := range axes {
		reduced[a] = true
	}
	if len(axes) == 0 && !attrs[Reduce](n).NoopIfEmptyAxes {
		for i := range reduced {
			reduced[i] = true
		}
	}
	return reduced, nil
}

// reducedShape returns the shape that is left of s, with 1 in place of reduced axes where they are kept.
func reducedShape(s graph.Shape, reduced []bool, keep bool) (graph.Shape, error) {
	out := graph.Shape{}
	for i, d := range s {
		switch {
		case !reduced[i]:
			out = append(out, d)
		case d < 0:
			return nil, unsupportedf("reduction over the unbound batch axis of %v", s)
		case keep:
			out = append(out, 1)
		}
	}
	return out, nil
}

func inferReduce(n *graph.Node) error {
	x := n.Inputs[0]
	reduced, err := reducedAxes(n)
	if err != nil {
		return err
	}
	s, err := reducedShape(x.Shape, reduced, attrs[Reduce](n).KeepDims)
	if err != nil {
		return err
	}
	if isReal(x) {
		if x.Quant != nil && !x.Quant.IsPerTensor() {
			return unsupportedf("reduction of data quantized per channel")
		}
		if err := setReal(n, 0, x, s); err != nil {
			return err
		}
		return checkRatios(n.Outputs[0], x)
	}
	extreme := n.Op == "ReduceMax" || n.Op == "ReduceMin"
	if !(x.DType == graph.Bool && extreme) && (!x.DType.IsInteger() || x.DType.Bits() < 8) {
		return typeErrorf("data of type %v", x.DType)
	}
	return setExactly(n, 0, x.DType, s)
}

// reduce has integer arithmetic of its own for means of quantized data: that of AveragePool.
var reduce = binder(func(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	if n.Op == "ReduceMean" && perTensorByte(n.Inputs[0]) && perTensorByte(n.Outputs[0]) {
		return bindReduceMeanInt(n, in, out)
	}
	return viaFloat(bindReduce)(n, in, out)
})

// reduction walks the elements that each output element is made of.
type reduction struct {
	kept, gone   []int // dimensions
	keptStrides  []int // of the data
	goneStrides  []int
	count, total int // elements of a reduction; outputs
}

func newReduction(s graph.Shape, reduced []bool) *reduction {
	r := &reduction{count: 1, total: 1}
	strides := rowMajor(s)
	for i, d := range s {
		if reduced[i] {
			r.gone, r.goneStrides = append(r.gone, d), append(r.goneStrides, strides[i])
			r.count *= d
		} else {
			r.kept, r.keptStrides = append(r.kept, d), append(r.keptStrides, strides[i])
			r.total *= d
		}
	}
	r.gone, r.goneStrides = mergeAxes(r.gone, r.goneStrides)
	r.kept, r.keptStrides = mergeAxes(r.kept, r.keptStrides)
	return r
}

// mergeAxes merges adjacent axes over which an index runs on.
func mergeAxes(dims, strides []int) (d, s []int) {
	for i, n := range dims {
		last := len(d) - 1
		switch {
		case n == 1:
		case last >= 0 && s[last] == n*strides[i]:
			d[last] *= n
			s[last] = strides[i]
		default:
			d, s = append(d, n), append(s, strides[i])
		}
	}
	return d, s
}

// position returns the index of element i along dims.
func position(i int, dims, strides []int) int {
	at := 0
	for k := len(dims) - 1; k >= 0; k-- {
		at += i % dims[k] * strides[k]
		i /= dims[k]
	}
	return at
}

// each makes the step that calls store for every output with a function that gives the indices of its elements in order.
func (r *reduction) each(store func(y, base int)) FuncStep {
	return spread(r.total, max(r.count, 1)*4, func(from, to int) {
		for y := from; y < to; y++ {
			store(y, position(y, r.kept, r.keptStrides))
		}
	})
}

// at returns the index of element i of the reduction whose first element is at base.
func (r *reduction) at(base, i int) int {
	if len(r.gone) == 1 {
		return base + i*r.goneStrides[0]
	}
	return base + position(i, r.gone, r.goneStrides)
}

func bindReduceMeanInt(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	reduced, err := reducedAxes(n)
	if err != nil {
		return FuncStep{}, err
	}
	r := newReduction(in[0].Shape, reduced)
	qx, qy := n.Inputs[0].Quant, n.Outputs[0].Quant
	zero, scale := int64(qx.ZeroAt(0)), qx.Scale[0]/qy.Scale[0]
	lo, hi := out[0].DType.IntRange()
	x, y := in[0], out[0]
	return r.each(func(to, base int) {
		var sum int64
		for i := range r.count {
			sum += x.Int(r.at(base, i)) - zero
		}
		y.SetInt(to, averageInt(sum, r.count, scale, qy.ZeroAt(0), lo, hi))
	}), nil
}

func bindReduce(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	reduced, err := reducedAxes(n)
	if err != nil {
		return FuncStep{}, err
	}
	r := newReduction(in[0].Shape, reduced)
	x, y := in[0], out[0]
	if x.DType.IsFloat() {
		start, add, finish := floatReduction(n.Op)
		return r.each(func(to, base int) {
			acc := start
			for i := range r.count {
				acc = add(acc, x.Float(r.at(base, i)))
			}
			y.SetFloat(to, finish(acc, r.count))
		}), nil
	}
	start, add, finish := intReduction(n.Op, x.DType)
	return r.each(func(to, base int) {
		acc := start
		for i := range r.count {
			acc = add(acc, x.Int(r.at(base, i)))
		}
		y.SetInt(to, finish(acc, r.count))
	}), nil
}

// floatReduction returns the start, step and end of a reduction in float64.
func floatReduction(op string) (start float64, add func(acc, x float64) float64, finish func(acc float64, count int) float64) {
	finish = func(acc float64, _ int) float64 { return acc }
	switch op {
	case "ReduceMax":
		return math.Inf(-1), func(acc, x float64) float64 { return max(acc, x) }, finish
	case "ReduceMin":
		return math.Inf(1), func(acc, x float64) float64 { return min(acc, x) }, finish
	case "ReduceProd":
		return 1, func(acc, x float64) float64 { return acc * x }, finish
	case "ReduceSumSquare":
		return 0, func(acc, x float64) float64 { return acc + float64(x*x) }, finish
	case "ReduceL1":
		return 0, func(acc, x float64) float64 { return acc + math.Abs(x) }, finish
	case "ReduceL2":
		return 0, func(acc, x float64) float64 { return acc + float64(x*x) }, func(acc float64, _ int) float64 { return math.Sqrt(acc) }
	case "ReduceMean":
		finish = func(acc float64, count int) float64 { return acc / float64(count) }
	}
	return 0, func(acc, x float64) float64 { return acc + x }, finish
}

// intReduction returns the start, step and end of a reduction of integers of type d in int64, wrapping. Means and roots are
// cut toward zero; the mean of nothing is 0.
func intReduction(op string, d graph.DType) (start int64, add func(acc, x int64) int64, finish func(acc int64, count int) int64) {
	lo, hi := d.IntRange()
	flip := int64(0)
	if d == graph.Uint64 {
		lo, hi, flip = 0, -1, math.MinInt64 // compared as unsigned
	}
	finish = func(acc int64, _ int) int64 { return acc }
	switch op {
	case "ReduceMax":
		return lo, func(acc, x int64) int64 { return max(acc^flip, x^flip) ^ flip }, finish
	case "ReduceMin":
		return hi, func(acc, x int64) int64 { return min(acc^flip, x^flip) ^ flip }, finish
	case "ReduceProd":
		return 1, func(acc, x int64) int64 { return acc * x }, finish
	case "ReduceSumSquare":
		return 0, func(acc, x int64) int64 { return acc + x*x }, finish
	case "ReduceL1":
		return 0, func(acc, x int64) int64 { return acc + max(x, -x) }, finish
	case "ReduceL2":
		return 0, func(acc, x int64) int64 { return acc + x*x }, func(acc int64, _ int) int64 { return int64(math.Sqrt(float64(acc))) }
	case "ReduceMean":
		finish = func(acc int64, count int) int64 { return acc / int64(max(count, 1)) }
	}
	return 0, func(acc, x int64) int64 { return acc + x }, finish
}

// lowerReduce averages over height and width of NHWC data as a pool does; everything else is plain loops.
func lowerReduce(t *Target, n *graph.Node) (*Lowered, error) {
	if n.Op == "ReduceMean" && len(n.Inputs[0].Shape) == 4 {
		reduced, err := reducedAxes(n)
		if err != nil {
			return nil, err
		}
		if slices.Equal(reduced, []bool{false, true, true, false}) {
			pool := *n
			pool.Op, pool.Attrs, pool.Inputs = "GlobalAveragePool", &GlobalPool{Layout: NHWC}, n.Inputs[:1]
			if l, err := lowerAveragePool(t, &pool); err == nil && l.Kernel != plainKernel(&pool) {
				return l, nil
			}
		}
	}
	return reduce.lower(t, n)
}

// permuteReduce maps the axes where the result keeps them.
func permuteReduce(n *graph.Node, perm []int) bool {
	if !attrs[Reduce](n).KeepDims || n.Input(1) != nil && n.Inputs[1].Const == nil || !permutePlain(n, perm) {
		return false
	}
	if n.Input(1) != nil {
		axes, err := constantAxes(n, 1, len(perm))
		if err != nil {
			return false
		}
		n.Inputs = append([]*graph.Value(nil), n.Inputs...)
		n.Inputs[1] = newConst(n, 1, permutedAxes(axes, perm))
	}
	return true
}

// permutedAxes returns, as an int64 tensor, where axes are after a permutation.
func permutedAxes(axes, perm []int) *graph.Tensor {
	list := make([]int64, len(axes))
	for i, a := range axes {
		list[i] = int64(slices.Index(perm, a))
	}
	return graph.Int64s(list, len(list))
}
