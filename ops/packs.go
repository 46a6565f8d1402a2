package ops

import (
	"sync"
)

// Packs holds packed weights by key, so that the plans of one program for several batch sizes share them. It is safe for
// concurrent use.
type Packs struct {
	mu sync.Mutex
	m  map[any]any
}

// packed returns the pack with the key, made by pack the first time. The key is comparable and names the constant tensors
// and whatever else the result depends on.
func packed[T any](p *Packs, key any, pack func() (T, error)) (T, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if v, ok := p.m[key]; ok {
		return v.(T), nil
	}
	v, err := pack()
	if err != nil {
		return v, err
	}
	if p.m == nil {
		p.m = make(map[any]any)
	}
	p.m[key] = v
	return v, nil
}
