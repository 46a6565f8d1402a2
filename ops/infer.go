package ops

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/octet-ml/octet/graph"
)

// Check returns an error, which says which node, unless the node has the operands and attributes that its operator takes:
// their number, known types of those present, the type of the attribute struct. It gives a node without attributes the
// operator's defaults.
func Check(n *graph.Node) error {
	op, err := Lookup(n.Op)
	if err == nil {
		err = op.check(n)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", n.Where(), err)
	}
	return nil
}

func (op *Operator) check(n *graph.Node) error {
	if err := op.In.check("inputs", len(n.Inputs)); err != nil {
		return err
	}
	if err := op.Out.check("outputs", len(n.Outputs)); err != nil {
		return err
	}
	for i := range op.In.Min {
		if n.Inputs[i] == nil {
			return fmt.Errorf("input %d is absent", i)
		}
	}
	for i, v := range n.Inputs {
		if v != nil && !v.DType.Valid() {
			return fmt.Errorf("input %d, %q, has no known type", i, v.Name)
		}
	}
	if !slices.ContainsFunc(n.Outputs, func(v *graph.Value) bool { return v != nil }) {
		return errors.New("no output is wanted")
	}
	if op.Attrs == nil {
		return nil
	}
	defaults := op.Attrs()
	switch t := reflect.TypeOf(defaults); {
	case n.Attrs == nil:
		n.Attrs = defaults
	case reflect.TypeOf(n.Attrs) != t || reflect.ValueOf(n.Attrs).IsNil():
		return fmt.Errorf("attributes are %T: want %v", n.Attrs, t)
	}
	return nil
}

// Infer checks the node (Check) and infers its outputs. Errors say which node.
func Infer(n *graph.Node) error {
	if err := Check(n); err != nil {
		return err
	}
	op, err := Lookup(n.Op)
	if err != nil {
		return fmt.Errorf("%s: %w", n.Where(), err)
	}
	if err := op.Infer(n); err != nil {
		return fmt.Errorf("%s: %w", n.Where(), err)
	}
	for _, v := range n.Outputs {
		if v == nil {
			continue
		}
		if _, err := v.Shape.Elements(); err != nil {
			return fmt.Errorf("%s: output %q: %w", n.Where(), v.Name, err)
		}
		if v.Quant != nil {
			if err := v.Quant.Check(v.DType, v.Shape); err != nil {
				return fmt.Errorf("%s: output %q: quantization: %w", n.Where(), v.Name, err)
			}
		}
	}
	return nil
}

func (a Arity) check(what string, n int) error {
	if n < a.Min || a.Max >= 0 && n > a.Max {
		if a.Max < 0 {
			return fmt.Errorf("%d %s: want at least %d", n, what, a.Min)
		}
		return fmt.Errorf("%d %s: want %d to %d", n, what, a.Min, a.Max)
	}
	return nil
}

// attrs returns the node's attribute struct, or one of zeros where it has none; Check gives such a node the defaults.
func attrs[T any](n *graph.Node) *T {
	if a, ok := n.Attrs.(*T); ok && a != nil {
		return a
	}
	return new(T)
}

// setOutput gives output i the type and shape, and the Quant q where the output declares neither a type nor a Quant. An
// unwanted output is left alone.
func setOutput(n *graph.Node, i int, d graph.DType, s graph.Shape, q *graph.Quant) {
	if i >= len(n.Outputs) || n.Outputs[i] == nil {
		return
	}
	v := n.Outputs[i]
	if v.DType == graph.Invalid {
		v.DType, v.Quant = d, q
	}
	if s == nil {
		s = graph.Shape{}
	}
	v.Shape = s
}
