package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/octet-ml/octet/serve/oip"
)

// How fast a client must send.
const (
	paceIdle  = 10 * time.Second // until the next bytes
	paceGrace = 10 * time.Second // until the rate counts
	paceRate  = 16 << 10         // bytes a second
)

// paced reads the body of a request and cuts clients that are too slow.
type paced struct {
	r           *http.Request
	setDeadline func(time.Time) error
	now         func() time.Time
	start       time.Time
	got         int64
	err         error // of the connection; not io.EOF
}

// newPaced returns a reader of the body of r.
func newPaced(w http.ResponseWriter, r *http.Request) *paced {
	return &paced{r: r, setDeadline: http.NewResponseController(w).SetReadDeadline, now: time.Now, start: time.Now()}
}

// Read reads what has come, or waits for it.
func (p *paced) Read(dst []byte) (int, error) {
	p.setDeadline(p.deadline()) // a connection that knows no deadlines has those of its server
	n, err := p.r.Body.Read(dst)
	p.got += int64(n)
	if err != nil && err != io.EOF {
		p.err = p.explain(err)
		err = p.err
	}
	return n, err
}

// deadline returns until when the next bytes must come.
func (p *paced) deadline() time.Time {
	out := p.start.Add(paceGrace + time.Duration(p.got/paceRate)*time.Second)
	if idle := p.now().Add(paceIdle); idle.Before(out) {
		out = idle
	}
	if d, ok := p.r.Context().Deadline(); ok && d.Before(out) {
		out = d
	}
	return out
}

// done takes the deadline away, which would else end the request while it is answered.
func (p *paced) done() { p.setDeadline(time.Time{}) }

// explain says what an error of the connection means.
func (p *paced) explain(err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return fmt.Errorf("%w: %w", oip.ErrTooLarge, err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		if d, ok := p.r.Context().Deadline(); ok && !p.now().Before(d) {
			return fmt.Errorf("%w after %d bytes of the body", context.DeadlineExceeded, p.got)
		}
		return fmt.Errorf("%w: %d bytes of the body came", ErrSlow, p.got)
	case p.r.Context().Err() == nil && !errors.Is(err, io.ErrUnexpectedEOF) && slices.Contains(p.r.TransferEncoding, "chunked"):
		return fmt.Errorf("%w: body: %w", oip.ErrInvalid, err) // malformed chunks
	}
	return fmt.Errorf("%w after %d bytes of the body: %w", oip.ErrCancelled, p.got, err)
}
