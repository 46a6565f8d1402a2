package repository

import "context"

// Settle waits until every version that was retired is closed.
func (r *Repository) Settle(ctx context.Context) error {
	through := make(chan struct{})
	go func() {
		r.retired.Wait()
		close(through)
	}()
	return waitFor(ctx, through)
}

// Counted returns the number of versions of which counts are kept.
func (r *Repository) Counted() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	n := 0
	for _, m := range r.models {
		n += len(m.stats)
	}
	return n
}
