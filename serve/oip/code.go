package oip

import (
	"context"
	"errors"
	"time"

	"github.com/octet-ml/octet/runtime"
	"github.com/octet-ml/octet/serve/batch"
	"github.com/octet-ml/octet/serve/repository"
	"github.com/octet-ml/octet/vision"
)

// ErrInvalid is returned when a request is malformed or does not fit the model.
var ErrInvalid = errors.New("invalid request")

// ErrTooLarge is returned when a request exceeds a limit of the server.
var ErrTooLarge = errors.New("request too large")

// ErrBusy is returned when the server holds as many bytes of requests as it may.
var ErrBusy = errors.New("too many requests in flight")

// ErrDraining is returned when the server is about to stop.
var ErrDraining = errors.New("server is shutting down")

// ErrForbidden is returned when an operation is switched off.
var ErrForbidden = errors.New("not allowed")

// ErrUnauthenticated is returned when a request lacks a valid token.
var ErrUnauthenticated = errors.New("unauthenticated")

// ErrCancelled is returned when the client has gone.
var ErrCancelled = errors.New("cancelled by the client")

// errPanicked is the error of a request that panicked, which is a bug of ours.
var errPanicked = errors.New("bug: the request panicked")

// Code is the kind of an error.
type Code uint8

// The kinds of errors, with their numbers in HTTP and their names in gRPC.
const (
	OK              Code = iota // 200, OK
	Invalid                     // 400, INVALID_ARGUMENT
	Unauthenticated             // 401, UNAUTHENTICATED
	Forbidden                   // 403, PERMISSION_DENIED
	NotFound                    // 404, NOT_FOUND
	TooLarge                    // 413, RESOURCE_EXHAUSTED, as gRPC answers messages over its limit
	Unsupported                 // 415, INVALID_ARGUMENT: no picture, or none of a known format
	Exhausted                   // 429, RESOURCE_EXHAUSTED: try again later
	Cancelled                   // 499, CANCELLED
	Internal                    // 500, INTERNAL
	Unavailable                 // 503, UNAVAILABLE: the model does not serve, or the server stops
	Deadline                    // 504, DEADLINE_EXCEEDED
)

// codeNames are the names of codes in metrics, logs and traces.
var codeNames = [...]string{"ok", "invalid", "unauthenticated", "forbidden", "not_found", "too_large", "unsupported", "exhausted", "cancelled", "internal", "unavailable", "deadline"}

// Codes is how many kinds there are: they are the numbers below it.
const Codes = Code(len(codeNames))

// String returns the kind's name in lower case, as metrics, logs and traces have it.
func (c Code) String() string {
	if c < Codes {
		return codeNames[c]
	}
	return "unknown"
}

// kinds are the sentinels by kind; the first that an error wraps decides.
var kinds = []struct {
	err  error
	code Code
}{
	{ErrUnauthenticated, Unauthenticated},
	{ErrForbidden, Forbidden},
	{batch.ErrFull, Exhausted},
	{ErrBusy, Exhausted},
	{ErrDraining, Unavailable},
	{batch.ErrClosed, Unavailable},
	{repository.ErrClosed, Unavailable},
	{context.DeadlineExceeded, Deadline},
	{ErrCancelled, Cancelled},
	{context.Canceled, Cancelled},
	{ErrTooLarge, TooLarge},
	{vision.ErrTooLarge, TooLarge},
	{vision.ErrFormat, Unsupported},
	{ErrInvalid, Invalid},
	{runtime.ErrInput, Invalid},
	{vision.ErrInput, Invalid},
	{vision.ErrImage, Invalid},
	{repository.ErrName, Invalid},
	{repository.ErrConfig, Invalid},
	{repository.ErrNotReady, Unavailable},
	{repository.ErrNotFound, NotFound},
}

// CodeOf returns the kind of an error: OK for nil, Internal for one that it does not know.
func CodeOf(err error) Code {
	if err == nil {
		return OK
	}
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			return k.code
		}
	}
	return Internal
}

// RetryAfter returns after which time it makes sense to send a request again that failed with an error of kind Exhausted or Unavailable:
// 0 where the error does not tell.
func RetryAfter(err error) time.Duration {
	var full *batch.FullError
	if errors.As(err, &full) {
		return full.Wait
	}
	return 0
}
