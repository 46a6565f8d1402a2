package repository

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/octet-ml/octet/runtime"
	"github.com/octet-ml/octet/serve/batch"
)

// Options says what a repository is made of. The zero value is an empty repository, for models that Add brings.
type Options struct {
	Dir      string        // of models; empty: none
	Explicit bool          // load nothing but what Load names; default: everything, and what changes
	Tolerant bool          // Ready holds while any model serves; default: every model must
	Poll     time.Duration // how often Watch looks at Dir unasked, for file systems that report no changes; default never
	Defaults Config        // of models whose config.json says nothing else
	Kernels  string        // instruction-set level; default the best available
	Cores    *batch.Cores  // shared by all models; default NewCores(0)
	Pool     *runtime.Pool // threads of runs; default one of Cores.N() threads, which Close ends
	Logger   *slog.Logger  // default: nowhere
	// OnBatch is called after each batch, from the goroutine that ran it; nil: nobody is told.
	OnBatch func(*Version, batch.Batch)
	// OnChange is called after each change of what Names, Versions, Ready or Acquire return once Open is through, one call at a time;
	// nil: nobody is told. It may call these, but nothing that loads or unloads, nor Close.
	OnChange func()
}

// Repository is a set of models that serve.
type Repository struct {
	options Options
	ownPool bool

	changing chan struct{} // holds a token while models are loaded and unloaded, one change at a time; taken before mu
	closing  context.Context
	close    context.CancelFunc // ends closing: what loads is given up
	stop     context.Context
	stopNow  context.CancelFunc // ends stop: versions are closed before their last request
	telling  sync.Mutex         // held while OnChange runs; mu is not held when it is taken

	mu      sync.RWMutex // guards what follows
	models  map[string]*model
	closed  bool
	retired sync.WaitGroup // versions that wait for their last request
}

// Open returns a repository of the models in a folder. Those that cannot be loaded are reported by Index and logged; an error is
// returned only where the folder itself cannot be read, or the options make no sense.
func Open(ctx context.Context, o Options) (*Repository, error) {
	if o.Cores == nil {
		o.Cores = batch.NewCores(0)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Defaults = o.Defaults.or(defaults)
	if err := o.Defaults.check(); err != nil {
		return nil, err
	}
	ownPool := o.Pool == nil
	if ownPool {
		o.Pool = runtime.NewPool(o.Cores.N())
	}
	r := &Repository{options: o, ownPool: ownPool, changing: make(chan struct{}, 1), models: make(map[string]*model)}
	r.closing, r.close = context.WithCancel(context.Background())
	r.stop, r.stopNow = context.WithCancel(context.Background())
	r.options.OnChange = nil
	if err := r.Refresh(ctx); err != nil {
		return nil, errors.Join(err, r.Close(context.Background()))
	}
	r.options.OnChange = o.OnChange
	return r, nil
}

// Cores returns the number of cores that runs share.
func (r *Repository) Cores() int { return r.options.Cores.N() }

// lock waits for its turn to change what serves; the caller calls unlock. The error is the context's or ErrClosed.
func (r *Repository) lock(ctx context.Context) error {
	select {
	case r.changing <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-r.closing.Done():
		return ErrClosed
	}
	if r.closing.Err() != nil {
		r.unlock()
		return ErrClosed
	}
	return nil
}

// unlock ends a turn.
func (r *Repository) unlock() { <-r.changing }

// whileOpen returns a context that ends with ctx, and with ErrClosed as its cause when the repository is closed.
func (r *Repository) whileOpen(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(r.closing, func() { cancel(ErrClosed) })
	return ctx, func() { stop(); cancel(nil) }
}

// Acquire returns a version of a model that serves, the latest one for an empty version, which the caller must Release. Errors wrap
// ErrNotFound, ErrNotReady, ErrName or ErrClosed.
func (r *Repository) Acquire(name, version string) (*Version, error) {
	number := int64(-1)
	if version != "" {
		n, err := parseVersion(version)
		if err != nil {
			return nil, fmt.Errorf("model %.140q: %w", name, err)
		}
		number = n
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.closed {
		return nil, ErrClosed
	}
	m := r.models[name]
	if m == nil {
		return nil, fmt.Errorf("%w: model %.140q", ErrNotFound, name)
	}
	if number < 0 {
		for n := range m.serving {
			number = max(number, n)
		}
		if number < 0 {
			return nil, fmt.Errorf("%w: model %q has no version that serves", ErrNotReady, name)
		}
	}
	v := m.serving[number]
	if v == nil {
		if e, known := m.states[number]; known {
			return nil, fmt.Errorf("%w: model %q, version %d: %s", ErrNotReady, name, number, e.State)
		}
		return nil, fmt.Errorf("%w: model %q has no version %d", ErrNotFound, name, number)
	}
	v.refs.Add(1)
	return v, nil
}

// Close takes no more requests, gives up what is being loaded, and waits until the versions have answered the requests that they have.
// Where the context ends before, its error is returned, requests that still wait get batch.ErrClosed, and a load that is under way ends
// at its next step.
func (r *Repository) Close(ctx context.Context) error {
	r.mu.Lock()
	first := !r.closed
	if first {
		r.closed = true
		for _, m := range r.models {
			r.unload(m, "closed")
		}
	}
	r.mu.Unlock()
	r.close()
	loaded, answered := make(chan struct{}), make(chan struct{})
	go func() {
		if first {
			r.tell()
		}
		r.changing <- struct{}{}
		r.unlock()
		close(loaded)
	}()
	go func() {
		r.retired.Wait()
		close(answered)
	}()
	err := waitFor(ctx, loaded, answered)
	r.stopNow()
	<-answered
	if r.ownPool {
		r.options.Pool.Close()
	}
	return err
}

// waitFor waits until all channels are closed, or the context ends, whose error it returns then.
func waitFor(ctx context.Context, list ...chan struct{}) error {
	for _, c := range list {
		select {
		case <-c:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
