package i8

import "errors"

// Errors that the constructors wrap with the place and the values at fault.
var (
	// ErrShape is returned when sizes contradict each other or exceed what the kernels can address.
	ErrShape = errors.New("bad shape")
	// ErrParameter is returned when a scalar parameter is out of its range.
	ErrParameter = errors.New("parameter out of range")
	// ErrRange is returned when an accumulator could leave int32.
	ErrRange = errors.New("accumulator may overflow int32")
	// ErrBuffer is returned when a buffer bound to a plan has not the size the plan needs.
	ErrBuffer = errors.New("bad buffer")
	// ErrLevel is returned when the machine lacks the instruction-set level that is asked for.
	ErrLevel = errors.New("level not available")
)
