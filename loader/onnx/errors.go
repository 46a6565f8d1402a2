package onnx

import (
	"errors"
	"fmt"
	"strings"
)

// ErrFormat is returned when bytes are not a well-formed ONNX model.
var ErrFormat = errors.New("malformed onnx model")

// ErrUnsupported is returned when a model, or a graph to be written, uses what this package does not convert.
var ErrUnsupported = errors.New("unsupported")

// ErrLimit is returned when a model exceeds one of the Limits.
var ErrLimit = errors.New("limit exceeded")

// ErrDynamic is returned when a dimension of an input, other than the batch, has no size; Options.InputShapes gives it one.
var ErrDynamic = errors.New("dynamic dimension")

// ErrExternal is returned when external data cannot be read: no folder is given, the path leaves it, or the file is too short.
var ErrExternal = errors.New("external data")

func formatErrorf(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrFormat}, args...)...)
}

func unsupportedf(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrUnsupported}, args...)...)
}

func limitErrorf(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrLimit}, args...)...)
}

// maxReported bounds the number of nodes that one error message lists.
const maxReported = 20

// NodeErrors lists every node of a model that cannot be converted, in the model's order.
type NodeErrors []error

// Error returns one line for each node, at most 20 of them.
func (e NodeErrors) Error() string {
	if len(e) == 1 {
		return e[0].Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d nodes cannot be converted:", len(e))
	for i, err := range e {
		if i == maxReported {
			fmt.Fprintf(&b, "\n\tand %d more", len(e)-i)
			break
		}
		b.WriteString("\n\t" + err.Error())
	}
	return b.String()
}

// Unwrap returns the errors of the nodes.
func (e NodeErrors) Unwrap() []error { return e }
