package qat

import "errors"

var (
	// ErrShape is returned when the shapes or types of nodes do not fit together.
	ErrShape = errors.New("shapes do not fit")
	// ErrOption is returned when an option is out of range or contradicts another one.
	ErrOption = errors.New("invalid option")
)
