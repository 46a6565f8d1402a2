package bench

import "errors"

var (
	// ErrUnknown is returned when no architecture or precision has the given name.
	ErrUnknown = errors.New("unknown name")
	// ErrOption is returned when an option of a measurement is out of range.
	ErrOption = errors.New("invalid option")
)
