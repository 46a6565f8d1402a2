package rpc

import "sync"

// latch is a channel that may be closed more than once.
type latch struct {
	c    chan struct{}
	once *sync.Once
}

func newLatch() latch { return latch{make(chan struct{}), new(sync.Once)} }

func (l latch) close() { l.once.Do(func() { close(l.c) }) }
