package onnx

import (
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// WriteOptions says how Encode and Write write a graph. The zero value is ready to use.
type WriteOptions struct {
	// QOperator writes nodes on quantized values as ONNX's integer operators (QLinearConv, QLinearMatMul) and those of
	// com.microsoft where there is one. Otherwise they are the float operator between DequantizeLinear and QuantizeLinear.
	QOperator bool
	// Opset is the version of the operator set; 0 means the oldest from 13 on that has everything the graph needs (21 for
	// 4-bit types), or 12 for a graph with the Softmax of old opsets.
	Opset int
}

// The operator sets that Encode writes.
const (
	oldestOpset  = 12
	defaultOpset = 13
)

// Encode writes a graph as an ONNX model.
//
// Nodes in NHWC layout are written in NCHW between Transposes. Averages of bytes that TensorFlow Lite rounds away from zero
// are written as ONNX rounds them, to even. Metadata become metadata_props, the keys that Decode gives to
// ModelProto's own fields those fields. Errors wrap ErrUnsupported; NodeErrors lists all nodes that ONNX cannot express.
func Encode(g *graph.Graph, o WriteOptions) ([]byte, error) {
	m, err := encode(g, o)
	if err != nil {
		return nil, err
	}
	return m.bytes(), nil
}

// Write writes a graph as an ONNX model to w; it is Encode without a copy of the constants.
func Write(w io.Writer, g *graph.Graph, o WriteOptions) error {
	m, err := encode(g, o)
	if err != nil {
		return err
	}
	for _, p := range m.parts {
		if _, err := w.Write(p); err != nil {
			return err
		}
	}
	return nil
}

// encode builds the ModelProto, again with a newer operator set where a node turns out to need it.
func encode(g *graph.Graph, o WriteOptions) (*message, error) {
	if err := g.Verify(); err != nil {
		return nil, err
	}
	opset := o.Opset
	if opset == 0 {
		opset = defaultOpset
		if slices.ContainsFunc(g.Nodes, flattensSoftmax) {
			opset = oldestOpset
		}
	}
	if opset < oldestOpset || opset > newestOpset {
		return nil, unsupportedf("opset %d: want %d to %d", opset, oldestOpset, newestOpset)
	}
	for {
		e := newEncoder(g, o, opset)
		if err := e.nodes(); err != nil {
			return nil, err
		}
		if e.needs <= opset {
			return e.model()
		}
		if o.Opset != 0 {
			return nil, unsupportedf("opset %d: the graph needs %d", opset, e.needs)
		}
		opset = e.needs
	}
}

// encoder writes one graph in one operator set.
type encoder struct {
	g     *graph.Graph
	opset int
	needs int // the oldest operator set that has what was written
	qop   bool

	body, constants []message
	writers         map[string]func(e *encoder, n *graph.Node) error
	micro           bool                    // an operator of com.microsoft was written
	taken           map[string]bool         // names of values
	called          map[string]bool         // names of nodes
	names           map[*graph.Value]string // of values that were written
	reals           map[*graph.Value]string // their dequantized forms
}

// newEncoder returns an encoder that has taken the names of the graph's values.
func newEncoder(g *graph.Graph, o WriteOptions, opset int) *encoder {
	e := &encoder{
		g: g, opset: opset, qop: o.QOperator, writers: writers(), taken: make(map[string]bool), called: make(map[string]bool),
		names: make(map[*graph.Value]string), reals: make(map[*graph.Value]string),
	}
	for _, v := range g.Inputs {
		e.taken[v.Name] = true
		e.names[v] = v.Name
	}
	for _, n := range g.Nodes {
		for _, list := range [2][]*graph.Value{n.Inputs, n.Outputs} {
			for _, v := range list {
				if v != nil {
					e.taken[v.Name] = true
				}
			}
		}
	}
	for _, v := range g.Outputs {
		e.taken[v.Name] = true
	}
	return e
}

// nodes writes all nodes.
func (e *encoder) nodes() error {
	var failed NodeErrors
	for _, n := range e.g.Nodes {
		if err := e.write(n); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", n.Where(), err))
		}
	}
	if failed != nil {
		return failed
	}
	for _, v := range e.g.Outputs {
		if name := e.ref(v); name != v.Name {
			e.names[v] = v.Name
			e.emit("Identity", v.Name, []string{name}, []string{v.Name})
		}
	}
	return nil
}

// write writes one node; one without wanted outputs is left out.
func (e *encoder) write(n *graph.Node) error {
	if !slices.ContainsFunc(n.Outputs, func(v *graph.Value) bool { return v != nil }) {
		return nil
	}
	write := e.writers[n.Op]
	if write == nil {
		return unsupportedf("onnx has no such operator")
	}
	o, err := ops.Lookup(n.Op)
	if err != nil {
		return err
	}
	if len(n.Inputs) < o.In.Min || slices.Contains(n.Inputs[:o.In.Min], nil) {
		return unsupportedf("%d inputs: want %d", len(n.Inputs), o.In.Min)
	}
	if n.Outputs[0] == nil {
		m := *n
		m.Outputs = slices.Clone(n.Outputs)
		m.Outputs[0] = &graph.Value{Name: e.fresh(n.Name + "_unused"), Producer: n}
		n = &m
	}
	return write(e, n)
}

// need notes that what is written exists since an operator set.
func (e *encoder) need(opset int) { e.needs = max(e.needs, opset) }

// fresh returns a name that nothing has, made from base.
func (e *encoder) fresh(base string) string {
	name := base
	for i := 2; e.taken[name]; i++ {
		name = base + "_" + strconv.Itoa(i)
	}
	e.taken[name] = true
	return name
}

// emit appends a node of ONNX's own domain.
func (e *encoder) emit(op, name string, in, out []string, attrs ...attribute) {
	e.emitIn("", op, name, in, out, attrs...)
}

// emitIn appends a node. Absent inputs at the end are left out.
func (e *encoder) emitIn(domain, op, name string, in, out []string, attrs ...attribute) {
	for len(in) > 0 && in[len(in)-1] == "" {
		in = in[:len(in)-1]
	}
	var m message
	for _, s := range in {
		m.text(1, s)
	}
	for _, s := range out {
		m.text(2, s)
	}
	if name != "" {
		m.text(3, e.call(name))
	}
	m.text(4, op)
	for _, a := range attrs {
		m.message(5, a.message())
	}
	if domain != "" {
		m.text(7, domain)
		e.micro = true
	}
	e.body = append(e.body, m)
}

// call returns a name that no node has, made from base: runtimes refuse two nodes of one name.
func (e *encoder) call(base string) string {
	name := base
	for i := 2; e.called[name]; i++ {
		name = base + "_" + strconv.Itoa(i)
	}
	e.called[name] = true
	return name
}

// step emits a node with one output of a fresh name made from base, and returns that name.
func (e *encoder) step(op, base string, in []string, attrs ...attribute) string {
	name := e.fresh(base)
	e.emit(op, name, in, []string{name}, attrs...)
	return name
}

// constant writes an initializer with a fresh name made from base.
func (e *encoder) constant(base string, t *graph.Tensor) string {
	name := e.fresh(base)
	e.initializer(name, t)
	return name
}

// initializer writes a constant.
func (e *encoder) initializer(name string, t *graph.Tensor) {
	if t.DType == graph.Int4 || t.DType == graph.Uint4 {
		e.need(21)
	}
	e.constants = append(e.constants, tensorMessage(name, t))
}
