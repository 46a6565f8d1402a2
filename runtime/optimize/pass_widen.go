package optimize

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// widen computes half-precision graphs in float32: constants are converted, and so are inputs and outputs of the graph, by
// Cast nodes at its edge.
func widen(g *graph.Graph) error {
	e := newEditor(g)
	consts := make(map[*graph.Value]*graph.Value)
	for _, v := range g.Inputs {
		if isHalf(v.DType) {
			w, err := e.add("Cast", &ops.Cast{To: graph.Float32}, v.Name+".f32", nil, v)
			if err != nil {
				return err
			}
			e.replace(v, w)
		}
	}
	for _, n := range g.Nodes {
		e.enter(n)
		for i, v := range n.Inputs {
			if v != nil && v.Const != nil && isHalf(v.DType) {
				n.Inputs[i] = widened(v, consts)
			}
		}
		if a, ok := n.Attrs.(*ops.Cast); ok && isHalf(a.To) {
			n.Attrs = &ops.Cast{To: graph.Float32}
		}
		var narrow []*graph.Value
		for i, v := range n.Outputs {
			if v == nil || !isHalf(v.DType) {
				continue
			}
			w := v
			if g.IsOutput(v) {
				w = &graph.Value{Name: e.name(v.Name + ".f32"), Shape: v.Shape, Producer: n}
				n.Outputs[i] = w
				narrow = append(narrow, v, w)
				e.replace(v, w)
			}
			w.DType = graph.Float32
		}
		e.keep(n)
		for i := 0; i < len(narrow); i += 2 {
			v := narrow[i]
			c := &graph.Node{Op: "Cast", Name: v.Name, Attrs: &ops.Cast{To: v.DType}, Inputs: []*graph.Value{narrow[i+1]}, Outputs: []*graph.Value{v}}
			v.Producer = c
			e.keep(c)
		}
	}
	g.Nodes = e.nodes
	return nil
}

// WidenInterface returns g with float32 where its inputs, outputs and constants are half-precision, which it does not change.
func WidenInterface(g *graph.Graph) *graph.Graph {
	g = g.Clone()
	consts := make(map[*graph.Value]*graph.Value)
	for _, v := range g.Inputs {
		if isHalf(v.DType) {
			v.DType = graph.Float32
		}
	}
	for _, n := range g.Nodes {
		for i, v := range n.Inputs {
			if v != nil && v.Const != nil && isHalf(v.DType) {
				n.Inputs[i] = widened(v, consts)
			}
		}
		if a, ok := n.Attrs.(*ops.Cast); ok && isHalf(a.To) {
			n.Attrs = &ops.Cast{To: graph.Float32}
		}
		for _, v := range n.Outputs {
			if v != nil && isHalf(v.DType) {
				v.DType = graph.Float32
			}
		}
	}
	return g
}

// widened returns the half-precision constant v in float32, made once for each constant.
func widened(v *graph.Value, made map[*graph.Value]*graph.Value) *graph.Value {
	if made[v] == nil {
		t := graph.NewTensor(graph.Float32, v.Shape...)
		for i := range t.Len() {
			t.SetFloat(i, v.Const.Float(i))
		}
		made[v] = graph.NewConst(v.Name, t)
	}
	return made[v]
}

func isHalf(d graph.DType) bool { return d == graph.Float16 || d == graph.BFloat16 }
