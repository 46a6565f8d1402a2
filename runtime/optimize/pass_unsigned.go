package optimize

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// makeUnsigned turns int8 activations into uint8 ones whose zero point is 128 greater: the kernels multiply unsigned data by
// signed weights. Inputs and outputs of the graph keep their type behind Requantize nodes, and so does what operators on
// plain integers read and make.
func makeUnsigned(g *graph.Graph) error {
	u := &unsigned{editor: newEditor(g), chosen: signedActivations(g), signed: make(map[*graph.Value]*graph.Value)}
	for _, v := range g.Inputs {
		if !u.chosen[v] {
			continue
		}
		w, err := u.add("Requantize", nil, v.Name+".u8", unsignedLike(v), v)
		if err != nil {
			return err
		}
		u.replace(v, w)
		u.signed[w] = v
	}
	for _, n := range g.Nodes {
		if err := u.node(n); err != nil {
			return err
		}
	}
	g.Nodes = u.nodes
	return nil
}

// unsigned is the state of makeUnsigned.
type unsigned struct {
	*editor
	chosen map[*graph.Value]bool
	signed map[*graph.Value]*graph.Value // the int8 form of values that became uint8, where it exists
}

func (u *unsigned) node(n *graph.Node) error {
	op, err := ops.Lookup(n.Op)
	if err != nil {
		return err
	}
	first := n.Input(0) != nil && u.chosen[n.Inputs[0]]
	data := slices.ContainsFunc(n.Inputs, func(v *graph.Value) bool { return u.chosen[v] })
	u.enter(n)
	switch {
	case op.PlainIntegers:
		if err := u.readSigned(n); err != nil {
			return err
		}
	case data:
		u.flipConstants(n)
	}
	var after []*graph.Node
	for i, v := range n.Outputs {
		switch {
		case v == nil || !u.chosen[v]:
		case op.PlainIntegers:
			w := unsignedLike(v)
			w.Name, w.Shape = u.name(v.Name+".u8"), v.Shape
			after = append(after, requantization(v, w))
			u.replace(v, w)
			u.signed[w] = v
		case u.g.IsOutput(v):
			w := unsignedLike(v)
			w.Name, w.Shape, w.Producer = u.name(v.Name+".u8"), v.Shape, n
			n.Outputs[i] = w
			after = append(after, requantization(w, v))
			u.replace(v, w)
			u.signed[w] = v
		default:
			like := unsignedLike(v)
			v.DType, v.Quant = like.DType, like.Quant
		}
	}
	if !op.PlainIntegers {
		shiftAttrs(n, first)
	}
	u.keep(n)
	u.nodes = append(u.nodes, after...)
	return nil
}

// readSigned makes n read the int8 form of values that became uint8.
func (u *unsigned) readSigned(n *graph.Node) error {
	for i, v := range n.Inputs {
		if v == nil || v.Const != nil || v.DType != graph.Uint8 || !u.became(v) {
			continue
		}
		if u.signed[v] == nil {
			s, err := u.add("Requantize", nil, v.Name+".i8", signedLike(v), v)
			if err != nil {
				return err
			}
			u.signed[v] = s
		}
		n.Inputs[i] = u.signed[v]
	}
	return nil
}

// became reports whether v stands for a value that was int8: it is chosen itself or has a form that is.
func (u *unsigned) became(v *graph.Value) bool { return u.chosen[v] || u.signed[v] != nil }

// requantization returns a node that makes y from x.
func requantization(x, y *graph.Value) *graph.Node {
	y.Producer = &graph.Node{Op: "Requantize", Name: y.Name, Inputs: []*graph.Value{x}, Outputs: []*graph.Value{y}}
	return y.Producer
}

// signedActivations returns the non-constant int8 values quantized per tensor.
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
	return chosen
}

// unsignedLike returns a value with the type and Quant that v has as uint8.
func unsignedLike(v *graph.Value) *graph.Value {
	return &graph.Value{DType: graph.Uint8, Quant: graph.PerTensor(v.Quant.Scale[0], v.Quant.ZeroAt(0)+128)}
}

// signedLike is the inverse of unsignedLike.
func signedLike(v *graph.Value) *graph.Value {
	return &graph.Value{DType: graph.Int8, Quant: graph.PerTensor(v.Quant.Scale[0], v.Quant.ZeroAt(0)-128)}
}

// flipConstants converts the int8 constants that n reads as data beside an input that became uint8: operands with a
// per-tensor Quant, and the value of Pad, which has the Quant of the data.
func (e *editor) flipConstants(n *graph.Node) {
	switch n.Attrs.(type) {
	case *ops.Conv, *ops.Dense:
		return
	}
	_, pad := n.Attrs.(*ops.Pad)
	for i, c := range n.Inputs {
		if c == nil || c.Const == nil || c.DType != graph.Int8 || c.Quant == nil && !pad || c.Quant != nil && !c.Quant.IsPerTensor() {
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
