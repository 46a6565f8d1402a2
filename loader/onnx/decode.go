package onnx

import (
	"fmt"
	"io/fs"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/octet-ml/octet/graph"
)

// Decode reads an ONNX model. The graph's constants alias data, which must not change while the graph lives.
//
// Errors wrap ErrFormat, ErrUnsupported, ErrLimit, ErrDynamic or ErrExternal; NodeErrors lists all nodes that cannot be
// converted. Decode may be called concurrently.
func Decode(data []byte, o Options) (*graph.Graph, error) {
	r, err := read(data, o)
	if err != nil {
		return nil, err
	}
	r.g.Metadata = r.model.properties()
	if err := r.g.Verify(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return r.g, nil
}

// read converts a model and returns the reader, which knows more of the values than the graph says.
func read(data []byte, o Options) (*reader, error) {
	limits := o.Limits.withDefaults()
	m, err := parseModel(data, limits)
	if err != nil {
		return nil, err
	}
	r := &reader{
		limits: limits, folder: o.External, shapes: o.InputShapes, model: m, g: &graph.Graph{Name: m.graph.name},
		values: make(map[string]*graph.Value), names: make(map[string]bool), infos: make(map[*graph.Value]*info),
		uses: make(map[string]int), declared: make(map[string]*valueProto), outputs: make(map[string]bool),
	}
	return r, r.read()
}

// Keys of Graph.Metadata for what ONNX keeps in fields of its own.
const (
	keyProducerName    = "onnx.producer_name"
	keyProducerVersion = "onnx.producer_version"
	keyDomain          = "onnx.domain"
	keyModelVersion    = "onnx.model_version"
	keyDoc             = "onnx.doc_string"
)

// properties returns the model's metadata, fields of ModelProto under their own keys, nil where there are none.
func (m *modelProto) properties() map[string]string {
	out := maps.Clone(m.metadata)
	set := func(key, value string) {
		if value == "" {
			return
		}
		if out == nil {
			out = make(map[string]string)
		}
		out[key] = value
	}
	set(keyProducerName, m.producerName)
	set(keyProducerVersion, m.producerVersion)
	set(keyDomain, m.domain)
	set(keyDoc, m.doc)
	if m.modelVersion != 0 {
		set(keyModelVersion, strconv.FormatInt(m.modelVersion, 10))
	}
	return out
}

// reader converts one model.
type reader struct {
	limits           Limits
	folder           fs.FS
	shapes           map[string]graph.Shape
	model            *modelProto
	g                *graph.Graph
	decoded, outside int64 // bytes so far

	values    map[string]*graph.Value // by ONNX name
	names     map[string]bool         // taken by values of the graph or the file
	infos     map[*graph.Value]*info
	uses      map[string]int // number of nodes and graph outputs that read a name
	declared  map[string]*valueProto
	outputs   map[string]bool         // names of the graph's outputs
	constants map[string]*tensorProto // initializers that no node has asked for yet
	batch     string                  // dim_param of the batch
	leftovers []*graph.Node           // nodes that go if nobody reads their outputs
}

// read fills the graph.
func (r *reader) read() error {
	p := r.model.graph
	if p.sparse {
		return unsupportedf("sparse initializers")
	}
	if err := r.known(p.nodes); err != nil {
		return err
	}
	for _, v := range p.values {
		r.declared[v.name] = v
	}
	if err := r.collect(); err != nil {
		return err
	}
	for _, v := range p.inputs {
		if _, constant := r.constants[v.name]; constant {
			continue
		}
		if err := r.input(v); err != nil {
			return err
		}
	}
	for name := range r.shapes {
		if v := r.values[name]; v == nil || v.Const != nil {
			return formatErrorf("a shape is given for %q, which is not an input", name)
		}
	}
	nodes, err := r.order(p.nodes)
	if err != nil {
		return err
	}
	var failed NodeErrors
	for _, n := range nodes {
		if err := r.convert(n); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", n.where(), err))
		}
	}
	if failed != nil {
		return failed
	}
	for _, v := range p.outputs {
		out, err := r.lookup(v.name)
		if err != nil {
			return fmt.Errorf("graph output: %w", err)
		}
		r.g.Outputs = append(r.g.Outputs, out)
	}
	r.sweep()
	return nil
}

// known returns an error that lists every node whose operator has no row.
func (r *reader) known(nodes []*nodeProto) error {
	var failed NodeErrors
	for _, n := range nodes {
		if _, err := r.row(n); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", n.where(), err))
		}
	}
	if failed != nil {
		return failed
	}
	return nil
}

// row returns the row that converts the node.
func (r *reader) row(n *nodeProto) (*row, error) {
	if op := rows[n.domain+" "+n.op]; op != nil {
		return op, nil
	}
	if r.model.functions[n.domain+" "+n.op] {
		return nil, unsupportedf("model-local function")
	}
	if reason, ok := excluded[n.op]; ok && n.domain == "" {
		return nil, unsupportedf("%s", reason)
	}
	return nil, unsupportedf("unknown operator")
}

// collect registers the names that the file uses and its initializers.
func (r *reader) collect() error {
	p := r.model.graph
	r.constants = make(map[string]*tensorProto, len(p.initializers))
	for _, t := range p.initializers {
		if t.name == "" || r.constants[t.name] != nil {
			return formatErrorf("initializer %q: no name, or one that another has", t.name)
		}
		r.constants[t.name] = t
		r.names[t.name] = true
	}
	for _, v := range p.inputs {
		r.names[v.name] = true
	}
	for _, n := range p.nodes {
		for _, name := range n.outputs {
			r.names[name] = true
		}
		for _, name := range n.inputs {
			r.uses[name]++
		}
	}
	for _, v := range p.outputs {
		r.uses[v.name]++
		r.outputs[v.name] = true
	}
	return nil
}

// input adds a graph input.
func (r *reader) input(v *valueProto) error {
	if v.name == "" || r.values[v.name] != nil {
		return formatErrorf("graph input %q: no name, or one that another has", v.name)
	}
	if !v.tensor {
		return fmt.Errorf("graph input %q: %w", v.name, unsupportedf("it is not a tensor"))
	}
	d, err := dtypeOf(v.elemType)
	if err != nil {
		return fmt.Errorf("graph input %q: %w", v.name, err)
	}
	s, err := r.inputShape(v)
	if err != nil {
		return fmt.Errorf("graph input %q: %w", v.name, err)
	}
	r.define(r.g.AddInput(v.name, d, s), info{dtype: d, rank: len(s)})
	return nil
}

// inputShape returns the shape of a graph input: that of the options where they have one, else the file's, whose axis 0 is
// the batch where it has no size; other axes are too where they have the same parameter.
func (r *reader) inputShape(v *valueProto) (graph.Shape, error) {
	given, overridden := r.shapes[v.name]
	if overridden {
		if _, err := given.Elements(); err != nil {
			return nil, limitErrorf("given shape %v: %w", given, err)
		}
	}
	if !v.hasShape {
		if !overridden {
			return nil, fmt.Errorf("%w: the file states no shape; give one in Options.InputShapes[%q]", ErrDynamic, v.name)
		}
		return shapeOf(given), nil
	}
	if overridden && len(given) != len(v.dims) {
		return nil, formatErrorf("given shape %v has %d axes, the file's %d", given, len(given), len(v.dims))
	}
	s := make(graph.Shape, len(v.dims))
	for i, d := range v.dims {
		open := !d.hasValue || d.value <= 0 && i == 0 || d.value < 0
		switch {
		case !open && (d.value > math.MaxInt32):
			return nil, formatErrorf("dimension %d is %d", i, d.value)
		case !open && overridden && given[i] != int(d.value):
			return nil, formatErrorf("given shape %v: dimension %d is %d in the file", given, i, d.value)
		case !open:
			s[i] = int(d.value)
		case overridden:
			s[i] = given[i]
		case i == 0:
			s[i] = graph.Batch
			r.batch = d.param
		case d.param != "" && d.param == r.batch:
			s[i] = graph.Batch
		default:
			return nil, fmt.Errorf("%w: dimension %d (%q) has no size; give the shape in Options.InputShapes[%q]", ErrDynamic, i, d.param, v.name)
		}
	}
	if _, err := s.Elements(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDynamic, err)
	}
	return s, nil
}

// shapeOf returns a copy of s that is not nil, as the shape of a known scalar must not be.
func shapeOf(s graph.Shape) graph.Shape {
	return append(graph.Shape{}, s...)
}

// lookup returns the value with an ONNX name; initializers are read when they are first wanted.
func (r *reader) lookup(name string) (*graph.Value, error) {
	if v := r.values[name]; v != nil {
		return v, nil
	}
	t := r.constants[name]
	if t == nil {
		return nil, formatErrorf("value %q is read but never produced", name)
	}
	x, err := r.tensor(t)
	if err != nil {
		return nil, err
	}
	return r.constant(name, x), nil
}

// constant makes x the value with the given name, which must be free or reserved for it.
func (r *reader) constant(name string, x *graph.Tensor) *graph.Value {
	v := graph.NewConst(name, x)
	r.define(v, info{dtype: x.DType, rank: len(x.Shape)})
	return v
}

// define makes v known under its name.
func (r *reader) define(v *graph.Value, i info) {
	r.values[v.Name] = v
	r.names[v.Name] = true
	r.infos[v] = &i
}

// fresh returns a name that no value has, made from base.
func (r *reader) fresh(base string) string {
	name := base
	for i := 2; r.names[name]; i++ {
		name = base + "_" + strconv.Itoa(i)
	}
	r.names[name] = true
	return name
}

// sweep removes those of the leftover nodes that nobody reads, from the last to the first.
func (r *reader) sweep() {
	if len(r.leftovers) == 0 {
		return
	}
	reads := make(map[*graph.Value]int)
	for _, n := range r.g.Nodes {
		for _, v := range n.Inputs {
			reads[v]++
		}
	}
	for _, v := range r.g.Outputs {
		reads[v]++
	}
	gone := make(map[*graph.Node]bool)
	for _, n := range slices.Backward(r.leftovers) {
		if gone[n] || slices.ContainsFunc(n.Outputs, func(v *graph.Value) bool { return v != nil && reads[v] > 0 }) {
			continue
		}
		gone[n] = true
		for _, v := range n.Inputs {
			reads[v]--
		}
	}
	r.g.Nodes = slices.DeleteFunc(r.g.Nodes, func(n *graph.Node) bool { return gone[n] })
}
