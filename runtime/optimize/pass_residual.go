package optimize

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// absorbResidual makes the sum of a convolution's or dense layer's result with another value part of that layer, which moves
// to the place of the sum.
func absorbResidual(g *graph.Graph) error {
	count := uses(g)
	position := make(map[*graph.Node]int)
	for i, n := range g.Nodes {
		position[n] = i
	}
	for i, n := range g.Nodes {
		a, ok := n.Attrs.(*ops.Arithmetic)
		if !ok || n.Op != "Add" || len(n.Inputs) != 2 || n.Inputs[0] == n.Inputs[1] {
			continue
		}
		best := -1
		for k, v := range n.Inputs {
			if takesResidual(v, n, n.Inputs[1-k], count) && (best < 0 || position[v.Producer] > position[n.Inputs[best].Producer]) {
				best = k
			}
		}
		if best < 0 {
			continue
		}
		p, residual := n.Inputs[best].Producer, n.Inputs[1-best]
		attach(p, n.Inputs[best], residual, n.Outputs[0], a.Clamp)
		g.Nodes[position[p]] = nil
		g.Nodes[i] = p
		position[p] = i
	}
	kept := g.Nodes[:0]
	for _, n := range g.Nodes {
		if n != nil {
			kept = append(kept, n)
		}
	}
	g.Nodes = kept
	return nil
}

// takesResidual reports whether v is made, for n alone, by a layer that other can be added to.
func takesResidual(v *graph.Value, n *graph.Node, other *graph.Value, count map[*graph.Value]int) bool {
	p, y := v.Producer, n.Outputs[0]
	if p == nil || count[v] != 1 || p.Input(3) != nil || other.Const != nil || !v.Shape.Equal(y.Shape) || !other.Shape.Equal(y.Shape) || other.DType != v.DType || y.DType != v.DType {
		return false
	}
	var clamped, last bool
	switch a := p.Attrs.(type) {
	case *ops.Conv:
		clamped, last = a.Clamp.On, a.Function != nil
	case *ops.Dense:
		clamped, last = a.Clamp.On, a.Function != nil
	default:
		return false
	}
	if last { // a function comes after the sum
		return false
	}
	if v.DType == graph.Float32 {
		return !clamped && p.Inputs[0].DType == graph.Float32
	}
	quantized := func(v *graph.Value) bool { return v.Quant != nil && v.Quant.IsPerTensor() && v.DType.Bits() == 8 }
	return quantized(v) && quantized(other) && quantized(y)
}

// attach makes p, whose result was v, produce y = clamp(v + residual).
func attach(p *graph.Node, v, residual, y *graph.Value, clamp ops.Clamp) {
	inputs := make([]*graph.Value, 4, 5)
	copy(inputs, p.Inputs)
	inputs[3] = residual
	if zero := p.Input(4); zero != nil {
		inputs = append(inputs, zero)
	}
	p.Inputs = inputs
	sum := func(own ops.Clamp) *ops.SumQuant {
		if v.Quant == nil {
			return nil
		}
		return &ops.SumQuant{Scale: v.Quant.Scale[0], Zero: v.Quant.ZeroAt(0), Clamp: own, Signed: v.DType == graph.Int8}
	}
	switch a := p.Attrs.(type) {
	case *ops.Conv:
		c := *a
		c.Sum, c.Clamp = sum(a.Clamp), clamp
		p.Attrs = &c
	case *ops.Dense:
		c := *a
		c.Sum, c.Clamp = sum(a.Clamp), clamp
		p.Attrs = &c
	}
	p.Outputs[0] = y
	y.Producer = p
}
