package optimize

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// requantizeEarly makes layers whose results a node such as Concat alone reads, requantizes and puts side by side give results
// that it only has to put there: the change of bytes becomes a function of the layer. Without it no layer could write to its
// place at once.
func requantizeEarly(g *graph.Graph) error {
	count := uses(g)
	for _, n := range g.Nodes {
		op, err := ops.Lookup(n.Op)
		if err != nil {
			return err
		}
		if op.Place == nil || !quantizedByte(n.Outputs[0]) {
			continue
		}
		for i, v := range n.Inputs {
			if v != nil && v.Producer != nil && count[v] == 1 && layer(v.Producer) != nil && !v.Quant.Equal(n.Outputs[0].Quant) {
				requantizeInput(n, op, i)
			}
		}
	}
	return nil
}

// requantizeInput makes input i of n, the result of a layer, have the quantization of the output of n, where it then stands in it
// as rows of its own.
func requantizeInput(n *graph.Node, op *ops.Operator, i int) {
	v, y := n.Inputs[i], n.Outputs[0]
	w := &graph.Value{Name: v.Name, DType: y.DType, Shape: v.Shape, Quant: y.Quant, Producer: v.Producer}
	n.Inputs[i] = w
	if r, ok := op.Place(n, i); !ok || r.Run != v.Shape[len(v.Shape)-1] {
		n.Inputs[i] = v
		return
	}
	n.Inputs[i] = v
	table := alone(n, v)
	if table == nil {
		return
	}
	p := v.Producer
	f := &ops.ByteFunction{Scale: v.Quant.Scale[0], Zero: v.Quant.ZeroAt(0), Table: table}
	p.Attrs, p.Outputs[0], n.Inputs[i] = layer(p).WithFunction(p.Attrs, f), w, w
}

// alone returns the bytes that n, with v as its only input, makes of all bytes, or nil.
func alone(n *graph.Node, v *graph.Value) *graph.Tensor {
	s := make(graph.Shape, len(v.Shape))
	for i := range s {
		s[i] = 1
	}
	s[0] = 256
	x := &graph.Value{Name: v.Name, DType: v.DType, Shape: s, Quant: v.Quant}
	y := &graph.Value{Name: n.Outputs[0].Name, DType: n.Outputs[0].DType, Quant: n.Outputs[0].Quant}
	m := &graph.Node{Op: n.Op, Name: n.Name, Attrs: n.Attrs, Inputs: []*graph.Value{x}, Outputs: []*graph.Value{y}}
	t := &graph.Tensor{DType: graph.Uint8, Shape: s, Data: allBytes()}
	if ops.Infer(m) != nil || !y.Shape.Equal(s) {
		return nil
	}
	out, err := ops.Evaluate(m, []*graph.Tensor{t})
	if err != nil {
		return nil
	}
	return &graph.Tensor{DType: graph.Uint8, Shape: graph.Shape{256}, Data: out[0].Data}
}
