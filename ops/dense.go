package ops

import (
	"github.com/octet-ml/octet/graph"
	i8 "github.com/octet-ml/octet/int8"
)

var denseRows = []Operator{{
	Name: "Dense", Attrs: func() any { return new(Dense) },
	In: Arity{2, 5}, Out: Arity{1, 1},
	Infer: inferDense, Reference: referenceDense, Lower: lowerDense,
	WithClamp: func(a any, lo, hi float32) (any, bool) {
		c := *a.(*Dense)
		c.Clamp = c.Clamp.And(lo, hi)
		return &c, c.Function == nil
	},
	WithFunction: func(a any, l *ByteFunction) any {
		c := *a.(*Dense)
		c.Function = l.After(c.Function)
		return &c
	},
	ByImage: constantWeights,
}, {
	Name: "Gemm", Attrs: func() any { return &Gemm{Alpha: 1, Beta: 1} },
	In: Arity{2, 3}, Out: Arity{1, 1},
	Infer: inferGemm, Reference: referenceGemm,
}, {
	Name: "MatMul",
	In:   Arity{2, 4}, Out: Arity{1, 1},
	Infer: inferMatMul, Reference: referenceMatMul,
}}

// denseRowsOf returns the number of rows m of a Dense node's data, with the sign of the batch, and its output's shape.
func denseRowsOf(n *graph.Node) (int, graph.Shape, error) {
	x, w := n.Inputs[0].Shape, n.Inputs[1].Shape
	if len(w) != 2 || len(x) == 0 || !w.Static() || w[0] == 0 {
		return 0, nil, shapeErrorf("data %v and weights %v: want [... k] and [n k], n at least 1", x, w)
	}
	lead, inner := x[:len(x)-1], x[len(x)-1:]
	if attrs[Dense](n).Flatten {
		lead, inner = x[:1], x[1:]
	}
	k, err := inner.Elements()
	if err != nil {
		return 0, nil, err
	}
	if k != w[1] {
		return 0, nil, shapeErrorf("data %v has rows of %d, weights %v want %d", x, k, w, w[1])
	}
	m, err := lead.Elements()
	if err != nil {
		return 0, nil, err
	}
	return m, append(lead.Clone(), w[0]), nil
}

func inferDense(n *graph.Node) error {
	m, s, err := denseRowsOf(n)
	if err != nil {
		return err
	}
	if b := n.Input(2); b != nil && (len(b.Shape) != 1 || b.Shape[0] != s[len(s)-1]) {
		return shapeErrorf("bias: want [%d], got %v", s[len(s)-1], b.Shape)
	}
	if r := n.Input(3); r != nil && !r.Shape.Equal(s) {
		return shapeErrorf("residual: want %v, got %v", s, r.Shape)
	}
	a := attrs[Dense](n)
	o := operands{
		x: n.Inputs[0], w: n.Inputs[1], bias: n.Input(2), residual: n.Input(3), xZero: n.Input(4),
		rows: m, columns: s[len(s)-1], clamp: a.Clamp, sum: a.Sum, function: a.Function,
	}
	return o.infer(n, s)
}

func referenceDense(n *graph.Node, in, out []*graph.Tensor) error {
	m, s, err := denseRowsOf(n)
	if err != nil {
		return err
	}
	oc, k := s[len(s)-1], in[1].Shape[1]
	a := attrs[Dense](n)
	bias, residual := optional(in, 2), optional(in, 3)
	if in[0].DType.IsFloat() {
		x, w := in[0].Floats(), in[1].Floats()
		lo, hi := a.Clamp.Bounds()
		for i := range m * oc {
			row, col := i/oc, i%oc
			var sum float64
			for j := range k {
				sum += float64(float64(x[row*k+j]) * float64(w[col*k+j]))
			}
			if bias != nil {
				sum += bias.Float(col)
			}
			if residual != nil {
				sum += residual.Float(i)
			}
			out[0].SetFloat(i, float64(min(max(float32(sum), lo), hi)))
		}
		return nil
	}
	epilogue, err := newContraction(n.Inputs[0], n.Inputs[1], n.Input(2), n.Input(3), n.Outputs[0], oc, a.Clamp, a.Sum, a.Function)
	if err != nil {
		return err
	}
	w := weightInts(n.Inputs[1], in[1], func(i int) int { return i / k })
	for i := range m * oc {
		row, col := i/oc, i%oc
		zero := dataZero(n.Inputs[0], optional(in, 4), row)
		var acc int32
		for j := range k {
			acc += (int32(in[0].Int(row*k+j)) - zero) * w[col*k+j]
		}
		epilogue.store(out[0], i, col, acc, residual)
	}
	return nil
}

func lowerDense(t *Target, n *graph.Node) (*Lowered, error) {
	m, s, err := denseRowsOf(n)
	if err != nil {
		return nil, err
	}
	a := attrs[Dense](n)
	p := &product{
		geometry: i8.Geometry{N: m, H: 1, W: 1, Strides: [2]int{1, 1}, Dilations: [2]int{1, 1}, OH: 1, OW: 1},
		oc:       s[len(s)-1], kh: 1, kw: 1, ic: n.Inputs[1].Shape[1], group: 1, clamp: a.Clamp, sum: a.Sum, function: a.Function,
		x: n.Inputs[0], w: n.Inputs[1], bias: n.Input(2), add: n.Input(3), y: n.Outputs[0], zero: n.Input(4),
	}
	return p.lower(t, n)
}
