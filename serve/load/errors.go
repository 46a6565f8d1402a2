package load

import "errors"

var (
	// ErrOption is returned when options make no sense, alone or together.
	ErrOption = errors.New("invalid option")
	// ErrServer is returned when the server does not describe the model, or in a way that the protocol does not know.
	ErrServer = errors.New("server does not describe the model")
	// ErrInput is returned when inputs do not fit the model.
	ErrInput = errors.New("input does not fit the model")
)
