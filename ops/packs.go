package ops

import "sync"

// Packs holds packed weights by key, so that the plans of one program for several batch sizes share them. It is safe for
// concurrent use; different weights are packed concurrently.
type Packs struct {
	mu sync.Mutex
	m  map[any]func() (any, error)
}

// packed returns the pack with the key, made by pack the first time. The key is comparable and names the constant tensors
// and whatever else the result depends on.
func packed[T any](p *Packs, key any, pack func() (T, error)) (T, error) {
	p.mu.Lock()
	once := p.m[key]
	if once == nil {
		once = sync.OnceValues(func() (any, error) { return pack() })
		if p.m == nil {
			p.m = make(map[any]func() (any, error))
		}
		p.m[key] = once
	}
	p.mu.Unlock()
	v, err := once()
	if err != nil {
		var zero T
		return zero, err
	}
	return v.(T), nil
}
