package repository

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strconv"
	"sync"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/runtime"
	"github.com/octet-ml/octet/serve/batch"
	"github.com/octet-ml/octet/vision"
)

// Options says what a repository is made of. The zero value is an empty repository, for models that Add brings.
type Options struct {
	Dir      string        // of models; empty: none
	Explicit bool          // load nothing but what Load names; default: everything, and what changes
	Defaults Config        // of models whose config.json says nothing else
	Kernels  string        // instruction-set level; default the best available
	Cores    *batch.Cores  // shared by all models; default NewCores(0)
	Pool     *runtime.Pool // threads of runs; default one of Cores.N() threads, which Close ends
	Logger   *slog.Logger  // default: nowhere
	// OnBatch is called after each batch, from the goroutine that ran it; nil: nobody is told.
	OnBatch func(*Version, batch.Batch)
}

// Repository is a set of models that serve.
type Repository struct {
	options Options
	ownPool bool

	changing sync.Mutex // held while models are loaded and unloaded, one change at a time

	mu      sync.RWMutex // guards what follows
	models  map[string]*model
	counts  map[string]map[int64]*Stats
	closed  bool
	retired sync.WaitGroup // versions that wait for their last request
	stop    context.Context
	stopNow context.CancelFunc
}

// model is what is known of a model.
type model struct {
	serving  map[int64]*Version
	states   map[int64]Entry       // of versions, those that serve and those that do not
	failure  string                // of the model as a whole; its config.json, say
	unloaded bool                  // by Unload: not to be loaded again but by Load
	override *Config               // by Load
	failed   map[int64]fingerprint // of files that could not be loaded
	memory   bool                  // brought by Add; the folder has nothing to say about it
}

// Open returns a repository of the models in a folder. Those that cannot be loaded are reported by Index and logged; an error is
// returned only where the folder itself cannot be read, or the options make no sense.
func Open(ctx context.Context, o Options) (*Repository, error) {
	if o.Cores == nil {
		o.Cores = batch.NewCores(0)
	}
	ownPool := o.Pool == nil
	if ownPool {
		o.Pool = runtime.NewPool(o.Cores.N())
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Defaults = o.Defaults.or(defaults)
	if err := o.Defaults.check(); err != nil {
		return nil, err
	}
	r := &Repository{options: o, ownPool: ownPool, models: make(map[string]*model), counts: make(map[string]map[int64]*Stats)}
	r.stop, r.stopNow = context.WithCancel(context.Background())
	if o.Dir != "" {
		if err := r.Refresh(ctx); err != nil {
			return nil, errors.Join(err, r.Close(ctx))
		}
	}
	return r, nil
}

// State is where a version of a model stands.
type State string

// The states of the Open Inference Protocol's model repository extension.
const (
	Ready       State = "READY"
	Loading     State = "LOADING"
	Unloading   State = "UNLOADING"
	Unavailable State = "UNAVAILABLE"
)

// Entry describes a version of a model, or a model without versions.
type Entry struct {
	Name    string
	Version string // empty for a model of which no version is known
	State   State
	Reason  string // why it is unavailable, or why its successor is
}

// Index lists what is known of all models, by name and version.
func (r *Repository) Index() []Entry {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var out []Entry
	for name, m := range r.models {
		n := len(out)
		for _, e := range m.states {
			out = append(out, e)
		}
		slices.SortFunc(out[n:], func(a, b Entry) int { return cmp.Or(len(a.Version)-len(b.Version), cmp.Compare(a.Version, b.Version)) })
		if len(out) == n {
			e := Entry{Name: name, State: Unavailable, Reason: m.failure}
			if m.unloaded {
				e.Reason = "unloaded"
			}
			out = append(out, e)
		}
	}
	slices.SortStableFunc(out, func(a, b Entry) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// Names returns the names of the models that serve, sorted.
func (r *Repository) Names() []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var out []string
	for name, m := range r.models {
		if len(m.serving) > 0 {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// Versions returns the numbers of the versions of a model that serve, ascending.
func (r *Repository) Versions(name string) []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	m := r.models[name]
	if m == nil {
		return nil
	}
	var out []string
	for _, n := range sortedKeys(m.serving) {
		out = append(out, strconv.FormatInt(n, 10))
	}
	return out
}

// Ready reports whether every model that should serve does. Models that were unloaded count for nothing.
func (r *Repository) Ready() bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, m := range r.models {
		if len(m.serving) == 0 && !m.unloaded {
			return false
		}
	}
	return !r.closed
}

// Acquire returns a version of a model that serves, the latest one for an empty version, which the caller must Release. Errors wrap
// ErrNotFound, ErrNotReady, ErrName or ErrClosed.
func (r *Repository) Acquire(name, version string) (*Version, error) {
	number := int64(-1)
	if version != "" {
		n, err := parseVersion(version)
		if err != nil {
			return nil, fmt.Errorf("model %q: %w", name, err)
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
		return nil, fmt.Errorf("%w: model %q", ErrNotFound, name)
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

// Add serves a model that is in memory under a name and a version; it takes the place of one that was there. Labels may be nil.
func (r *Repository) Add(name string, number int64, g *graph.Graph, labels vision.Labels, c Config) error {
	if err := checkName(name); err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return err
	}
	r.changing.Lock()
	defer r.changing.Unlock()
	v, err := r.make(name, number, "memory", g, labels, c.or(r.options.Defaults))
	if err != nil {
		return fmt.Errorf("model %q: %w", name, err)
	}
	err = r.change(name, func(m *model) {
		m.memory = true
		m.replace(r, v)
	})
	if err != nil {
		v.retireUnused()
	}
	return err
}

// change applies f to a model under the lock, making one where there is none.
func (r *Repository) change(name string, f func(*model)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return ErrClosed
	}
	m := r.models[name]
	if m == nil {
		m = &model{serving: make(map[int64]*Version), states: make(map[int64]Entry), failed: make(map[int64]fingerprint)}
		r.models[name] = m
	}
	f(m)
	return nil
}

// replace makes v serve and retires the version that it takes the place of.
func (m *model) replace(r *Repository, v *Version) {
	old := m.serving[v.Number]
	m.serving[v.Number] = v
	m.states[v.Number] = Entry{Name: v.Model, Version: v.Version(), State: Ready}
	m.failure = ""
	delete(m.failed, v.Number)
	if old != nil {
		r.retire(old)
	}
}

// retire closes a version after its last request; the caller holds the lock.
func (r *Repository) retire(v *Version) {
	r.retired.Go(func() {
		if err := v.retire(r.stop); err != nil {
			r.options.Logger.Warn("closed before its last request", "model", v.Model, "version", v.Number, "error", err)
		}
	})
}

// stats returns the counts of a version of a model, which outlive reloads.
func (r *Repository) stats(name string, number int64) *Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts[name] == nil {
		r.counts[name] = make(map[int64]*Stats)
	}
	if r.counts[name][number] == nil {
		r.counts[name][number] = new(Stats)
	}
	return r.counts[name][number]
}

// Close takes no more requests and waits until the versions have answered those that they have, or the context ends, whose error it
// returns then.
func (r *Repository) Close(ctx context.Context) error {
	r.mu.Lock()
	if !r.closed {
		r.closed = true
		for _, m := range r.models {
			for n, v := range m.serving {
				r.retire(v)
				delete(m.serving, n)
			}
		}
	}
	r.mu.Unlock()
	through := make(chan struct{})
	go func() {
		r.retired.Wait()
		close(through)
	}()
	var err error
	select {
	case <-through:
	case <-ctx.Done():
		err = ctx.Err()
		r.stopNow()
		<-through
	}
	r.stopNow()
	if r.ownPool {
		r.options.Pool.Close()
	}
	return err
}

// nameForm is what the name of a model looks like: no separator, no leading dot.
var nameForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,127}$`)

// checkName returns an error wrapping ErrName unless name can be that of a model.
func checkName(name string) error {
	if !nameForm.MatchString(name) {
		return fmt.Errorf("%w: model %.140q", ErrName, name)
	}
	return nil
}

// parseVersion returns a version's number; only its shortest form counts.
func parseVersion(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != s {
		return 0, fmt.Errorf("%w: version %.40q: want a number", ErrName, s)
	}
	return n, nil
}

// Cores returns the number of cores that runs share.
func (r *Repository) Cores() int { return r.options.Cores.N() }

// Serving returns the versions that serve, by model and number. They are for reading counts and descriptions: one that is to run is got
// from Acquire.
func (r *Repository) Serving() []*Version {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var out []*Version
	for _, name := range sortedKeys(r.models) {
		serving := r.models[name].serving
		for _, n := range sortedKeys(serving) {
			out = append(out, serving[n])
		}
	}
	return out
}
