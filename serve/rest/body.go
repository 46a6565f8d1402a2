package rest

import (
	"bufio"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"net/http"
	"strings"
	"sync"

	"github.com/octet-ml/octet/serve/oip"
)

// Body reads the body of a request, of at most limit bytes, after it has been decompressed: Content-Encoding may be gzip or deflate. The
// bytes are taken from the budget as they arrive, growing sixteenfold from 64 KiB, so that a client that announces much and sends little
// holds little. Data are valid until release is called, which gives memory and budget back; release is never nil.
//
// A client must send at least 16 KiB a second after its first 10 seconds, and something every 10 seconds; what the request's context has
// as its deadline counts, too. This takes the place of the server's own read timeout. Errors wrap oip.ErrTooLarge, oip.ErrBusy,
// oip.ErrInvalid for data that are not as their encoding says, oip.ErrCancelled where the client has gone, context.DeadlineExceeded,
// ErrEncoding or ErrSlow.
func Body(w http.ResponseWriter, r *http.Request, limit int64, budget *oip.Budget) (data []byte, release func(), err error) {
	release = func() {}
	if r.ContentLength > limit {
		return nil, release, tooLarge(limit)
	}
	if whole := budget.Limit(); whole > 0 && r.ContentLength > whole {
		return nil, release, budget.Take(r.ContentLength)
	}
	p := newPaced(w, r)
	b := &buffer{budget: budget, most: limit}
	if err = b.readBody(p); err != nil {
		b.release()
		switch {
		case p.err != nil:
			abandon(w, r)
			err = p.err
		case errors.Is(err, io.ErrNoProgress):
			abandon(w, r)
		case errors.Is(err, errFull):
			err = tooLarge(limit)
		}
		return nil, release, err
	}
	p.done()
	r.Body = http.NoBody // nothing is left to drain
	return b.data, b.release, nil
}

// readBody reads a body, decompressed.
func (b *buffer) readBody(p *paced) error {
	encoding := strings.ToLower(strings.TrimSpace(p.r.Header.Get("Content-Encoding")))
	if encoding == "" || encoding == "identity" {
		if p.r.ContentLength >= 0 {
			b.most = p.r.ContentLength
		}
		return b.readAll(p)
	}
	open, ok := decompressors[encoding]
	if !ok {
		return fmt.Errorf("%w: %.40q: want gzip, deflate or none", ErrEncoding, encoding)
	}
	raw := bufio.NewReader(p)
	src, err := open(raw)
	if err == nil {
		err = b.readAll(src)
	}
	if err == nil {
		if _, end := raw.Peek(1); end == nil {
			err = errors.New("more after the end")
		}
	}
	if err == nil || p.err != nil || errors.Is(err, errFull) || oip.CodeOf(err) != oip.Internal {
		return err
	}
	return fmt.Errorf("%w: content encoding %s: %w", oip.ErrInvalid, encoding, err)
}

// tooLarge is the error for a body over the limit.
func tooLarge(limit int64) error {
	return fmt.Errorf("%w: the body has more than %d bytes", oip.ErrTooLarge, limit)
}

// decompressors are the content encodings of RFC 9110, section 8.4.1; its deflate is the format of zlib.
var decompressors = map[string]func(io.Reader) (io.Reader, error){
	"gzip":    func(src io.Reader) (io.Reader, error) { return gzip.NewReader(src) },
	"x-gzip":  func(src io.Reader) (io.Reader, error) { return gzip.NewReader(src) },
	"deflate": func(src io.Reader) (io.Reader, error) { return zlib.NewReader(src) },
}

// errFull is what a buffer returns when there is more to read than it may hold.
var errFull = errors.New("more than the buffer may hold")

// buffer grows while it is read into.
type buffer struct {
	budget *oip.Budget
	most   int64   // bytes that it may hold
	taken  int64   // of the budget: the capacity of data
	memory *[]byte // what data are in, from buffers
	data   []byte
	next   [1]byte
}

// readAll reads to the end of src. Nothing is taken for a byte that may not come: it goes to next when there is no room.
func (b *buffer) readAll(src io.Reader) error {
	for idle := 0; idle < 100; idle++ {
		dst := b.data[len(b.data):cap(b.data)]
		full := len(dst) == 0
		if full {
			dst = b.next[:]
		}
		n, err := src.Read(dst)
		if n > 0 {
			idle = 0
			if full {
				if err := b.grow(); err != nil {
					return err
				}
				b.data = append(b.data, b.next[0])
			} else {
				b.data = b.data[:len(b.data)+n]
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

// growth is the factor by which a buffer grows. What has come is copied then, which for tensors of some hundred KiB should be once.
const growth = 16

// grow makes room for at least one byte more.
func (b *buffer) grow() error {
	want := min(b.most, max(growth*b.taken, smallest))
	if want <= b.taken {
		return errFull
	}
	if limit := b.budget.Limit(); limit > 0 {
		if b.taken == limit {
			return b.budget.Take(limit + 1)
		}
		want = min(want, limit)
	}
	if err := b.budget.Take(want - b.taken); err != nil {
		return err
	}
	memory := getMemory(want)
	b.data = append((*memory)[:0:want], b.data...)
	putMemory(b.memory)
	b.memory, b.taken = memory, want
	return nil
}

// release gives back what the buffer holds. Further calls do nothing.
func (b *buffer) release() {
	putMemory(b.memory)
	b.budget.Give(b.taken)
	b.memory, b.data, b.taken = nil, nil, 0
}

// Sizes of memory that is used again: powers of two from smallest to largest.
const (
	smallest = 64 << 10
	largest  = smallest << (classes - 1)
	classes  = 9
)

// free is the memory that is free, by size.
var free [classes]sync.Pool

// class returns the index of the memory that holds n bytes, at most largest.
func class(n int) int { return max(0, bits.Len(uint(n-1))-bits.Len(smallest-1)) }

// getMemory returns memory of at least n bytes, and less than twice as many, or smallest.
func getMemory(n int64) *[]byte {
	if n > largest {
		m := make([]byte, n)
		return &m
	}
	c := class(int(n))
	if m, ok := free[c].Get().(*[]byte); ok {
		return m
	}
	m := make([]byte, smallest<<c)
	return &m
}

// putMemory takes back what getMemory returned, or nil.
func putMemory(m *[]byte) {
	if m != nil && len(*m) <= largest {
		free[class(len(*m))].Put(m)
	}
}
