package optimize

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// scaleAccumulators makes one node of what follows an integer product of data quantized at run time: a Cast to float, a
// product with the scale of the data times that of the weights, and the sum with a bias per channel. Channels are last.
func scaleAccumulators(g *graph.Graph) error {
	count := uses(g)
	e := newEditor(g)
	for _, n := range g.Nodes {
		e.enter(n)
		if a, ok := n.Attrs.(*ops.Arithmetic); ok && e.absorbBias(n, a, count) {
			continue
		}
		e.scaleProduct(n, count)
		e.keep(n)
		if err := ops.Infer(n); err != nil {
			return err
		}
	}
	e.finish()
	return nil
}

// scaleProduct turns n, the product of an int32 product as float and a scale made of a run-time and a constant one, into
// ScaleAccumulators.
func (e *editor) scaleProduct(n *graph.Node, count map[*graph.Value]int) {
	a, ok := n.Attrs.(*ops.Arithmetic)
	if !ok || n.Op != "Mul" {
		return
	}
	for i, v := range n.Inputs {
		acc := accumulators(v)
		if acc == nil || count[v] != 1 || !acc.Shape.Equal(n.Outputs[0].Shape) {
			continue
		}
		sx, sw := scales(n.Inputs[1-i], acc.Shape[len(acc.Shape)-1])
		if sx == nil {
			continue
		}
		w := graph.NewConst(e.name(n.Outputs[0].Name+".scale"), graph.Float32s(sw, len(sw)))
		n.Op, n.Attrs, n.Inputs = "ScaleAccumulators", &ops.ScaleAccumulators{Clamp: a.Clamp}, []*graph.Value{acc, sx, w}
		return
	}
}

// accumulators returns the result of an integer product that v is as float, or nil.
func accumulators(v *graph.Value) *graph.Value {
	c := v.Producer
	if c == nil || c.Op != "Cast" || v.DType != graph.Float32 {
		return nil
	}
	acc := c.Inputs[0]
	if acc.DType != graph.Int32 || acc.Quant != nil || acc.Producer == nil || len(acc.Shape) == 0 {
		return nil
	}
	switch acc.Producer.Attrs.(type) {
	case *ops.Conv, *ops.Dense:
		return acc
	}
	return nil
}

// scales returns what v is the product of: a run-time scale of one element and a constant one, of one element or one for each
// of the channels. It returns nil where v is something else.
func scales(v *graph.Value, channels int) (sx *graph.Value, sw []float32) {
	m := v.Producer
	if m == nil || m.Op != "Mul" {
		return nil, nil
	}
	a, ok := m.Attrs.(*ops.Arithmetic)
	if !ok || a.Clamp.On {
		return nil, nil
	}
	for i, c := range m.Inputs {
		x := m.Inputs[1-i]
		size, err := x.Shape.Elements()
		if c.Const == nil || c.DType != graph.Float32 || x.DType != graph.Float32 || err != nil || size != 1 {
			continue
		}
		if sw = lastAxis(c, channels); sw != nil && len(v.Shape) <= max(len(c.Shape), 1) {
			return x, sw
		}
	}
	return nil, nil
}

// lastAxis returns the elements of a constant that has one, or one for each of the channels along its last axis; else nil.
func lastAxis(c *graph.Value, channels int) []float32 {
	size := c.Const.Len()
	if size != 1 && (size != channels || c.Shape[len(c.Shape)-1] != channels) {
		return nil
	}
	return c.Const.Floats()
}

// absorbBias reports whether n, the sum of scaled accumulators and a constant per channel, became part of the scaling.
func (e *editor) absorbBias(n *graph.Node, a *ops.Arithmetic, count map[*graph.Value]int) bool {
	if n.Op != "Add" {
		return false
	}
	for i, c := range n.Inputs {
		x, y := n.Inputs[1-i], n.Outputs[0]
		p := x.Producer
		if c.Const == nil || c.DType != graph.Float32 || p == nil || p.Op != "ScaleAccumulators" || p.Input(3) != nil || count[x] != 1 || !x.Shape.Equal(y.Shape) {
			continue
		}
		channels := x.Shape[len(x.Shape)-1]
		bias := lastAxis(c, channels)
		s := p.Attrs.(*ops.ScaleAccumulators)
		if bias == nil || s.Clamp.On {
			continue
		}
		full := make([]float32, channels)
		for j := range full {
			full[j] = bias[j%len(bias)]
		}
		p.Attrs = &ops.ScaleAccumulators{Clamp: a.Clamp}
		p.Inputs = append(p.Inputs[:3:3], graph.NewConst(e.name(y.Name+".bias"), graph.Float32s(full, channels)))
		e.replace(y, x)
		count[x] = count[y]
		return true
	}
	return false
}
