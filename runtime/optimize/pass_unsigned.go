package optimize

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// makeUnsigned turns int8 activations into uint8 ones whose zero point is 128 greater: the kernels multiply unsigned data by
// signed weights. Inputs and outputs of the graph keep their type behind Requantize nodes.
func makeUnsigned(g *graph.Graph) error {
	e := newEditor(g)
	chosen := signedActivations(g)
	for _, v := range g.Inputs {
		if !chosen[v] {
			continue
		}
		u, err := e.add("Requantize", nil, v.Name+".u8", unsignedLike(v), v)
		if err != nil {
			return err
		}
		e.replace(v, u)
	}
	for _, n := range g.Nodes {
		data := n.Input(0) != nil && chosen[n.Inputs[0]]
		e.enter(n)
		if data {
			e.flipConstants(n)
		}
		var exits []*graph.Node
		for i, v := range n.Outputs {
			if v == nil || !chosen[v] {
				continue
			}
			u := v
			if g.IsOutput(v) {
				u = &graph.Value{Name: e.name(v.Name + ".u8"), Shape: v.Shape, DType: v.DType, Quant: v.Quant, Producer: n}
				n.Outputs[i] = u
				r := &graph.Node{Op: "Requantize", Name: v.Name, Inputs: []*graph.Value{u}, Outputs: []*graph.Value{v}}
				v.Producer = r
				exits = append(exits, r)
				e.replace(v, u)
			}
			like := unsignedLike(u)
			u.DType, u.Quant = like.DType, like.Quant
		}
		shiftAttrs(n, data)
		e.keep(n)
		e.nodes = append(e.nodes, exits...)
	}
	g.Nodes = e.nodes
	return nil
}

// signedActivations returns the non-constant int8 values quantized per tensor that no operator reads or writes as plain
// integers.
func signedActivations(g *graph.Graph) map[*graph.Value]bool {
	chosen := make(map[*graph.Value]bool)
	consider := func(v *graph.Value) {
		if v != nil && v.Const == nil && v.DType == graph.Int8 && v.Quant != nil && v.Quant.IsPerTensor() {
			chosen[v] = true
		}
	}
	for _, v := range g.Inputs {
		consider(v)
	}
	for _, n := range g.Nodes {
		for _, v := range n.Outputs {
			consider(v)
		}
	}
	for _, n := range g.Nodes {
		op, err := ops.Lookup(n.Op)
		if err != nil || !op.PlainIntegers {
			continue
		}
		for _, v := range append(n.Inputs[:len(n.Inputs):len(n.Inputs)], n.Outputs...) {
			delete(chosen, v)
		}
	}
	return chosen
}

// unsignedLike returns a value with the type and Quant that v has as uint8.
func unsignedLike(v *graph.Value) *graph.Value {
	return &graph.Value{DType: graph.Uint8, Quant: graph.PerTensor(v.Quant.Scale[0], v.Quant.ZeroAt(0)+128)}
}

// flipConstants converts the int8 constants that n reads as data beside an input that became uint8: operands with a
// per-tensor Quant, and plain ones such as the value of Pad.
func (e *editor) flipConstants(n *graph.Node) {
	if _, ok := n.Attrs.(*ops.Conv); ok {
		return
	}
	if _, ok := n.Attrs.(*ops.Dense); ok {
		return
	}
	for i, c := range n.Inputs {
		if i == 0 || c == nil || c.Const == nil || c.DType != graph.Int8 || c.Quant != nil && !c.Quant.IsPerTensor() {
			continue
		}
		t := graph.NewTensor(graph.Uint8, c.Shape...)
		for j, b := range c.Const.Data {
			t.Data[j] = b ^ 0x80
		}
		u := graph.NewConst(e.name(c.Name+".u8"), t)
		if c.Quant != nil {
			u.Quant = graph.PerTensor(c.Quant.Scale[0], c.Quant.ZeroAt(0)+128)
		}
		n.Inputs[i] = u
	}
}

// shiftAttrs moves the integers that attributes hold along with the output's type: the intermediate zero point of a residual
// sum, and the center that an average is rounded away from.
func shiftAttrs(n *graph.Node, wasSigned bool) {
	if n.Outputs[0] == nil || n.Outputs[0].DType != graph.Uint8 {
		return
	}
	switch a := n.Attrs.(type) {
	case *ops.Conv:
		if a.Sum != nil && a.Sum.Signed {
			c, s := *a, *a.Sum
			s.Zero, s.Signed = s.Zero+128, false
			c.Sum = &s
			n.Attrs = &c
		}
	case *ops.Dense:
		if a.Sum != nil && a.Sum.Signed {
			c, s := *a, *a.Sum
			s.Zero, s.Signed = s.Zero+128, false
			c.Sum = &s
			n.Attrs = &c
		}
	case *ops.Pool:
		if a.HalfAway && wasSigned {
			c := *a
			c.Center += 128
			n.Attrs = &c
		}
	}
}
