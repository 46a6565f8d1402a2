package loader

import "errors"

// ErrFormat is returned when bytes are of no known format, or are malformed.
var ErrFormat = errors.New("malformed model")

// ErrUnsupported is returned when a model uses what Octet does not run; the message lists every such node.
var ErrUnsupported = errors.New("unsupported model")

// ErrLimit is returned when a model exceeds one of the Limits.
var ErrLimit = errors.New("limit exceeded")

// ErrDynamic is returned when a dimension of an input, other than the batch, has no size; WithInputShape gives it one.
var ErrDynamic = errors.New("dynamic dimension")

// ErrExternal is returned when tensors that are stored in other files cannot be read.
var ErrExternal = errors.New("external data")

// classified is an error of a format's package together with the sentinel of this package that it means.
type classified struct{ sentinel, err error }

func (e *classified) Error() string   { return e.err.Error() }
func (e *classified) Unwrap() []error { return []error{e.sentinel, e.err} }

// classify adds to err the sentinel whose counterpart it wraps.
func classify(err error, sentinels map[error]error) error {
	for theirs, ours := range sentinels {
		if errors.Is(err, theirs) {
			return &classified{ours, err}
		}
	}
	return err
}
