package optimize

import (
	"slices"
	"strconv"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// removeDead drops the nodes none of whose outputs is read, and marks outputs but the first that nobody reads as unwanted.
func removeDead(g *graph.Graph) {
	live := make(map[*graph.Value]bool)
	for _, v := range g.Outputs {
		live[v] = true
	}
	kept := g.Nodes[:0:0]
	for _, n := range slices.Backward(g.Nodes) {
		used := slices.ContainsFunc(n.Outputs, func(v *graph.Value) bool { return v != nil && live[v] })
		if !used {
			continue
		}
		for i, v := range n.Outputs {
			if i > 0 && !live[v] {
				n.Outputs[i] = nil
			}
		}
		for _, v := range n.Inputs {
			if v != nil {
				live[v] = true
			}
		}
		kept = append(kept, n)
	}
	slices.Reverse(kept)
	g.Nodes = kept
}

// nameFirstOutputs makes values of first outputs that nobody wants: operators may rely on the first one.
func nameFirstOutputs(g *graph.Graph) {
	e := newEditor(g)
	for _, n := range g.Nodes {
		if n.Outputs[0] == nil {
			n.Outputs[0] = &graph.Value{Name: e.name("unwanted"), Producer: n}
		}
	}
}

// uses counts how often each value is read, by nodes and as an output of the graph.
func uses(g *graph.Graph) map[*graph.Value]int {
	m := make(map[*graph.Value]int)
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			if v != nil {
				m[v]++
			}
		}
	}
	for _, v := range g.Outputs {
		m[v]++
	}
	return m
}

// editor collects the changes of a pass that walks the nodes once, in order, so that replacing values costs no walk each.
type editor struct {
	g        *graph.Graph
	nodes    []*graph.Node
	replaced map[*graph.Value]*graph.Value
	names    map[string]int
}

func newEditor(g *graph.Graph) *editor {
	e := &editor{g: g, replaced: make(map[*graph.Value]*graph.Value), names: make(map[string]int)}
	for _, v := range g.Inputs {
		e.names[v.Name] = 1
	}
	for _, n := range g.Nodes {
		for _, list := range [][]*graph.Value{n.Inputs, n.Outputs} {
			for _, v := range list {
				if v != nil {
					e.names[v.Name] = 1
				}
			}
		}
	}
	return e
}

// resolve returns what stands for v now.
func (e *editor) resolve(v *graph.Value) *graph.Value {
	for e.replaced[v] != nil {
		v = e.replaced[v]
	}
	return v
}

// enter makes n read the values that stand for its inputs now.
func (e *editor) enter(n *graph.Node) {
	for i, v := range n.Inputs {
		if v != nil {
			n.Inputs[i] = e.resolve(v)
		}
	}
}

// replace makes later nodes and the graph's outputs read new where they read old.
func (e *editor) replace(old, new *graph.Value) { e.replaced[old] = new }

// keep appends a node to the new list of nodes.
func (e *editor) keep(n *graph.Node) { e.nodes = append(e.nodes, n) }

// name returns a value name that starts with base and is not taken.
func (e *editor) name(base string) string {
	for e.names[base] > 0 {
		e.names[base]++
		base = base + "." + strconv.Itoa(e.names[base]-1)
	}
	e.names[base] = 1
	return base
}

// add appends a new node of one output, which it infers. like, unless nil, gives the declared type and Quant of the output.
func (e *editor) add(op string, attrs any, base string, like *graph.Value, inputs ...*graph.Value) (*graph.Value, error) {
	n := &graph.Node{Op: op, Name: base, Attrs: attrs, Inputs: inputs}
	v := &graph.Value{Name: e.name(base), Producer: n}
	if like != nil {
		v.DType, v.Quant = like.DType, like.Quant
	}
	n.Outputs = []*graph.Value{v}
	if err := ops.Infer(n); err != nil {
		return nil, err
	}
	e.keep(n)
	return v, nil
}

// finish puts the new list of nodes into the graph. An output of the graph that was replaced keeps its name, and remains a
// value of its own where what replaces it has another name to keep.
func (e *editor) finish() {
	e.g.Nodes = e.nodes
	for i, v := range e.g.Outputs {
		r := e.resolve(v)
		if r == v {
			continue
		}
		if r.Producer == nil || e.g.IsOutput(r) {
			e.copies(v, r)
			continue
		}
		r.Name, v.Name = v.Name, e.name(v.Name+".was")
		for k := i; k < len(e.g.Outputs); k++ {
			if e.g.Outputs[k] == v {
				e.g.Outputs[k] = r
			}
		}
	}
}

// copies makes v, an output of the graph, a copy of r.
func (e *editor) copies(v, r *graph.Value) {
	if v.Producer != nil && v.Producer.Op == "Identity" && v.Producer.Inputs[0] == r {
		return // v is an output twice
	}
	v.DType, v.Shape, v.Quant = r.DType, r.Shape, r.Quant
	v.Producer = &graph.Node{Op: "Identity", Name: v.Name, Inputs: []*graph.Value{r}, Outputs: []*graph.Value{v}}
	e.g.Nodes = append(e.g.Nodes, v.Producer)
}
