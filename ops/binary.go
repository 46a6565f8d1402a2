package ops

import (
	"github.com/octet-ml/octet/graph"
)

var binaryRows = append(rowsOfArithmetic(), rowsOfComparison()...)

func rowsOfArithmetic() []Operator {
	var rows []Operator
	for _, name := range []string{"Add", "Sub", "Mul", "Div"} {
		rows = append(rows, Operator{
			Name: name, Attrs: func() any { return new(Arithmetic) },
			In: Arity{2, 2}, Out: Arity{1, 1},
			Infer: inferArithmetic, Reference: arithmetic.reference, Lower: lowerArithmetic,
			InPlace: inPlace, Permute: permuteBroadcast, Data: broadcastData, WithClamp: clampArithmetic, Elementwise: true,
		})
	}
	for _, name := range []string{"Max", "Min", "Sum", "Mean"} {
		rows = append(rows, Operator{
			Name: name,
			In:   Arity{1, -1}, Out: Arity{1, 1},
			Infer: inferArithmetic, Reference: viaFloat(bindFold).reference, Lower: lowerFold,
			InPlace: inPlaceFirst, Permute: permuteBroadcast, Data: broadcastData, Elementwise: true,
		})
	}
	return append(rows, Operator{
		Name: "Mod", Attrs: func() any { return new(Mod) },
		In: Arity{2, 2}, Out: Arity{1, 1},
		Infer: inferMod, Reference: viaFloat(bindArithmetic).reference, Lower: viaFloat(bindArithmetic).lower,
		InPlace: inPlace, Permute: permuteBroadcast, Data: broadcastData, Elementwise: true,
	}, Operator{
		Name: "Pow",
		In:   Arity{2, 2}, Out: Arity{1, 1},
		Infer: inferPow, Reference: viaFloat(bindPow).reference, Lower: viaFloat(bindPow).lower,
		InPlace: inPlace, Permute: permuteBroadcast, Data: broadcastData, Elementwise: true,
	})
}

func clampArithmetic(a any, lo, hi float32) (any, bool) {
	c := Arithmetic{}
	if p, ok := a.(*Arithmetic); ok && p != nil {
		c = *p
	}
	c.Clamp = c.Clamp.And(lo, hi)
	return &c, true
}

// inferArithmetic broadcasts numbers of one type. Real operands may be quantized differently, or be one quantized and one
// float; without a declaration the output is like the first one.
func inferArithmetic(n *graph.Node) error {
	s, err := broadcastAll(n.Inputs)
	if err != nil {
		return err
	}
	x := n.Inputs[0]
	if !isReal(x) {
		if !x.DType.IsInteger() || x.DType.Bits() < 8 {
			return typeErrorf("%q: want numbers, got %v", x.Name, x.DType)
		}
		for _, v := range n.Inputs {
			if isReal(v) {
				return typeErrorf("%q is %v without quantization, %q is not", x.Name, x.DType, v.Name)
			}
		}
		if err := sameTypes(n.Inputs...); err != nil {
			return err
		}
		return setExactly(n, 0, x.DType, s)
	}
	if err := sameReals(n.Inputs); err != nil {
		return err
	}
	if err := setReal(n, 0, x, s); err != nil {
		return err
	}
	if err := sameFloats(append([]*graph.Value{n.Outputs[0]}, n.Inputs...)...); err != nil {
		return err
	}
	return checkQuantArithmetic(n)
}

// broadcastAll returns the shape that the shapes of all values broadcast to; every value must be present.
func broadcastAll(values []*graph.Value) (graph.Shape, error) {
	shapes := make([]graph.Shape, len(values))
	for i, v := range values {
		if v == nil {
			return nil, shapeErrorf("input %d is absent", i)
		}
		shapes[i] = v.Shape
	}
	s, err := graph.BroadcastShapes(shapes...)
	if err != nil {
		return nil, shapeErrorf("%w", err)
	}
	return s, nil
}

// broadcastData is Operator.Data of broadcast operators. Constants are not data: permuteBroadcast rewrites them.
func broadcastData(n *graph.Node, i int) bool {
	v := n.Inputs[i]
	return v != nil && v.Const == nil && len(v.Shape) > 0
}

// permuteBroadcast permutes constants, given leading axes of 1 first, and relies on every other input to have all axes or
// a single element.
func permuteBroadcast(n *graph.Node, perm []int) bool {
	inputs := append([]*graph.Value(nil), n.Inputs...)
	for i, v := range n.Inputs {
		count, err := v.Shape.Elements()
		switch {
		case err != nil || len(v.Shape) > len(perm):
			return false
		case v.Const == nil:
			if len(v.Shape) != len(perm) && (len(v.Shape) > 0 || count != 1) {
				return false
			}
		case count == 1 || len(v.Shape) == 0:
		case v.Quant != nil && PermuteQuant(v.Quant, perm) == nil:
			return false
		default:
			inputs[i] = permuteOperand(n, i, perm)
		}
	}
	if !permutePlain(n, perm) {
		return false
	}
	n.Inputs = inputs
	return true
}

// permuteOperand returns constant input i, which broadcasts to tensors of rank len(perm), with its axes permuted.
func permuteOperand(n *graph.Node, i int, perm []int) *graph.Value {
	v := n.Inputs[i]
	lead := len(perm) - len(v.Shape)
	t := &graph.Tensor{DType: v.DType, Data: v.Const.Data, Shape: make(graph.Shape, len(perm))}
	for k := range perm {
		t.Shape[k] = 1
		if k >= lead {
			t.Shape[k] = v.Shape[k-lead]
		}
	}
	c := newConst(n, i, PermuteTensor(t, perm))
	if v.Quant != nil {
		q := *v.Quant
		q.Axis += lead
		c.Quant = PermuteQuant(&q, perm)
	}
	return c
}

// newConst returns a constant that replaces input i of the node.
func newConst(n *graph.Node, i int, t *graph.Tensor) *graph.Value {
	name := n.Op
	if v := n.Input(i); v != nil {
		name = v.Name
	}
	return graph.NewConst(name+"@"+n.Outputs[0].Name+"#"+string(rune('0'+i%10)), t)
}
