package tflite

import (
	"errors"
	"fmt"
	"strings"
)

// ErrFormat is returned when bytes are not a well-formed TensorFlow Lite model.
var ErrFormat = errors.New("malformed tflite model")

// ErrUnsupported is returned when a model uses what this package does not convert.
var ErrUnsupported = errors.New("unsupported")

// ErrLimit is returned when a model exceeds one of the Limits.
var ErrLimit = errors.New("limit exceeded")

// ErrDynamic is returned when a dimension of an input, other than the batch, has no size; Options.InputShapes gives it one.
var ErrDynamic = errors.New("dynamic dimension")

func formatErrorf(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrFormat}, args...)...)
}

func unsupportedf(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrUnsupported}, args...)...)
}

func limitErrorf(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrLimit}, args...)...)
}

// maxReported bounds the number of operators that one error message lists.
const maxReported = 20

// OperatorErrors lists every operator of a model that cannot be converted, in the model's order.
type OperatorErrors []error

// Error returns one line for each operator, at most 20 of them.
func (e OperatorErrors) Error() string {
	if len(e) == 1 {
		return e[0].Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d operators cannot be converted:", len(e))
	for i, err := range e {
		if i == maxReported {
			fmt.Fprintf(&b, "\n\tand %d more", len(e)-i)
			break
		}
		b.WriteString("\n\t" + err.Error())
	}
	return b.String()
}

// Unwrap returns the errors of the operators.
func (e OperatorErrors) Unwrap() []error { return e }
