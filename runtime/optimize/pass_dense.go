package optimize

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// makeDense turns Gemm and MatMul with constant second operands into Dense, whose weights are [n k], where that loses nothing.
func makeDense(g *graph.Graph) error {
	e := newEditor(g)
	for _, n := range g.Nodes {
		e.enter(n)
		switch n.Op {
		case "Gemm":
			e.gemm(n)
		case "MatMul":
			e.matMul(n)
		}
		e.keep(n)
	}
	e.finish()
	return nil
}

// gemm rewrites a Gemm node in place.
func (e *editor) gemm(n *graph.Node) {
	a := n.Attrs.(*ops.Gemm)
	if a.Alpha != 1 || a.Beta != 1 || a.TransA {
		return
	}
	bias := n.Input(2)
	if bias != nil {
		if bias = e.biasVector(n, bias, n.Outputs[0].Shape[1]); bias == nil {
			return
		}
	}
	w := n.Inputs[1]
	if !a.TransB {
		if w = e.transposed(n, w); w == nil {
			return
		}
	} else if constantSource(w) == nil || w.Shape[0] == 0 {
		return
	}
	n.Op, n.Attrs = "Dense", &ops.Dense{}
	n.Inputs = []*graph.Value{n.Inputs[0], w}
	if bias != nil {
		n.Inputs = append(n.Inputs, bias)
	}
}

// biasVector returns constant c, perhaps behind a Dequantize, as a bias of the given length, or nil where it is not one.
func (e *editor) biasVector(n *graph.Node, c *graph.Value, length int) *graph.Value {
	k := constantSource(c)
	if k == nil {
		return nil
	}
	if len(c.Shape) == 1 && c.Shape[0] == length {
		return c
	}
	if k != c {
		return nil
	}
	size := c.Const.Len()
	if size != 1 && size != length || size == length && (len(c.Shape) == 0 || c.Shape[len(c.Shape)-1] != length) {
		return nil
	}
	t := graph.NewTensor(c.DType, length)
	width := c.DType.Bits() / 8
	for i := range length {
		copy(t.Data[i*width:(i+1)*width], c.Const.Data[i%size*width:])
	}
	v := graph.NewConst(e.name(c.Name+"@"+n.Outputs[0].Name), t)
	v.Quant = c.Quant
	return v
}

// matMul rewrites a MatMul node in place.
func (e *editor) matMul(n *graph.Node) {
	if len(n.Inputs[1].Shape) != 2 || n.Input(3) != nil && n.Input(3).Const == nil || len(n.Inputs[0].Shape) < 2 {
		return
	}
	w := n.Inputs[1]
	zeros := n.Input(3)
	if zeros != nil {
		if zeros.Const.Len() != 1 || w.Const == nil || w.Quant != nil {
			return
		}
		c := graph.NewConst(e.name(w.Name+".zeroed"), w.Const)
		c.Quant = graph.PerTensor(1, int32(zeros.Const.Int(0)))
		w = c
	}
	if w = e.transposed(n, w); w == nil {
		return
	}
	inputs := []*graph.Value{n.Inputs[0], w}
	if zero := n.Input(2); zero != nil {
		if size, err := zero.Shape.Elements(); err != nil || size != 1 {
			return
		}
		inputs = append(inputs, nil, nil, zero)
	}
	n.Op, n.Attrs, n.Inputs = "Dense", &ops.Dense{}, inputs
}

// transposed returns constant w, perhaps behind a Dequantize, with its two axes exchanged, or nil where it is not constant or
// its quantization does not allow it.
func (e *editor) transposed(n *graph.Node, w *graph.Value) *graph.Value {
	c := constantSource(w)
	if c == nil || len(c.Shape) != 2 || c.Shape[1] == 0 {
		return nil
	}
	perm := []int{1, 0}
	q := ops.PermuteQuant(c.Quant, perm)
	if q == nil && c.Quant != nil {
		return nil
	}
	t := graph.NewConst(e.name(c.Name+"@"+n.Outputs[0].Name), ops.PermuteTensor(c.Const, perm))
	t.Quant = q
	if c == w {
		return t
	}
	v, err := e.add("Dequantize", nil, t.Name+".real", w, t)
	if err != nil {
		return nil
	}
	return v
}

// constantSource returns v where it is constant, or the constant that v dequantizes, or nil.
func constantSource(v *graph.Value) *graph.Value {
	if v.Const != nil {
		return v
	}
	if p := v.Producer; p != nil && p.Op == "Dequantize" && p.Inputs[0].Const != nil {
		return p.Inputs[0]
	}
	return nil
}
