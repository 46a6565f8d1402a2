package graph

import (
	"fmt"
	"slices"
)

// Value is a tensor in the graph: an input, a constant or the result of a node.
type Value struct {
	Name  string
	DType DType   // Invalid while unknown
	Shape Shape   // nil together with an Invalid DType while unknown
	Quant *Quant  // nil for plain numbers
	Const *Tensor // nil unless the value is constant
	// Producer is the node that makes the value; nil for inputs and constants.
	Producer *Node
}

// String returns the name.
func (v *Value) String() string {
	if v == nil {
		return "_"
	}
	return v.Name
}

// Node applies an operator.
type Node struct {
	Op      string   // operator, named as in ONNX
	Name    string   // for messages; may be empty
	Attrs   any      // pointer to the operator's attribute struct (package ops), nil where it has none
	Inputs  []*Value // nil entries are absent optional inputs
	Outputs []*Value // nil entries are outputs that nobody wants
}

// Input returns input i, or nil where it is absent.
func (n *Node) Input(i int) *Value {
	if i < len(n.Inputs) {
		return n.Inputs[i]
	}
	return nil
}

// Where names the node for messages: its operator and its name or first output.
func (n *Node) Where() string {
	name := n.Name
	for i := 0; name == "" && i < len(n.Outputs); i++ {
		if n.Outputs[i] != nil {
			name = n.Outputs[i].Name
		}
	}
	return fmt.Sprintf("%s %q", n.Op, name)
}

// Graph is a model: a directed acyclic graph of nodes over values.
type Graph struct {
	Name     string
	Inputs   []*Value
	Outputs  []*Value
	Nodes    []*Node           // in topological order
	Metadata map[string]string // of the file; nil where there is none
}

// NewValue returns a value without producer that belongs to no list yet.
func NewValue(name string, d DType, s Shape) *Value { return &Value{Name: name, DType: d, Shape: s} }

// NewConst returns a constant value with the type and shape of t.
func NewConst(name string, t *Tensor) *Value {
	return &Value{Name: name, DType: t.DType, Shape: t.Shape, Const: t}
}

// AddInput appends an input.
func (g *Graph) AddInput(name string, d DType, s Shape) *Value {
	v := NewValue(name, d, s)
	g.Inputs = append(g.Inputs, v)
	return v
}

// Add appends a node whose outputs are new values of unknown type with the given names; an empty name is an output that
// nobody wants.
func (g *Graph) Add(op, name string, attrs any, inputs []*Value, outputs ...string) *Node {
	n := &Node{Op: op, Name: name, Attrs: attrs, Inputs: inputs}
	for _, o := range outputs {
		var v *Value
		if o != "" {
			v = &Value{Name: o, Producer: n}
		}
		n.Outputs = append(n.Outputs, v)
	}
	g.Nodes = append(g.Nodes, n)
	return n
}

// Consumers returns, for every value, the nodes that read it, in order, a node once for each time it reads it.
func (g *Graph) Consumers() map[*Value][]*Node {
	m := make(map[*Value][]*Node)
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			if v != nil {
				m[v] = append(m[v], n)
			}
		}
	}
	return m
}

// IsOutput reports whether v is an output of the graph.
func (g *Graph) IsOutput(v *Value) bool { return slices.Contains(g.Outputs, v) }

// Replace makes every reader of old, and the graph's outputs, use new instead.
func (g *Graph) Replace(old, new *Value) {
	for _, n := range g.Nodes {
		for i, v := range n.Inputs {
			if v == old {
				n.Inputs[i] = new
			}
		}
	}
	for i, v := range g.Outputs {
		if v == old {
			g.Outputs[i] = new
		}
	}
}

// Clone returns a copy of the graph with its own nodes and values. Constant tensors, quantizations and attribute structs
// are shared: whoever changes one replaces it.
func (g *Graph) Clone() *Graph {
	values := make(map[*Value]*Value)
	dup := func(v *Value) *Value {
		if v == nil {
			return nil
		}
		c, ok := values[v]
		if !ok {
			c = new(Value)
			*c = *v
			c.Shape = v.Shape.Clone()
			c.Producer = nil
			values[v] = c
		}
		return c
	}
	all := func(list []*Value) []*Value {
		out := make([]*Value, len(list))
		for i, v := range list {
			out[i] = dup(v)
		}
		return out
	}
	c := &Graph{Name: g.Name, Inputs: all(g.Inputs), Metadata: g.Metadata}
	for _, n := range g.Nodes {
		m := &Node{Op: n.Op, Name: n.Name, Attrs: n.Attrs, Inputs: all(n.Inputs), Outputs: all(n.Outputs)}
		for _, v := range m.Outputs {
			if v != nil {
				v.Producer = m
			}
		}
		c.Nodes = append(c.Nodes, m)
	}
	c.Outputs = all(g.Outputs)
	return c
}

// Bind returns a copy of the graph in which every batch dimension has size n.
func (g *Graph) Bind(n int) *Graph {
	c := g.Clone()
	seen := make(map[*Value]bool)
	bind := func(list []*Value) {
		for _, v := range list {
			if v != nil && !seen[v] {
				seen[v] = true
				v.Shape = v.Shape.Bind(n)
			}
		}
	}
	bind(c.Inputs)
	for _, node := range c.Nodes {
		bind(node.Inputs)
		bind(node.Outputs)
	}
	bind(c.Outputs)
	return c
}
