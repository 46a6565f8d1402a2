package runtime

import "errors"

// ErrOption is returned when an option of Compile is out of range.
var ErrOption = errors.New("invalid option")

// ErrInput is returned when the inputs of a run do not fit the program.
var ErrInput = errors.New("invalid input")

// ErrFloat is returned by Program.RequireInteger when a convolution or dense layer runs in float.
var ErrFloat = errors.New("model is not fully quantized")
