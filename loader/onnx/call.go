package onnx

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/octet-ml/octet/graph"
)

// call is a node under conversion: what a row's function works on. Accessors note the first error in err, so that a
// function may check once.
type call struct {
	*reader
	n       *nodeProto
	row     *row
	version int64 // of the operator set that the node's domain is imported with
	in      []*graph.Value
	used    map[string]bool // attributes that were asked for
	err     error
}

// errPoisoned stops the conversion of a node that reads the output of one that failed.
var errPoisoned = errors.New("input comes from a node that cannot be converted")

// convert adds the graph nodes of n, none where it has no outputs. After an error the outputs are known, but poisoned.
func (r *reader) convert(n *nodeProto) error {
	first := slices.IndexFunc(n.outputs, func(name string) bool { return name != "" })
	if first < 0 {
		return nil
	}
	if first > 0 {
		m := *n
		m.outputs = slices.Clone(n.outputs)
		m.outputs[0] = r.fresh(n.outputs[first] + "_unused")
		n = &m
	}
	op, err := r.row(n)
	if err != nil {
		return err
	}
	c := &call{reader: r, n: n, row: op, version: r.version(n.domain), used: make(map[string]bool)}
	err = c.inputs()
	if err == nil {
		err = op.build(c)
	}
	if err == nil {
		err = c.err
	}
	if err == nil {
		err = c.leftoverAttributes()
	}
	if err == nil {
		err = c.allOutputs()
	}
	if err != nil {
		c.poison()
	}
	if errors.Is(err, errPoisoned) {
		return nil
	}
	return err
}

// newestOpset is assumed where a model does not import the operator set of a node.
const newestOpset = 24

// version returns the version that the operator set of a domain is imported with.
func (r *reader) version(domain string) int64 {
	if v, ok := r.model.opsets[domain]; ok && v > 0 {
		return v
	}
	if domain == microsoft {
		return 1
	}
	return newestOpset
}

// inputs looks the inputs up and checks that those that must be present are.
func (c *call) inputs() error {
	for _, name := range c.n.inputs {
		var v *graph.Value
		if name != "" {
			var err error
			if v, err = c.lookup(name); err != nil {
				return err
			}
			if c.info(v).poisoned {
				return errPoisoned
			}
		}
		c.in = append(c.in, v)
	}
	for len(c.in) > 0 && c.in[len(c.in)-1] == nil {
		c.in = c.in[:len(c.in)-1]
	}
	if len(c.in) < c.row.min || c.row.max >= 0 && len(c.in) > c.row.max {
		return formatErrorf("%d inputs: want %d to %d", len(c.in), c.row.min, c.row.max)
	}
	for i := range c.row.min {
		if c.in[i] == nil {
			return formatErrorf("input %d is absent", i)
		}
	}
	return nil
}

// leftoverAttributes refuses attributes whose meaning nobody asked for.
func (c *call) leftoverAttributes() error {
	for _, a := range c.n.attrs {
		if !c.used[a.name] && !slices.Contains(ignoredAttributes, a.name) {
			return unsupportedf("attribute %q", a.name)
		}
	}
	return nil
}

// ignoredAttributes do not change results: hints of old opsets and of training.
var ignoredAttributes = []string{"consumed_inputs", "is_test", "legacy_optimization_attribute", "stash_type", "seed", "ratio", "momentum", "saturate", "precision"}

// allOutputs checks that the conversion made every output that somebody reads.
func (c *call) allOutputs() error {
	for i, name := range c.n.outputs {
		if name != "" && c.values[name] == nil {
			if c.uses[name] > 0 {
				return unsupportedf("output %d", i)
			}
		}
	}
	return nil
}

// poison makes the outputs known without a node.
func (c *call) poison() {
	for _, name := range c.n.outputs {
		if name == "" {
			continue
		}
		v := &graph.Value{Name: name}
		c.values[name] = v
		c.infos[v] = &info{rank: -1, poisoned: true}
	}
}

// fail notes an error.
func (c *call) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

// input returns input i as the node reads it, quantization included, or nil.
func (c *call) input(i int) *graph.Value {
	if i < len(c.in) {
		return c.in[i]
	}
	return nil
}

// plainInput returns input i as plain numbers, or nil.
func (c *call) plainInput(i int) *graph.Value { return c.plain(c.input(i)) }

// plainInputs returns all inputs as plain numbers.
func (c *call) plainInputs() []*graph.Value {
	out := make([]*graph.Value, len(c.in))
	for i := range out {
		out[i] = c.plainInput(i)
	}
	return out
}

// output returns the name of output i, "" where it is unwanted.
func (c *call) output(i int) string {
	if i < len(c.n.outputs) {
		return c.n.outputs[i]
	}
	return ""
}

// wanted reports whether somebody reads output i.
func (c *call) wanted(i int) bool {
	name := c.output(i)
	return name != "" && c.uses[name] > 0
}

// temp returns a fresh name for a value between the nodes that this one becomes.
func (c *call) temp(suffix string) string { return c.fresh(c.output(0) + suffix) }

// add appends a node whose outputs have the given names and are described by like, which is for output 0.
func (c *call) add(op string, attrs any, like info, in []*graph.Value, out ...string) *graph.Node {
	name := c.n.name
	if len(out) > 0 && out[0] != c.output(0) {
		name = out[0]
	}
	for len(in) > 0 && in[len(in)-1] == nil {
		in = in[:len(in)-1]
	}
	n := c.g.Add(op, name, attrs, in, out...)
	for i, v := range n.Outputs {
		if v == nil {
			continue
		}
		c.values[v.Name] = v
		c.names[v.Name] = true
		if i == 0 {
			c.describe(v, like)
		} else {
			c.describe(v, info{rank: -1})
		}
	}
	return n
}

// step adds a node between, whose only output has a fresh name, and returns that output.
func (c *call) step(op string, attrs any, like info, suffix string, in ...*graph.Value) *graph.Value {
	return c.add(op, attrs, like, in, c.temp(suffix)).Outputs[0]
}

// declare states type and quantization of an output.
func (c *call) declare(v *graph.Value, d graph.DType, q *graph.Quant) {
	if v == nil {
		return
	}
	v.DType, v.Quant = d, q
	i := c.info(v)
	i.dtype, i.quant = d, q
}

// of returns what is known of v as a description of plain numbers of the same type and rank.
func (c *call) of(v *graph.Value) info {
	i := c.info(v)
	return info{dtype: i.dtype, rank: i.rank}
}

// ints makes a constant int64 vector.
func (c *call) ints(suffix string, v ...int64) *graph.Value {
	x := graph.Int64s(v, len(v))
	return c.constant(c.temp(suffix), x)
}

// scalar makes a constant scalar of type d, or of float32 while that is unknown.
func (c *call) scalar(suffix string, d graph.DType, v float64) *graph.Value {
	if d == graph.Invalid {
		d = graph.Float32
	}
	x := &graph.Tensor{DType: d, Shape: graph.Shape{}, Data: make([]byte, d.Bytes(1))}
	if d.IsFloat() {
		x.SetFloat(0, v)
	} else {
		lo, hi := d.IntRange()
		x.SetInt(0, int64(max(float64(lo), min(v, float64(hi)))))
	}
	return c.constant(c.temp(suffix), x)
}

// attr returns the attribute with the given name and kind, or nil.
func (c *call) attr(name string, kind int64) *attrProto {
	c.used[name] = true
	for _, a := range c.n.attrs {
		if a.name != name {
			continue
		}
		if a.kind != kind && (a.kind != 0 || a.has != 1<<kind) || a.other {
			c.fail(formatErrorf("attribute %q has type %d, want %d", name, a.kind, kind))
			return nil
		}
		return a
	}
	return nil
}

// intAttr returns an integer attribute, which must fit 32 bits.
func (c *call) intAttr(name string, missing int) int {
	a := c.attr(name, attrInt)
	if a == nil {
		return missing
	}
	if a.i < math.MinInt32 || a.i > math.MaxInt32 {
		c.fail(formatErrorf("attribute %q is %d", name, a.i))
		return missing
	}
	return int(a.i)
}

// boolAttr returns an integer attribute that is 0 or 1.
func (c *call) boolAttr(name string, missing bool) bool {
	a := c.attr(name, attrInt)
	if a == nil {
		return missing
	}
	if a.i != 0 && a.i != 1 {
		c.fail(formatErrorf("attribute %q is %d: want 0 or 1", name, a.i))
	}
	return a.i != 0
}

// floatAttr returns a number attribute.
func (c *call) floatAttr(name string, missing float32) float32 {
	if a := c.attr(name, attrFloat); a != nil {
		return a.f
	}
	return missing
}

// choiceAttr returns a string attribute; the first choice is the default.
func (c *call) choiceAttr(name string, choices ...string) string {
	a := c.attr(name, attrString)
	if a == nil {
		return choices[0]
	}
	if s := string(a.s); slices.Contains(choices, s) {
		return s
	}
	c.fail(unsupportedf("attribute %q is %q: want one of %q", name, a.s, choices))
	return choices[0]
}

// intsAttr returns a list of integers, which must fit 32 bits, or nil.
func (c *call) intsAttr(name string) []int {
	a := c.attr(name, attrInts)
	if a == nil {
		return nil
	}
	out := make([]int, len(a.ints))
	for i, v := range a.ints {
		if v < math.MinInt32 || v > math.MaxInt32 {
			c.fail(formatErrorf("attribute %q: element %d is %d", name, i, v))
			return nil
		}
		out[i] = int(v)
	}
	return out
}

// longsAttr returns a list of integers of any size, or nil.
func (c *call) longsAttr(name string) []int64 {
	if a := c.attr(name, attrInts); a != nil {
		return append([]int64{}, a.ints...)
	}
	return nil
}

// tensorAttr returns a tensor attribute, or nil.
func (c *call) tensorAttr(name string) *graph.Tensor {
	a := c.attr(name, attrTensor)
	if a == nil {
		return nil
	}
	if a.t == nil {
		c.fail(formatErrorf("attribute %q holds no tensor", name))
		return nil
	}
	x, err := c.tensor(a.t)
	if err != nil {
		c.fail(fmt.Errorf("attribute %q: %w", name, err))
		return nil
	}
	return x
}
