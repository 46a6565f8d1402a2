package gorgonia

import (
	"errors"
	"fmt"
	"strings"

	"gorgonia.org/tensor"
)

// ErrUnsupported is returned when an expression graph has nodes that are not converted; the error is NodeErrors.
var ErrUnsupported = errors.New("cannot be converted")

// ErrArgument is returned when the inputs, outputs or options of FromExprGraph do not fit the expression graph.
var ErrArgument = errors.New("invalid argument")

// ErrBatch is returned, with the option DynamicBatch, when the network can only run on as many images as it was built for.
var ErrBatch = errors.New("batch size is fixed")

// ErrTensor is returned when a tensor has a type or a layout that the other library does not have.
var ErrTensor = errors.New("tensor cannot be converted")

// ErrVersion is returned when Gorgonia is not the version that this package knows.
var ErrVersion = errors.New("unknown version of gorgonia")

func unsupportedf(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrUnsupported}, args...)...)
}

func batchErrorf(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrBatch}, args...)...)
}

// NodeError says which node of an expression graph is not converted, and why.
type NodeError struct {
	Name  string       // of the node; Gorgonia makes one of the operator and the operands where the user gave none
	Op    string       // the operator as it prints itself; empty for a node that is only a value
	Shape tensor.Shape // of the result
	Err   error        // wraps ErrUnsupported, ErrBatch or ErrVersion
}

// Error returns the name, operator and shape of the node, and the reason.
func (e *NodeError) Error() string {
	op := e.Op
	if op == "" {
		op = "value"
	}
	return fmt.Sprintf("node %q: %s %v: %v", e.Name, op, e.Shape, e.Err)
}

// Unwrap returns the reason.
func (e *NodeError) Unwrap() error { return e.Err }

// NodeErrors lists every node that is not converted, operands before what is computed from them.
type NodeErrors []*NodeError

// Error returns one line for each node.
func (e NodeErrors) Error() string {
	if len(e) == 1 {
		return e[0].Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d nodes of the expression graph cannot be converted:", len(e))
	for _, n := range e {
		b.WriteString("\n\t" + n.Error())
	}
	return b.String()
}

// Unwrap returns the errors of the nodes.
func (e NodeErrors) Unwrap() []error {
	out := make([]error, len(e))
	for i, n := range e {
		out[i] = n
	}
	return out
}
