package repository

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/vision"
)

// Add serves a model that is in memory under a name and a version, in place of the one that was there. A model of that name in the
// folder makes way for it, whatever its versions. Labels may be nil. Errors wrap ErrName, ErrConfig, ErrClosed or what is wrong with
// the model.
func (r *Repository) Add(name string, number int64, g *graph.Graph, labels vision.Labels, c Config) error {
	if err := checkName(name); err != nil {
		return err
	}
	if number < 0 {
		return fmt.Errorf("%w: version %d: want a number from 0", ErrName, number)
	}
	if err := c.check(); err != nil {
		return err
	}
	ctx, cancel := r.whileOpen(context.Background())
	defer cancel()
	if err := r.lock(ctx); err != nil {
		return err
	}
	defer r.unlock()
	v, err := r.make(ctx, source{name: name, number: number, format: "memory", graph: g, labels: labels}, c.or(r.options.Defaults))
	if err != nil {
		return fmt.Errorf("model %q: %w", name, err)
	}
	err = r.change(name, func(m *model) {
		if !m.memory {
			r.unload(m, "")
			clear(m.states)
			m.memory, m.override = true, nil
		}
		m.unloaded, m.empty, m.failure = false, false, ""
		r.serve(m, v)
	})
	if err != nil {
		v.retireUnused()
		return err
	}
	r.tell()
	return nil
}

// Load loads a model of the folder, again where it serves already, with config in place of its config.json unless that is nil. It
// returns once the versions serve; where one fails, what served before goes on. A config holds until the next Load or Unload, unless
// no version could be loaded with it. Errors are the context's, wrap ErrName, ErrNotFound, ErrConfig or ErrClosed, or say what is wrong
// with the model.
func (r *Repository) Load(ctx context.Context, name string, config *Config) error {
	if err := checkName(name); err != nil {
		return err
	}
	if config != nil {
		own := *config
		if err := own.check(); err != nil {
			return err
		}
		config = &own
	}
	ctx, cancel := r.whileOpen(ctx)
	defer cancel()
	if err := r.lock(ctx); err != nil {
		return err
	}
	defer r.unlock()
	if r.options.Dir == "" {
		return fmt.Errorf("%w: model %q: there is no folder to load it from", ErrNotFound, name)
	}
	if info, err := os.Stat(filepath.Join(r.options.Dir, name)); err != nil || !info.IsDir() {
		return fmt.Errorf("%w: model %q", ErrNotFound, name)
	}
	var before model
	if err := r.change(name, func(m *model) {
		before = *m
		if !m.memory {
			m.override, m.unloaded, m.fresh = config, false, m.fresh || m.unloaded
		}
	}); err != nil {
		return err
	}
	if before.memory {
		return fmt.Errorf("%w: model %q is in memory, not in the folder", ErrNotFound, name)
	}
	loaded, err := r.refresh(ctx, name, true)
	if err == nil {
		return nil
	}
	_ = r.change(name, func(m *model) {
		if loaded == 0 {
			m.override = before.override
		}
		m.unloaded = before.unloaded && len(m.serving) == 0
	})
	r.tell()
	return fmt.Errorf("model %q: %w", name, err)
}

// Unload retires all versions of a model, which answer what they have, and keeps it from being loaded again but by Load or Add. It
// waits for a load that is under way. Errors wrap ErrName, ErrNotFound or ErrClosed.
func (r *Repository) Unload(name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	if err := r.lock(context.Background()); err != nil {
		return err
	}
	defer r.unlock()
	r.mu.Lock()
	m := r.models[name]
	if m != nil && !r.closed {
		r.unload(m, unloaded)
		m.unloaded, m.override = true, nil
	}
	closed := r.closed
	r.mu.Unlock()
	switch {
	case closed:
		return ErrClosed
	case m == nil:
		return fmt.Errorf("%w: model %q", ErrNotFound, name)
	}
	r.options.Logger.Info("unloaded", "model", name)
	r.tell()
	return nil
}
