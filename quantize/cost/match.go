package cost

import (
	"fmt"
	"slices"
	"strings"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/runtime/optimize"
)

// Unmatched is an activation or layer of one model without counterpart in the other.
type Unmatched struct {
	Model string `json:"model"` // A or B
	// Kind is activation, layer, or part: an activation that others of the same model, within a layer, stand for.
	Kind string `json:"kind"`
	Name string `json:"name"`
	Why  string `json:"why"`
}

// pair is an activation of A and its counterpart in B.
type pair struct {
	a, b *graph.Value // of the simplified graphs
	name string       // that they have in common
}

// form is a model's graph, simplified, with the names that its activations go by.
type form struct {
	graph *graph.Graph
	// list is the activations in order.
	list []*graph.Value
	// late are names that an activation has in the model for what it is; own names, too, where they mean the same.
	late map[string]*graph.Value
	// early are own names of activations that have become something later: a convolution's name for the result of the clamp
	// that was made part of it.
	early map[string]*graph.Value
	// names has one late name for each activation.
	names map[*graph.Value]string
	// parts are names of the model that have no activation: values within a layer.
	parts map[string]string // to the activation that they are part of
}

// absorbed lists the operators that can become part of the node before them without another shape.
var absorbed = []string{"Relu", "Relu6", "Clip", "BatchNormalization", "Mul", "Add", "Sub", "Div", "Identity", "Dropout", "Cast"}

// newForm simplifies a model's graph.
func newForm(m Model) (*form, error) {
	s, err := optimize.Simplify(m.Graph)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.Name, err)
	}
	f := &form{
		graph: s, late: make(map[string]*graph.Value), early: make(map[string]*graph.Value),
		names: make(map[*graph.Value]string), parts: make(map[string]string),
	}
	own := make(map[string]*graph.Value)
	for _, v := range activations(s) {
		f.list = append(f.list, v)
		own[v.Name] = v
		f.names[v] = v.Name
	}
	came := make(map[string]string) // from what a name of the model that is gone was made
	for _, n := range m.Graph.Nodes {
		y := first(n.Outputs)
		if y == nil || own[y.Name] != nil || !slices.Contains(absorbed, n.Op) {
			continue
		}
		for _, x := range n.Inputs {
			if x == nil || x.Const != nil {
				continue
			}
			from := x.Name
			if before, ok := came[from]; ok {
				from = before
			}
			if v := own[from]; v != nil {
				came[y.Name] = from
				f.parts[f.names[v]] = y.Name
				f.names[v] = y.Name
			}
		}
	}
	for _, v := range f.list {
		f.late[f.names[v]] = v
		if f.names[v] != v.Name {
			f.early[v.Name] = v
		}
	}
	return f, nil
}

// first returns the first value of a list, nil where there is none.
func first(list []*graph.Value) *graph.Value {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// activations returns the inputs and results of a graph that are data, floats and quantized numbers, and depend on an input.
func activations(g *graph.Graph) []*graph.Value {
	var list []*graph.Value
	depends := make(map[*graph.Value]bool)
	add := func(v *graph.Value) {
		if v == nil {
			return
		}
		depends[v] = true
		if v.DType.IsFloat() || v.Quant != nil {
			list = append(list, v)
		}
	}
	for _, v := range g.Inputs {
		add(v)
	}
	for _, n := range g.Nodes {
		if !slices.ContainsFunc(n.Inputs, func(v *graph.Value) bool { return depends[v] }) {
			continue // constant
		}
		for _, v := range n.Outputs {
			add(v)
		}
	}
	return list
}

// read returns the value that tells what v is in a quantized model: its integers, if it has any.
func (f *form) read(v *graph.Value, readers map[*graph.Value][]*graph.Node) *graph.Value {
	if v.Quant != nil {
		return v
	}
	if p := v.Producer; p != nil && p.Op == "Dequantize" && p.Inputs[0].Const == nil {
		return p.Inputs[0]
	}
	for _, n := range readers[v] {
		if n.Op == "Quantize" && n.Outputs[0].Quant.IsPerTensor() {
			return n.Outputs[0]
		}
	}
	return v
}

// suffixes are what quantizers add to the names of values.
var suffixes = []string{"_quantized", "_QuantizeLinear_Output", "_q", "_int8"}

// matcher pairs the activations of two forms.
type matcher struct {
	a, b      *form
	read      map[*graph.Value]*graph.Value // of B: what stands for an activation
	of        map[*graph.Value]*pair        // by A's activation
	taken     map[*graph.Value]bool         // what of B is read already
	unmatched []Unmatched
}

// match pairs the activations of two models by name.
func match(a, b Model) (*matcher, error) {
	m := &matcher{read: make(map[*graph.Value]*graph.Value), of: make(map[*graph.Value]*pair), taken: make(map[*graph.Value]bool)}
	var err error
	if m.a, err = newForm(a); err != nil {
		return nil, err
	}
	if m.b, err = newForm(b); err != nil {
		return nil, err
	}
	readers := m.b.graph.Consumers()
	for _, v := range m.b.list {
		m.read[v] = m.b.read(v, readers)
	}
	m.byName(func(name string) *graph.Value { return m.a.late[name] })
	m.byName(func(name string) *graph.Value { return m.a.early[name] })
	m.byName(func(name string) *graph.Value {
		for _, s := range suffixes {
			if short, ok := strings.CutSuffix(name, s); ok {
				return m.a.late[short]
			}
		}
		return nil
	})
	m.rest()
	return m, nil
}

// byName pairs activations of B that have no counterpart yet with those of A that a function gives for their name.
func (m *matcher) byName(find func(name string) *graph.Value) {
	for _, v := range m.b.list {
		name := m.b.names[v]
		x, y := find(name), m.read[v]
		if x == nil || m.of[x] != nil || m.taken[y] {
			continue
		}
		if !x.Shape.Bind(1).Equal(y.Shape.Bind(1)) || !y.DType.IsFloat() && !y.Quant.IsPerTensor() {
			continue
		}
		m.of[x] = &pair{a: x, b: y, name: name}
		m.taken[y] = true
	}
}

// pairs returns the pairs in the order of A.
func (m *matcher) pairs() []pair {
	var list []pair
	for _, v := range m.a.list {
		if p := m.of[v]; p != nil {
			list = append(list, *p)
		}
	}
	return list
}

// rest lists what has no counterpart.
func (m *matcher) rest() {
	for _, v := range m.a.list {
		if m.of[v] == nil {
			why := "no value of that name"
			if y := m.b.late[m.a.names[v]]; y != nil {
				why = fmt.Sprintf("shape %v, there %v", v.Shape, y.Shape)
			}
			m.unmatched = append(m.unmatched, Unmatched{Model: "A", Kind: "activation", Name: m.a.names[v], Why: why})
		}
	}
	seen := make(map[*graph.Value]bool)
	for _, v := range m.b.list {
		y := m.read[v]
		if m.taken[y] || seen[y] {
			continue
		}
		seen[y] = true
		m.unmatched = append(m.unmatched, Unmatched{Model: "B", Kind: "activation", Name: m.b.names[v], Why: "no value of that name"})
	}
	for _, f := range []struct {
		model string
		form  *form
	}{{"A", m.a}, {"B", m.b}} {
		for _, v := range f.form.list {
			for name := v.Name; name != f.form.names[v]; name = f.form.parts[name] {
				m.unmatched = append(m.unmatched, Unmatched{Model: f.model, Kind: "part", Name: name, Why: fmt.Sprintf("only on the way to %q", f.form.names[v])})
			}
		}
	}
}
