package ops

import (
	"github.com/octet-ml/octet/graph"
)

func rowsOfComparison() []Operator {
	var rows []Operator
	for _, name := range []string{"Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"} {
		rows = append(rows, Operator{
			Name: name,
			In:   Arity{2, 2}, Out: Arity{1, 1},
			Infer: inferComparison, Reference: viaFloat(bindComparison).reference, Lower: viaFloat(bindComparison).lower,
			InPlace: inPlace, Permute: permuteBroadcast, Data: broadcastData,
		})
	}
	for _, name := range []string{"And", "Or", "Xor"} {
		rows = append(rows, Operator{
			Name: name,
			In:   Arity{2, 2}, Out: Arity{1, 1},
			Infer: inferLogic, Reference: binder(bindLogic).reference, Lower: binder(bindLogic).lower,
			InPlace: inPlace, Permute: permuteBroadcast, Data: broadcastData,
		})
	}
	return append(rows, Operator{
		Name: "Where",
		In:   Arity{3, 3}, Out: Arity{1, 1},
		Infer: inferWhere, Reference: where.reference, Lower: where.lower,
		Permute: permuteBroadcast, Data: broadcastData,
	})
}

func inferComparison(n *graph.Node) error {
	s, err := broadcastAll(n.Inputs)
	if err != nil {
		return err
	}
	a, b := n.Inputs[0], n.Inputs[1]
	switch {
	case isReal(a) && isReal(b):
		if err := sameReals(n.Inputs); err != nil {
			return err
		}
	case a.DType != b.DType || isReal(a) != isReal(b):
		return typeErrorf("%q is %v, %q is %v", a.Name, a.DType, b.Name, b.DType)
	case a.DType == graph.Bool && n.Op != "Equal", a.DType.Bits() < 8:
		return typeErrorf("data of type %v", a.DType)
	}
	return setExactly(n, 0, graph.Bool, s)
}

// relation returns the comparison of that name.
func relation[T number](name string) func(a, b T) uint8 {
	switch name {
	case "Equal":
		return func(a, b T) uint8 { return uint8(boolInt(a == b)) }
	case "Greater":
		return func(a, b T) uint8 { return uint8(boolInt(a > b)) }
	case "GreaterOrEqual":
		return func(a, b T) uint8 { return uint8(boolInt(a >= b)) }
	case "Less":
		return func(a, b T) uint8 { return uint8(boolInt(a < b)) }
	}
	return func(a, b T) uint8 { return uint8(boolInt(a <= b)) }
}

func bindComparison(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	a, b, y := in[0], in[1], out[0]
	switch a.DType {
	case graph.Float32:
		return mapPairs(a, b, y, relation[float32](n.Op)), nil
	case graph.Float64:
		return mapPairs(a, b, y, relation[float64](n.Op)), nil
	case graph.Int8:
		return mapPairs(a, b, y, relation[int8](n.Op)), nil
	case graph.Int16:
		return mapPairs(a, b, y, relation[int16](n.Op)), nil
	case graph.Int32:
		return mapPairs(a, b, y, relation[int32](n.Op)), nil
	case graph.Int64:
		return mapPairs(a, b, y, relation[int64](n.Op)), nil
	case graph.Uint8, graph.Bool:
		return mapPairs(a, b, y, relation[uint8](n.Op)), nil
	case graph.Uint16:
		return mapPairs(a, b, y, relation[uint16](n.Op)), nil
	case graph.Uint32:
		return mapPairs(a, b, y, relation[uint32](n.Op)), nil
	case graph.Uint64:
		return mapPairs(a, b, y, relation[uint64](n.Op)), nil
	}
	return FuncStep{}, typeErrorf("data of type %v", a.DType)
}

func inferLogic(n *graph.Node) error {
	s, err := broadcastAll(n.Inputs)
	if err != nil {
		return err
	}
	for _, v := range n.Inputs {
		if v.DType != graph.Bool {
			return typeErrorf("%q: want bool, got %v", v.Name, v.DType)
		}
	}
	return setExactly(n, 0, graph.Bool, s)
}

func bindLogic(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	f := func(a, b uint8) uint8 { return uint8(boolInt(a != 0 && b != 0)) }
	switch n.Op {
	case "Or":
		f = func(a, b uint8) uint8 { return uint8(boolInt(a != 0 || b != 0)) }
	case "Xor":
		f = func(a, b uint8) uint8 { return uint8(boolInt((a != 0) != (b != 0))) }
	}
	return mapPairs(in[0], in[1], out[0], f), nil
}

func inferWhere(n *graph.Node) error {
	s, err := broadcastAll(n.Inputs)
	if err != nil {
		return err
	}
	x, y := n.Inputs[1], n.Inputs[2]
	if n.Inputs[0].DType != graph.Bool {
		return typeErrorf("condition %q: want bool, got %v", n.Inputs[0].Name, n.Inputs[0].DType)
	}
	if isReal(x) && isReal(y) {
		if err := sameReals(n.Inputs[1:]); err != nil {
			return err
		}
		for _, v := range n.Inputs[1:] {
			if v.Quant != nil && !v.Quant.IsPerTensor() {
				return unsupportedf("choice of values quantized per channel")
			}
		}
		if err := setReal(n, 0, x, s); err != nil {
			return err
		}
		return sameFloats(y, n.Outputs[0])
	}
	if x.DType != y.DType || isReal(x) != isReal(y) {
		return typeErrorf("%q is %v, %q is %v", x.Name, x.DType, y.Name, y.DType)
	}
	return setExactly(n, 0, x.DType, s)
}

// where moves elements, whatever they mean; with unlike quantizations they go via float.
var where = viaFloatUnlessEqual(bindWhere, func(n *graph.Node) []*graph.Value { return n.Inputs[1:] })

func bindWhere(_ *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	c, x, y := in[0], in[1], out[0]
	g := newGrid(y.Shape, c.Shape, x.Shape, in[2].Shape)
	size := y.DType.Bits() / 8
	if size == 0 {
		return FuncStep{}, unsupportedf("4-bit elements")
	}
	return g.each(size, func(row, lo, hi int) {
		pc, px, py := g.offset(0, row), g.offset(1, row), g.offset(2, row)
		for i := lo; i < hi; i++ {
			from, at := x.Data, px+i*g.step(1)
			if c.Data[pc+i*g.step(0)] == 0 {
				from, at = in[2].Data, py+i*g.step(2)
			}
			to := (row*g.length + i) * size
			copy(y.Data[to:to+size], from[at*size:])
		}
	}), nil
}
