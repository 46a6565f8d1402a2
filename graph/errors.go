package graph

import "errors"

// ErrSyntax is returned when Parse meets a text that is not the text form of a graph; it wraps ErrInvalid too where the
// text is well formed and the graph is not.
var ErrSyntax = errors.New("graph text")
