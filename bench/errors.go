package bench

import "errors"

var (
	// ErrUnknown is returned when no architecture or precision has the given name.
	ErrUnknown = errors.New("unknown name")
	// ErrOption is returned when an option of a measurement is out of range.
	ErrOption = errors.New("invalid option")
	// ErrUnsupported is returned when an engine lacks what a network needs; the message lists the nodes.
	ErrUnsupported = errors.New("unsupported by the engine")
	// ErrDisagree is returned when an engine does not compute what Octet computes.
	ErrDisagree = errors.New("outputs differ from Octet's")
)
