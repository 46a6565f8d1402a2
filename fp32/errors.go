package f32

import "errors"

var (
	// ErrLevel is returned when a level is not available on this machine.
	ErrLevel = errors.New("level not available")
	// ErrWeights is returned when weights have impossible sizes or the wrong number of elements.
	ErrWeights = errors.New("invalid weights")
	// ErrGeometry is returned when sizes, strides, dilations or pads do not fit together or exceed MaxElements.
	ErrGeometry = errors.New("invalid geometry")
	// ErrEpilogue is returned when bias or clamp do not fit the convolution.
	ErrEpilogue = errors.New("invalid epilogue")
	// ErrBuffer is returned when a buffer has the wrong length, is misaligned or overlaps another one where it must not.
	ErrBuffer = errors.New("invalid buffer")
)
