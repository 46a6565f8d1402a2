package optimize

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// absorbFunctions makes what elementwise nodes compute from the bytes of one layer, and from nothing else but constants of one
// element, part of that layer: an activation, or several nodes that make one such as x*sigmoid(x).
func absorbFunctions(g *graph.Graph) error {
	f := &functions{
		uses: uses(g), made: make(map[*graph.Value]function), cones: make(map[*graph.Value][]*graph.Node),
	}
	for _, n := range g.Nodes {
		f.node(n)
	}
	for _, n := range g.Nodes {
		f.absorb(n)
	}
	return nil
}

// function says that a value holds, for each byte of another value, the byte that a table gives.
type function struct {
	of    *graph.Value
	table []byte
}

// functions is the state of absorbFunctions.
type functions struct {
	uses  map[*graph.Value]int
	made  map[*graph.Value]function
	cones map[*graph.Value][]*graph.Node // by argument: the nodes whose results are functions of it, in order
}

// quantizedByte reports whether v is uint8 with one scale.
func quantizedByte(v *graph.Value) bool {
	return v.DType == graph.Uint8 && v.Quant != nil && v.Quant.IsPerTensor() && v.Quant.Table == nil
}

// allBytes returns the bytes from 0 to 255.
func allBytes() []byte {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

// layer returns the operator of n where it takes functions of its result, else nil.
func layer(n *graph.Node) *ops.Operator {
	op, err := ops.Lookup(n.Op)
	if err != nil || op.WithFunction == nil || n.Attrs == nil || !quantizedByte(n.Outputs[0]) {
		return nil
	}
	return op
}

// node finds out whether the result of n is a function of the bytes of a layer.
func (f *functions) node(n *graph.Node) {
	y := n.Outputs[0]
	if layer(n) != nil {
		f.made[y] = function{y, allBytes()}
		return
	}
	op, err := ops.Lookup(n.Op)
	if err != nil || !op.Elementwise || len(n.Outputs) != 1 || !quantizedByte(y) {
		return
	}
	var of *graph.Value
	for _, v := range n.Inputs {
		switch made, ok := f.made[v]; {
		case v == nil || v.Const != nil && v.Const.Len() == 1:
		case !ok || of != nil && of != made.of:
			return
		default:
			of = made.of
		}
	}
	if of == nil || !of.Shape.Equal(y.Shape) {
		return
	}
	if table := f.tabulate(n); table != nil {
		f.made[y] = function{of, table}
		f.cones[of] = append(f.cones[of], n)
	}
}

// tabulate returns the bytes of the result of n for all bytes of the value that its inputs are functions of, or nil.
func (f *functions) tabulate(n *graph.Node) []byte {
	y := n.Outputs[0]
	m := &graph.Node{Op: n.Op, Name: n.Name, Attrs: n.Attrs}
	in := make([]*graph.Tensor, len(n.Inputs))
	for i, v := range n.Inputs {
		switch {
		case v == nil:
		case v.Const != nil:
			in[i] = v.Const
		default:
			in[i] = &graph.Tensor{DType: graph.Uint8, Shape: graph.Shape{256}, Data: f.made[v].table}
			v = &graph.Value{Name: v.Name, DType: graph.Uint8, Shape: graph.Shape{256}, Quant: v.Quant}
		}
		m.Inputs = append(m.Inputs, v)
	}
	m.Outputs = []*graph.Value{{Name: y.Name, DType: y.DType, Quant: y.Quant, Producer: m}}
	if ops.Infer(m) != nil || m.Outputs[0].DType != graph.Uint8 || m.Outputs[0].Shape.Size() != 256 {
		return nil
	}
	out, err := ops.Evaluate(m, in)
	if err != nil {
		return nil
	}
	return out[0].Data
}

// absorb makes the last of the functions of a layer's result, none of whose parts anything else reads, the layer's own.
func (f *functions) absorb(p *graph.Node) {
	op := layer(p)
	if op == nil {
		return
	}
	x := p.Outputs[0]
	for _, n := range slices.Backward(f.cones[x]) {
		y := n.Outputs[0]
		if !f.closed(x, y) {
			continue
		}
		t := &graph.Tensor{DType: graph.Uint8, Shape: graph.Shape{256}, Data: f.made[y].table}
		p.Attrs = op.WithFunction(p.Attrs, &ops.ByteFunction{Scale: x.Quant.Scale[0], Zero: x.Quant.ZeroAt(0), Table: t})
		p.Outputs[0], y.Producer = y, p
		n.Outputs[0] = &graph.Value{Name: x.Name, DType: y.DType, Shape: y.Shape, Quant: y.Quant, Producer: n}
		return
	}
}

// closed reports whether nothing reads x, or what is computed from it on the way to y, but nodes on that way.
func (f *functions) closed(x, y *graph.Value) bool {
	reads := make(map[*graph.Value]int) // on the way
	for _, n := range slices.Backward(f.cones[x]) {
		if v := n.Outputs[0]; v != y && reads[v] == 0 {
			continue
		}
		for _, v := range n.Inputs {
			if v != nil && v.Const == nil {
				reads[v]++
			}
		}
	}
	for v, count := range reads {
		if f.uses[v] != count {
			return false
		}
	}
	return reads[x] > 0
}
