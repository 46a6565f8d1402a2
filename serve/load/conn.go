package load

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"
)

// conn is a connection on which a failed write is no error yet. A server that refuses a request answers, and may close the
// connection, while the body is still on its way: the answer waits to be read, but net/http would report the write's error instead
// (RFC 9112, section 9.6, tells servers how to avoid this; not all do). So writes to a connection that has ended seem to succeed, and
// what can be read decides: the answer, or else the error.
type conn struct {
	net.Conn
	mu     sync.Mutex // held by a write
	broken error      // of the first write that the other side did not take
}

func (c *conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken != nil {
		return len(p), nil
	}
	n, err := c.Conn.Write(p)
	switch {
	case errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNRESET):
		c.broken = err
		return len(p), nil
	case errors.Is(err, net.ErrClosed): // by net/http, which has read why
		return len(p), nil
	}
	return n, err
}

// ReadFrom writes what is left of a body in one piece, from where it lies: net/http's own way is through 32 KiB at a time, which for
// tensors of some hundred KiB costs the generator a third of its time.
func (c *conn) ReadFrom(r io.Reader) (int64, error) {
	if limited, ok := r.(*io.LimitedReader); ok {
		if body, ok := limited.R.(*once); ok && limited.N >= int64(body.Len()) {
			n, err := body.WriteTo(c)
			limited.N -= n
			return n, err
		}
	}
	return io.Copy(struct{ io.Writer }{c}, r)
}

// Read reads. At the end of the data it waits for a write that is under way: the system tells only one of the two of a reset.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.broken != nil {
			err = c.broken
		}
	}
	return n, err
}

// dialTimeout bounds the making of a connection.
const dialTimeout = 10 * time.Second

// dialTCP makes a connection.
func dialTCP(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c}, nil
}
