package oip

import (
	"fmt"
	"sync/atomic"
)

// Budget bounds the bytes that all requests hold together. It is safe for concurrent use; a nil one has no bound.
type Budget struct {
	limit int64
	used  atomic.Int64
}

// NewBudget returns a budget of the given number of bytes.
func NewBudget(limit int64) *Budget { return &Budget{limit: limit} }

// Take takes n bytes; an error wraps ErrBusy, or ErrTooLarge where n is more than the whole budget.
func (b *Budget) Take(n int64) error {
	switch {
	case b == nil:
		return nil
	case n > b.limit:
		return fmt.Errorf("%w: %d bytes: the limit of all requests together is %d", ErrTooLarge, n, b.limit)
	case b.used.Add(n) > b.limit:
		b.used.Add(-n)
		return fmt.Errorf("%w: they hold %d bytes", ErrBusy, b.used.Load())
	}
	return nil
}

// Give gives n bytes back.
func (b *Budget) Give(n int64) {
	if b != nil {
		b.used.Add(-n)
	}
}

// Used returns how many bytes are taken.
func (b *Budget) Used() int64 {
	if b == nil {
		return 0
	}
	return b.used.Load()
}

// Limit returns the bound, 0 for none.
func (b *Budget) Limit() int64 {
	if b == nil {
		return 0
	}
	return b.limit
}
