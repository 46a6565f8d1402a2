package gorgonia

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gorgonia.org/gorgonia"

	"github.com/octet-ml/octet/graph"
)

// BatchKey is the key in a graph's metadata under which FromExprGraph says why the batch has a fixed size.
const BatchKey = "gorgonia.batch"

// FromExprGraph returns a graph that computes the outputs from the inputs as g does in inference. Its inputs and outputs are in the
// order of the nodes and have their names; inputs may be any nodes of g, and what they are computed from is then left out. All other
// leaves of g that the outputs need must have values, which become constants.
//
// The first dimension of the first input is taken to be the number of images that g is built for, and that of other inputs too where
// it is the same. Where every node treats images independently, it becomes the batch of the result, in spite of the numbers in
// reshapes, and the result runs at any batch size. Otherwise the sizes stay as they are in g, and the metadata of the result tell
// why under BatchKey.
//
// Nodes that cannot be converted give an error of type NodeErrors, which lists them all and wraps ErrUnsupported, or ErrVersion
// where Gorgonia is not the version that is known. FromExprGraph does not change g; it must not be called while g is changed or run.
func FromExprGraph(g *gorgonia.ExprGraph, inputs, outputs gorgonia.Nodes, options ...Option) (*graph.Graph, error) {
	cfg := config{name: "gorgonia"}
	for _, o := range options {
		if err := o(&cfg); err != nil {
			return nil, err
		}
	}
	if err := checkNodes(g, inputs, outputs); err != nil {
		return nil, err
	}
	c := &converter{
		config: cfg, inputs: inputs, outputs: outputs,
		family: familyOf(outputs), constants: make(map[*gorgonia.Node]*graph.Value),
	}
	fixed, err := c.convert(0)
	if err != nil {
		return nil, err
	}
	if cfg.batching == batchFixed {
		return fixed, nil
	}
	shape := inputs[0].Shape()
	if len(shape) == 0 {
		why := fmt.Errorf("%w: the first input, %q, has no axes", ErrBatch, inputs[0].Name())
		if cfg.batching == batchDynamic {
			return nil, why
		}
		fixed.Metadata = map[string]string{BatchKey: why.Error()}
		return fixed, nil
	}
	batch := shape[0]
	dynamic, err := c.convert(batch)
	if err == nil {
		return dynamic, nil
	}
	if nodes := (NodeErrors)(nil); errors.As(err, &nodes) {
		err = nodes[0]
	}
	if cfg.batching == batchDynamic {
		return nil, fmt.Errorf("%w at %d: %w", ErrBatch, batch, err)
	}
	fixed.Metadata = map[string]string{BatchKey: fmt.Sprintf("fixed at %d: %v", batch, err)}
	return fixed, nil
}

// checkNodes returns an error unless there are inputs and outputs and all of them are nodes of g.
func checkNodes(g *gorgonia.ExprGraph, inputs, outputs gorgonia.Nodes) error {
	if g == nil || len(inputs) == 0 || len(outputs) == 0 {
		return fmt.Errorf("%w: want a graph, inputs and outputs", ErrArgument)
	}
	all := gorgonia.NewNodeSet(g.AllNodes()...)
	for i, n := range slices.Concat(inputs, outputs) {
		if n == nil || !all.Contains(n) {
			return fmt.Errorf("%w: node %d of inputs and outputs is not of the expression graph", ErrArgument, i)
		}
	}
	for i, n := range inputs {
		if slices.Contains(inputs[:i], n) {
			return fmt.Errorf("%w: input %q is given twice", ErrArgument, n.Name())
		}
	}
	return nil
}

// value is what a node became. Its elements are those of v broadcast to shape, which has as many axes: a repetition along an axis
// is left to the operator that reads it.
type value struct {
	v     *graph.Value
	shape graph.Shape
}

// converter is the state of a conversion.
type converter struct {
	config
	family          family
	inputs, outputs gorgonia.Nodes
	constants       map[*gorgonia.Node]*graph.Value // of the leaves, shared by all attempts

	// One attempt.

	batch  int // the number of images in the expression graph; 0 where all sizes stay as they are
	graph  *graph.Graph
	values map[*gorgonia.Node]value
	names  map[string]bool
	errs   NodeErrors
}

// convert makes an attempt with the first dimensions of inputs being the batch, where they have that size. 0 keeps all sizes.
func (c *converter) convert(batch int) (*graph.Graph, error) {
	c.batch, c.errs = batch, nil
	c.graph = &graph.Graph{Name: c.name}
	c.values, c.names = make(map[*gorgonia.Node]value), make(map[string]bool)
	for _, v := range c.constants {
		c.names[v.Name] = true
	}
	for _, n := range c.inputs {
		d, err := dtypeOf(n)
		if err != nil {
			c.fail(n, err)
			continue
		}
		s := c.batched(n)
		v := c.graph.AddInput(c.unique(n.Name()), d, s)
		c.values[n] = value{v, s}
	}
	names := make([]string, len(c.outputs)) // kept for the outputs, whatever else is made of the same nodes
	for i, n := range c.outputs {
		names[i] = c.unique(nameOf(n))
	}
	for i, n := range c.outputs {
		b := &Builder{converter: c, node: n, name: nameOf(n)}
		v := b.whole(c.value(n))
		if v.Producer == nil || c.graph.IsOutput(v) {
			v = b.Add("Identity", nil, v)
		}
		v.Name, v.Producer.Name = names[i], names[i]
		c.graph.Outputs = append(c.graph.Outputs, v)
		if b.err != nil {
			c.fail(n, b.err)
		}
	}
	if c.errs != nil {
		return nil, c.errs
	}
	if err := c.graph.Verify(); err != nil {
		return nil, fmt.Errorf("bug: %w", err)
	}
	return c.graph, nil
}

// batched returns the shape of an input in the attempt: with the batch as its first dimension where that has the right size.
func (c *converter) batched(n *gorgonia.Node) graph.Shape {
	s := shapeOf(n)
	if len(s) > 0 && c.batch > 0 && s[0] == c.batch {
		s[0] = graph.Batch
	}
	return s
}

// fail notes that a node cannot be converted. A value takes its place, so that the nodes behind it are looked at too.
func (c *converter) fail(n *gorgonia.Node, err error) value {
	e := &NodeError{Name: n.Name(), Shape: n.Shape(), Err: err}
	if n.Op() != nil {
		e.Op = n.Op().String()
	}
	c.errs = append(c.errs, e)
	d, err := dtypeOf(n)
	if err != nil {
		d = graph.Float32
	}
	s := c.batched(n)
	x := value{c.graph.AddInput(c.unique(nameOf(n)), d, s), s}
	c.values[n] = x
	return x
}

// value returns what n becomes. It is converted first where it has not been yet, and so is what it is computed from.
func (c *converter) value(n *gorgonia.Node) value {
	if x, ok := c.values[n]; ok {
		return x
	}
	x, err := c.node(n)
	if err == nil {
		// What Gorgonia says of shapes is what the reshapes of the expression graph rely on.
		if want := graph.Shape(n.Shape()); len(want) != len(x.shape) || !x.shape.Bind(c.batch).Equal(want) {
			err = unsupportedf("converted, its shape is %v", x.shape)
		}
	}
	if err != nil {
		return c.fail(n, err)
	}
	c.values[n] = x
	return x
}

// node converts one node.
func (c *converter) node(n *gorgonia.Node) (value, error) {
	if isLeaf(n) {
		return c.constant(n)
	}
	if slices.ContainsFunc(n.Shape(), func(d int) bool { return d < 1 }) {
		return value{}, unsupportedf("it has no elements")
	}
	operands := c.family.operands(n)
	if len(operands) == 0 {
		return value{}, unsupportedf("it has no operands")
	}
	b := &Builder{converter: c, node: n, operands: operands, name: nameOf(n)}
	x, err := b.convert()
	if b.err != nil {
		err = b.err
	}
	return x, err
}

// convert applies the rule for the node's operator.
func (b *Builder) convert() (value, error) {
	if op, ok := b.node.Op().(Operator); ok {
		return b.custom(op)
	}
	convert, ok := rules[kind(b.node.Op())]
	if !ok {
		b.wholes() // so that they are looked at too
		return value{}, unsupportedf("no such operator")
	}
	return convert(b)
}

// isLeaf reports whether a node is not computed.
func isLeaf(n *gorgonia.Node) bool {
	switch kind(n.Op()) {
	case "constantScalar", "constantTensor":
		return true
	}
	return n.Op() == nil
}

// constant converts a leaf.
func (c *converter) constant(n *gorgonia.Node) (value, error) {
	if k := c.constants[n]; k != nil {
		return value{k, k.Shape}, nil
	}
	v := n.Value()
	if v == nil {
		return value{}, unsupportedf("it is no input and has no value")
	}
	t, err := constantOf(v)
	if err != nil {
		return value{}, unsupportedf("its value: %w", err)
	}
	k := graph.NewConst(c.unique(nameOf(n)), t)
	c.constants[n] = k
	return value{k, k.Shape}, nil
}

// nameOf returns the name that the user gave a node, or one made of its operator and number.
func nameOf(n *gorgonia.Node) string {
	name := n.Name()
	if n.Op() == nil || !strings.HasPrefix(name, n.Op().String()+"(") {
		return name
	}
	k := strings.TrimSuffix(strings.TrimSuffix(kind(n.Op()), "Op"), "op")
	return fmt.Sprintf("%s_%d", cmp.Or(k, "custom"), n.ID())
}

// unique returns a name for a value that no other has: the given one where it is free.
func (c *converter) unique(name string) string {
	wish := cmp.Or(name, "value")
	name = wish
	for i := 2; c.names[name]; i++ {
		name = fmt.Sprintf("%s_%d", wish, i)
	}
	c.names[name] = true
	return name
}
