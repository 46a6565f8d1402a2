package quantize

import (
	"fmt"
	"strconv"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// selection says which nodes of a model work on integers: the layers that are not left float, and the nodes between them whose
// data are all quantized.
type selection map[*graph.Node]bool

// selectNodes returns the selection for the given layers. A node that no integer layer reads, directly or through others of the
// selection, stays float: the scores at the end of a network keep their precision.
func (m *model) selectNodes(layers map[*layer]bool) selection {
	s := make(selection)
	for _, n := range m.graph.Nodes {
		if l := m.of[n]; l != nil {
			s[n] = layers[l]
			continue
		}
		s[n] = s.follows(n)
	}
	needed := make(map[*graph.Value]bool)
	for i := len(m.graph.Nodes) - 1; i >= 0; i-- {
		n := m.graph.Nodes[i]
		if m.of[n] == nil && s[n] && !needed[n.Outputs[0]] {
			s[n] = false
		}
		if s[n] {
			for _, v := range dataInputs(n) {
				needed[v] = true
			}
		}
	}
	return s
}

// follows reports whether n, which is no layer, can work on the integers of its data.
func (s selection) follows(n *graph.Node) bool {
	k := kinds[n.Op]
	if k != arithmetic && k != movement || len(n.Outputs) != 1 || n.Outputs[0].DType != graph.Float32 {
		return false
	}
	if a, ok := n.Attrs.(*ops.Pad); ok && (a.Mode != ops.PadConstant || n.Input(2) != nil && (n.Inputs[2].Const == nil || n.Inputs[2].Const.Float(0) != 0)) {
		return false
	}
	data := dataInputs(n)
	made := 0
	for _, v := range data {
		switch {
		case v.Const != nil && k == arithmetic:
		case v.Producer != nil && s[v.Producer]:
			made++
		default:
			return false
		}
	}
	return made > 0
}

// dataInputs returns the inputs of n that are data in real numbers: not axes, bounds or slopes.
func dataInputs(n *graph.Node) []*graph.Value {
	op, err := ops.Lookup(n.Op)
	if err != nil {
		return nil
	}
	var list []*graph.Value
	for i, v := range n.Inputs {
		if isData(op, n, i) {
			list = append(list, v)
		}
	}
	return list
}

// isData reports whether input i of n is data.
func isData(op *ops.Operator, n *graph.Node, i int) bool {
	if n.Inputs[i] == nil || op.Data != nil && !op.Data(n, i) {
		return false
	}
	switch n.Op {
	case "Concat", "Add", "Sub", "Mul":
		return true
	}
	return i == 0
}

// emitter builds a quantized graph from a model.
type emitter struct {
	m       *model
	nodes   selection
	quants  map[string]*graph.Quant // of activations, by the name of the value
	told    bool                    // quants has every activation that becomes integers, and no other
	weights map[*layer]*packed
	reals   map[*graph.Value]*graph.Value // of values that are not produced as the original graph has them
	ints    map[*graph.Value]*graph.Value
	stands  map[*graph.Value]*graph.Value // what node outputs became
	out     *graph.Graph
	names   map[string]bool // that values have
	written map[string]bool // of parameters
	reads   map[*layer]read
}

// read is a layer's node in a quantized graph and the value that it reads, integers unless the layer stays float.
type read struct {
	node  *graph.Node
	value *graph.Value
}

// emit returns the graph whose given layers have the given weights and work on integers, the others staying float, and the
// nodes of all layers.
func (m *model) emit(weights map[*layer]*packed, quants map[string]*graph.Quant) (*graph.Graph, map[*layer]read, error) {
	return m.emitter(weights, quants).emit()
}

// emitter returns an emitter for the given weights and activations.
func (m *model) emitter(weights map[*layer]*packed, quants map[string]*graph.Quant) *emitter {
	chosen := make(map[*layer]bool)
	for l := range weights {
		chosen[l] = true
	}
	return &emitter{
		m: m, nodes: m.selectNodes(chosen), quants: quants, weights: weights,
		reals: make(map[*graph.Value]*graph.Value), ints: make(map[*graph.Value]*graph.Value),
		stands: make(map[*graph.Value]*graph.Value), names: make(map[string]bool), written: make(map[string]bool), reads: make(map[*layer]read),
		out: &graph.Graph{Name: m.graph.Name, Metadata: m.graph.Metadata},
	}
}

// emit returns the graph and the nodes of its layers.
func (e *emitter) emit() (*graph.Graph, map[*layer]read, error) {
	e.takeNames()
	for _, v := range e.m.graph.Inputs {
		e.stands[v] = e.out.AddInput(v.Name, v.DType, v.Shape)
	}
	for _, n := range e.m.graph.Nodes {
		if err := e.node(n); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", n.Where(), err)
		}
	}
	for _, v := range e.m.graph.Outputs {
		e.out.Outputs = append(e.out.Outputs, e.output(v))
	}
	if err := e.out.Verify(); err != nil {
		return nil, nil, fmt.Errorf("bug: %w", err)
	}
	return e.out, e.reads, nil
}

func (e *emitter) takeNames() {
	for _, n := range e.m.graph.Nodes {
		for _, list := range [][]*graph.Value{n.Inputs, n.Outputs} {
			for _, v := range list {
				if v != nil {
					e.names[v.Name] = true
				}
			}
		}
	}
}

// fresh returns a name that nothing has, made from base.
func (e *emitter) fresh(base string) string {
	name := base
	for i := 2; e.names[name]; i++ {
		name = base + "_" + strconv.Itoa(i)
	}
	e.names[name] = true
	return name
}

// node appends what n becomes.
func (e *emitter) node(n *graph.Node) error {
	c := &graph.Node{Op: n.Op, Name: n.Name, Attrs: n.Attrs}
	switch l := e.m.of[n]; {
	case !e.nodes[n]:
		for _, v := range n.Inputs {
			c.Inputs = append(c.Inputs, e.real(v))
		}
		if l != nil {
			e.reads[l] = read{node: c, value: c.Inputs[0]}
		}
	case l != nil:
		x, err := e.integer(n.Inputs[0])
		if err != nil {
			return err
		}
		e.reads[l] = read{node: c, value: x}
		w := e.weights[l]
		bias := n.Inputs[1].Name + "_bias"
		if b := n.Input(2); b != nil {
			bias = b.Name
		}
		c.Inputs = []*graph.Value{x, w.tensor(e.constName(n.Inputs[1].Name), n.Inputs[1].Shape), w.integerBias(e.constName(bias), x.Quant.Scale[0])}
	default:
		op, err := ops.Lookup(n.Op)
		if err != nil {
			return err
		}
		for i, v := range n.Inputs {
			if isData(op, n, i) {
				if v, err = e.integer(v); err != nil {
					return err
				}
			}
			c.Inputs = append(c.Inputs, v)
		}
	}
	for i, v := range n.Outputs {
		if v == nil {
			c.Outputs = append(c.Outputs, nil)
			continue
		}
		y := &graph.Value{Name: v.Name, DType: v.DType, Shape: v.Shape, Producer: c}
		c.Outputs = append(c.Outputs, y)
		e.stands[v] = y
		if i == 0 && e.quantizes(n) {
			y.DType = graph.Uint8
			if y.Quant = c.Inputs[0].Quant; kinds[n.Op] != movement {
				q, err := e.quantOf(v)
				if err != nil {
					return err
				}
				if y.Quant = q; n.Op == "Add" {
					y.Quant = awayFromTies(q, c.Inputs[0].Quant, c.Inputs[1].Quant)
				}
			}
		}
	}
	e.out.Nodes = append(e.out.Nodes, c)
	return ops.Infer(c)
}

// constName returns the name of a layer's parameter, another one where layers share it.
func (e *emitter) constName(name string) string {
	if e.written[name] {
		name = e.fresh(name)
	}
	e.written[name], e.names[name] = true, true
	return name
}

// quantizes reports whether n makes integers: a dense layer that only floats follow keeps its sums as real numbers, unless quants tell.
func (e *emitter) quantizes(n *graph.Node) bool {
	if !e.nodes[n] || n.Op != "Dense" {
		return e.nodes[n]
	}
	if e.told {
		return e.quants[n.Outputs[0].Name] != nil
	}
	for _, r := range e.m.readers[n.Outputs[0]] {
		if e.nodes[r] {
			return true
		}
	}
	return false
}

// quantOf returns the quantization of an activation.
func (e *emitter) quantOf(v *graph.Value) (*graph.Quant, error) {
	q, ok := e.quants[v.Name]
	if !ok {
		return nil, fmt.Errorf("%w: no range for %q", ErrOption, v.Name)
	}
	return q, nil
}

// stand returns what v, a value of the original graph, became.
func (e *emitter) stand(v *graph.Value) *graph.Value {
	if s := e.stands[v]; s != nil {
		return s
	}
	return v // a constant
}

// real returns v as real numbers.
func (e *emitter) real(v *graph.Value) *graph.Value {
	if v == nil {
		return nil
	}
	s := e.stand(v)
	if s.Quant == nil {
		return s
	}
	if e.reals[v] == nil {
		name := e.fresh(v.Name + "_dequantized")
		n := e.out.Add("Dequantize", name, nil, []*graph.Value{s}, name)
		e.reals[v] = n.Outputs[0]
		e.reals[v].DType, e.reals[v].Shape = graph.Float32, s.Shape
	}
	return e.reals[v]
}

// integer returns v as integers.
func (e *emitter) integer(v *graph.Value) (*graph.Value, error) {
	s := e.stand(v)
	if s.Quant != nil {
		return s, nil
	}
	if e.ints[v] != nil {
		return e.ints[v], nil
	}
	if v.Const != nil {
		e.ints[v] = e.quantizedConst(v)
		return e.ints[v], nil
	}
	q, err := e.quantOf(v)
	if err != nil {
		return nil, err
	}
	name := e.fresh(v.Name + "_quantized")
	y := e.out.Add("Quantize", name, nil, []*graph.Value{s}, name).Outputs[0]
	y.DType, y.Shape, y.Quant = graph.Uint8, s.Shape, q
	e.ints[v] = y
	return y, nil
}

// quantizedConst returns a constant as uint8 over its range.
func (e *emitter) quantizedConst(v *graph.Value) *graph.Value {
	var lo, hi float32
	numbers := v.Const.Floats()
	for _, x := range numbers {
		lo, hi = min(lo, x), max(hi, x)
	}
	q := affine(lo, hi, mostUint8)
	t := graph.NewTensor(graph.Uint8, v.Shape...)
	for i, x := range numbers {
		t.Data[i] = uint8(min(max(ops.RoundHalfEven(x/q.Scale[0])+float32(q.Zero[0]), 0), 255))
	}
	c := graph.NewConst(e.fresh(v.Name+"_quantized"), t)
	c.Quant = q
	return c
}

// output returns what an output of the original graph became: real numbers under its own name.
func (e *emitter) output(v *graph.Value) *graph.Value {
	s := e.stand(v)
	if s.Quant == nil {
		return s
	}
	r := e.real(v)
	if !e.out.IsOutput(r) {
		s.Name, r.Name = e.fresh(v.Name+"_quantized"), v.Name
	}
	return r
}
