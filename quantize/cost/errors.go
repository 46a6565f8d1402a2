package cost

import "errors"

var (
	// ErrModels is returned when two models cannot be compared: their inputs or their classes differ.
	ErrModels = errors.New("models cannot be compared")
	// ErrData is returned when inputs are missing or unreadable, or make a model compute no numbers.
	ErrData = errors.New("evaluation data")
	// ErrOption is returned when an option is out of range.
	ErrOption = errors.New("invalid option")
)
