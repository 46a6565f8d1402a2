package batch

import (
	"context"
	"runtime"

	"golang.org/x/sync/semaphore"
)

// Cores hands out the processor's cores to runs, first come first served. It is safe for concurrent use.
type Cores struct {
	n         int
	semaphore *semaphore.Weighted
}

// NewCores returns n cores to hand out; 0 means GOMAXPROCS.
func NewCores(n int) *Cores {
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	return &Cores{n: n, semaphore: semaphore.NewWeighted(int64(n))}
}

// N returns how many cores there are.
func (c *Cores) N() int { return c.n }

// Acquire waits for a core, for work that is no run of a queue; the caller calls Release. The error is the cause of the context's end.
func (c *Cores) Acquire(ctx context.Context) error {
	if c.semaphore.Acquire(ctx, 1) != nil {
		return context.Cause(ctx)
	}
	return nil
}

// Release gives a core back.
func (c *Cores) Release() { c.release(1) }

// acquire waits for one core.
func (c *Cores) acquire() { _ = c.Acquire(context.Background()) } // which fails only where the context ends

// more takes the cores that make one core into all n, if all of them are free.
func (c *Cores) more() bool { return c.n > 1 && c.semaphore.TryAcquire(int64(c.n-1)) }

// release gives n cores back.
func (c *Cores) release(n int) { c.semaphore.Release(int64(n)) }
