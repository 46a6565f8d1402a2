package optimize

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// joinQuantize makes one node of a Quantize and the node before or behind it that only moves what it quantizes: the way of a float
// picture to bytes in NHWC.
func joinQuantize(g *graph.Graph) error {
	count := uses(g)
	for _, n := range g.Nodes {
		x := n.Input(0)
		if x == nil || x.Producer == nil || count[x] != 1 {
			continue
		}
		p := x.Producer
		switch {
		case p.Op == "Quantize" && x.Quant.Equal(n.Outputs[0].Quant) && readsFloat(n, p.Inputs[0], n.Outputs[0]):
			n.Inputs[0] = p.Inputs[0]
		case n.Op == "Quantize" && readsFloat(p, p.Inputs[0], n.Outputs[0]):
			p.Outputs[0], n.Outputs[0] = n.Outputs[0], x // n is dead now
			p.Outputs[0].Producer, x.Producer = p, n
			n.Inputs[0] = p.Inputs[0]
		}
	}
	return nil
}

// readsFloat reports whether n should make y, which is quantized per tensor, of x, which is float32.
func readsFloat(n *graph.Node, x, y *graph.Value) bool {
	op, err := ops.Lookup(n.Op)
	if err != nil || op.ReadsFloat == nil || x == nil || x.Const != nil || x.DType != graph.Float32 || y.Quant == nil || !y.Quant.IsPerTensor() {
		return false
	}
	out := &graph.Value{Name: y.Name, DType: y.DType, Quant: y.Quant}
	m := &graph.Node{Op: n.Op, Name: n.Name, Attrs: n.Attrs, Inputs: append([]*graph.Value{x}, n.Inputs[1:]...), Outputs: []*graph.Value{out}}
	return ops.Infer(m) == nil && out.DType == y.DType && op.ReadsFloat(m)
}
