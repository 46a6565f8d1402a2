package i8

import (
	"runtime"
	"sync/atomic"
)

// slots is a set of argument structs that concurrent Run calls of one step borrow from.
//
// A kernel is called through a function value, so the compiler must assume that its argument struct escapes. A struct made
// in Run would therefore be an allocation; one made at Bind time is not. There is one for each processor; a caller that
// finds none idle gets a fresh one.
type slots[T any] struct {
	items []slot[T]
}

type slot[T any] struct {
	busy atomic.Bool
	args T
	_    [64]byte // keeps neighbours out of each other's cache lines
}

func newSlots[T any]() slots[T] {
	return slots[T]{make([]slot[T], runtime.GOMAXPROCS(0))}
}

// get returns an idle slot, now busy; put gives it back.
func (s *slots[T]) get() *slot[T] {
	for i := range s.items {
		if p := &s.items[i]; !p.busy.Load() && p.busy.CompareAndSwap(false, true) {
			return p
		}
	}
	return new(slot[T])
}

func (p *slot[T]) put() { p.busy.Store(false) }
