package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/octet-ml/octet/serve/oip"
)

// ErrEncoding is returned when a body is compressed in a way that the server does not know.
var ErrEncoding = errors.New("unsupported content encoding")

// ErrSlow is returned when a client sends a body too slowly.
var ErrSlow = errors.New("request came too slowly")

// ErrRoute is returned when there is nothing under a path.
var ErrRoute = errors.New("no such path")

// ErrMethod is returned when a path has no such method.
var ErrMethod = errors.New("method not allowed")

// own are the statuses of errors that have no oip.Code.
var own = []struct {
	err    error
	status int
}{
	{ErrEncoding, http.StatusUnsupportedMediaType},
	{ErrSlow, http.StatusRequestTimeout},
	{ErrRoute, http.StatusNotFound},
	{ErrMethod, http.StatusMethodNotAllowed},
}

// statuses are the statuses of codes.
var statuses = map[oip.Code]int{
	oip.OK:              http.StatusOK,
	oip.Invalid:         http.StatusBadRequest,
	oip.Unauthenticated: http.StatusUnauthorized,
	oip.Forbidden:       http.StatusForbidden,
	oip.NotFound:        http.StatusNotFound,
	oip.TooLarge:        http.StatusRequestEntityTooLarge,
	oip.Unsupported:     http.StatusUnsupportedMediaType,
	oip.Exhausted:       http.StatusTooManyRequests,
	oip.Cancelled:       499, // nobody reads it but logs; nginx has the number
	oip.Internal:        http.StatusInternalServerError,
	oip.Unavailable:     http.StatusServiceUnavailable,
	oip.Deadline:        http.StatusGatewayTimeout,
}

// Status returns the HTTP status of an error.
func Status(err error) int {
	for _, o := range own {
		if errors.Is(err, o.err) {
			return o.status
		}
	}
	return statuses[oip.CodeOf(err)]
}

// retryAfter returns the whole seconds, at least 1, after which it makes sense to try again.
func retryAfter(err error) int64 { return max(1, int64(math.Ceil(oip.RetryAfter(err).Seconds()))) }

// WriteJSON answers with v in JSON; with an error of status 500 where v has no form in JSON.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil { // a number that is not finite
		b.Reset()
		status = http.StatusInternalServerError
		e.Encode(errorDocument{err.Error()})
	}
	write(w, status, "application/json", b.Bytes())
}

// write answers with a body of several parts.
func write(w http.ResponseWriter, status int, kind string, first []byte, parts ...[]byte) {
	size := len(first)
	for _, p := range parts {
		size += len(p)
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Length", strconv.Itoa(size))
	w.WriteHeader(status)
	w.Write(first) // fails only when the client has gone
	for _, p := range parts {
		w.Write(p)
	}
}

// errorDocument is the protocol's inference_error_json.
type errorDocument struct {
	Error string `json:"error"`
}

// WriteError answers with an error: its Status, the protocol's document {"error": "..."}, and Retry-After where a later try may do. The
// body of a request that is refused before it was read is read and dropped if it is small, so that the connection lives on and the
// client, which may be writing still, gets to the answer.
func WriteError(w http.ResponseWriter, r *http.Request, err error) {
	status := Status(err)
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", strconv.FormatInt(retryAfter(err), 10))
	}
	if !drain(w, r) {
		w.Header().Set("Connection", "close")
	}
	WriteJSON(w, status, errorDocument{err.Error()})
}

// Bounds of the body of a refused request that is read to keep its connection.
const (
	drainBytes = 1 << 20
	drainTime  = 2 * time.Second
)

// drain reads what is left of a body, and reports whether the connection can take another request.
func drain(w http.ResponseWriter, r *http.Request) bool {
	switch {
	case r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 || r.ProtoMajor != 1:
		return true
	case r.Header.Get("Expect") != "":
		return true // net/http decides: reading would ask the client to send
	case r.ContentLength < 0 || r.ContentLength > drainBytes:
		return false
	}
	rc := http.NewResponseController(w)
	rc.SetReadDeadline(time.Now().Add(drainTime)) // a connection that knows no deadlines has those of its server
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return false
	}
	rc.SetReadDeadline(time.Time{})
	return true
}

// abandon lets a connection end with its answer, of which a request cannot be read to its end.
func abandon(w http.ResponseWriter, r *http.Request) {
	r.Body = http.NoBody
	if r.ProtoMajor == 1 {
		w.Header().Set("Connection", "close")
	}
}
