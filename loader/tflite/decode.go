package tflite

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/octet-ml/octet/graph"
)

// Decode reads a TensorFlow Lite model. The graph's constants alias data, which must not change while the graph lives.
//
// Errors wrap ErrFormat, ErrUnsupported, ErrLimit or ErrDynamic; OperatorErrors lists all operators that cannot be converted. Decode may
// be called concurrently.
func Decode(data []byte, o Options) (*graph.Graph, error) {
	limits := o.Limits.withDefaults(len(data))
	m, err := parseModel(data, limits)
	if err != nil {
		return nil, err
	}
	r := &reader{
		model: m, shapes: o.InputShapes, g: &graph.Graph{Name: m.name},
		values: make([]*graph.Value, len(m.tensors)), labels: make([]string, len(m.tensors)), taken: make(map[string]int),
		poisoned: make(map[*graph.Value]bool), fixed: make(map[*graph.Value]bool), reals: make(map[*graph.Value]*graph.Value),
		turned: make(map[*graph.Value]*graph.Value),
	}
	if err := r.read(); err != nil {
		return nil, err
	}
	if r.g.Metadata, err = m.metadata(limits); err != nil {
		return nil, err
	}
	if err := r.g.Verify(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return r.g, nil
}

// reader converts one model.
type reader struct {
	*model
	shapes map[string]graph.Shape
	g      *graph.Graph

	values   []*graph.Value                // by tensor; nil while nobody made or wanted it
	labels   []string                      // names of values, by tensor
	taken    map[string]int                // names in use, with the next suffix to try
	poisoned map[*graph.Value]bool         // outputs of operators that could not be converted
	fixed    map[*graph.Value]bool         // values computed from constants alone
	reals    map[*graph.Value]*graph.Value // dequantized forms
	turned   map[*graph.Value]*graph.Value // depthwise weights in the order of axes that Conv wants
}

// read fills the graph.
func (r *reader) read() error {
	if err := r.name(); err != nil {
		return err
	}
	for _, t := range r.model.inputs {
		if err := r.input(t); err != nil {
			return err
		}
	}
	var failed OperatorErrors
	for i := range r.operators {
		o := &r.operators[i]
		err := r.convert(o)
		if r.err != nil {
			return fmt.Errorf("%s: %w", o.where(), r.err)
		}
		if err != nil && !errors.Is(err, errPoisoned) {
			failed = append(failed, fmt.Errorf("%s: %w", o.where(), err))
		}
	}
	if failed != nil {
		return failed
	}
	for _, t := range r.model.outputs {
		v, err := r.value(t)
		if err != nil {
			return fmt.Errorf("graph output: %w", err)
		}
		r.g.Outputs = append(r.g.Outputs, v)
	}
	return nil
}

// name gives each tensor a name of its own: the file's, where no other tensor has it.
func (r *reader) name() error {
	for i, t := range r.tensors {
		base := t.name
		if base == "" {
			base = "tensor_" + strconv.Itoa(i)
		}
		if r.labels[i] = r.fresh(base); r.err != nil {
			return r.err
		}
	}
	return nil
}

// fresh returns a name that no value has, made from base.
func (r *reader) fresh(base string) string {
	name := base
	for {
		if _, used := r.taken[name]; !used {
			break
		}
		next := max(r.taken[base], 2)
		r.taken[base] = next + 1
		if !r.spend(len(base) + 16) {
			return base
		}
		name = base + "_" + strconv.Itoa(next)
	}
	r.taken[name] = 0
	return name
}

// input adds a graph input.
func (r *reader) input(i int) error {
	if i < 0 || i >= len(r.tensors) {
		return formatErrorf("graph input: tensor %d of %d", i, len(r.tensors))
	}
	if r.values[i] != nil {
		return formatErrorf("graph input %q is given twice", r.labels[i])
	}
	v, err := r.declare(i)
	if err != nil {
		return fmt.Errorf("graph input %q: %w", r.labels[i], err)
	}
	if v.Shape, err = r.inputShape(i); err != nil {
		return fmt.Errorf("graph input %q: %w", r.labels[i], err)
	}
	r.g.Inputs = append(r.g.Inputs, v)
	return nil
}

// inputShape returns the shape of a graph input: that of the options, or the file's with axis 0 as the batch where its
// signature leaves it open.
func (r *reader) inputShape(i int) (graph.Shape, error) {
	t := r.tensors[i]
	s := r.shape(i)
	given, ok := r.shapes[r.labels[i]]
	if !ok {
		for axis, d := range t.signature {
			if d < 0 && axis > 0 && t.shape[axis] <= 1 {
				return nil, fmt.Errorf("%w: dimension %d has no size; give the shape in Options.InputShapes[%q]", ErrDynamic, axis, r.labels[i])
			}
		}
		return s, nil
	}
	if _, err := given.Elements(); err != nil {
		return nil, limitErrorf("given shape %v: %w", given, err)
	}
	open := func(axis int) bool { return axis < len(t.signature) && t.signature[axis] < 0 }
	if len(given) != len(s) && len(s) > 0 {
		return nil, formatErrorf("given shape %v has %d axes, the file's %d", given, len(given), len(s))
	}
	for axis := range s {
		if given[axis] != s[axis] && !open(axis) {
			return nil, formatErrorf("given shape %v: dimension %d is %d in the file", given, axis, s[axis])
		}
	}
	return append(graph.Shape{}, given...), nil
}

// shape returns the shape that the file states for a tensor; axis 0 is the batch where the signature leaves it open. Of
// tensors whose shape is found at run time it is what the converter last saw.
func (r *reader) shape(i int) graph.Shape {
	t := r.tensors[i]
	s := append(graph.Shape{}, t.shape...)
	if len(t.signature) > 0 && t.signature[0] < 0 {
		s[0] = graph.Batch
	}
	return s
}

// errPoisoned stops the conversion of an operator that reads the output of one that failed.
var errPoisoned = errors.New("input comes from an operator that cannot be converted")

// value returns the value of tensor i, which is a constant where no operator has made it.
func (r *reader) value(i int) (*graph.Value, error) {
	if i < 0 || i >= len(r.tensors) {
		return nil, formatErrorf("tensor %d of %d", i, len(r.tensors))
	}
	if v := r.values[i]; v != nil {
		if r.poisoned[v] {
			return nil, errPoisoned
		}
		return v, nil
	}
	v, err := r.constant(i)
	if err != nil {
		return nil, fmt.Errorf("tensor %d %q: %w", i, r.labels[i], err)
	}
	r.values[i] = v
	r.fixed[v] = true
	return v, nil
}

// declare makes the value of tensor i, which an operator or the caller is to fill, with its type and quantization.
func (r *reader) declare(i int) (*graph.Value, error) {
	t := r.tensors[i]
	d, err := dtypeOf(t.byte(tensorType))
	if err != nil {
		return nil, err
	}
	if t.bool(tensorIsVariable) {
		return nil, unsupportedf("variable tensors")
	}
	v := &graph.Value{Name: r.labels[i], DType: d}
	if v.Quant, err = r.quant(t, d, false); err != nil {
		return nil, err
	}
	r.values[i] = v
	return v, nil
}

// add appends a node whose outputs are given, nil ones unwanted; trailing inputs that are nil are left out.
func (r *reader) add(op, name string, attrs any, in []*graph.Value, out ...*graph.Value) {
	for len(in) > 0 && in[len(in)-1] == nil {
		in = in[:len(in)-1]
	}
	n := &graph.Node{Op: op, Name: name, Attrs: attrs, Inputs: in, Outputs: out}
	fixed := !slices.ContainsFunc(in, func(v *graph.Value) bool { return v != nil && !r.fixed[v] })
	for _, v := range out {
		if v != nil {
			v.Producer = n
			if fixed {
				r.fixed[v] = true
			}
		}
	}
	r.g.Nodes = append(r.g.Nodes, n)
}
