package quantize

import "errors"

var (
	// ErrQuantized is returned when a model has quantized values already: there is no float model to start from.
	ErrQuantized = errors.New("model is quantized already")
	// ErrNothing is returned when a model has no convolution or dense layer that can be quantized, or options leave none.
	ErrNothing = errors.New("nothing to quantize")
	// ErrData is returned when calibration inputs are missing, do not fit the model or make it compute no numbers.
	ErrData = errors.New("calibration data")
	// ErrOption is returned when an option is out of range or names a layer that is not there.
	ErrOption = errors.New("invalid option")
	// ErrState is returned when Options.State holds something damaged or the state of another run.
	ErrState = errors.New("state of an unfinished run")
)
