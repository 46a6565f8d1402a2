package ops

import (
	"errors"
	"fmt"
)

// ErrUnknown is returned when no operator has the name asked for.
var ErrUnknown = errors.New("unknown operator")

// ErrShape is returned when shapes do not fit the operator.
var ErrShape = errors.New("shape mismatch")

// ErrType is returned when data types or quantizations do not fit the operator.
var ErrType = errors.New("type mismatch")

// ErrUnsupported is returned when the operator is known but this use of it is not.
var ErrUnsupported = errors.New("unsupported")

func shapeErrorf(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrShape}, args...)...)
}

func typeErrorf(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrType}, args...)...)
}

func unsupportedf(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrUnsupported}, args...)...)
}
