package batch

import (
	"errors"
	"fmt"
	"time"
)

// ErrClosed is returned when a queue takes no more requests.
var ErrClosed = errors.New("queue is closed")

// ErrFull is what a FullError wraps.
var ErrFull = errors.New("queue is full")

// FullError is returned when a queue has no room, or when a request would wait past its deadline.
type FullError struct {
	Waiting int           // examples that wait
	Wait    time.Duration // how long a request would wait as things are: when it makes sense to try again
}

// Error says how long the queue is.
func (e *FullError) Error() string {
	return fmt.Sprintf("%v: %d examples wait, about %v", ErrFull, e.Waiting, e.Wait.Round(time.Millisecond))
}

// Unwrap returns ErrFull.
func (e *FullError) Unwrap() error { return ErrFull }

// PanicError is the error of a batch that panicked, which is a bug of ours. Config.Observe is told, as Batch.Err, with the stack, which
// is not for clients.
type PanicError struct {
	Value any
	Stack []byte
}

// Error says what the panic said.
func (e *PanicError) Error() string { return fmt.Sprintf("bug: the run panicked: %v", e.Value) }
