package repository

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// model is what is known of a model. Repository.mu guards it.
type model struct {
	serving  map[int64]*Version
	states   map[int64]Entry       // of versions, those that serve and those that do not
	failed   map[int64]fingerprint // of files that could not be loaded
	stats    map[int64]*Stats      // of versions, over all their loads
	failure  string                // of the model as a whole; its config.json, say
	unloaded bool                  // not to be loaded but by Load
	fresh    bool                  // no load has ended since it was found or was unloaded
	empty    bool                  // its folder has no version: it is no model yet
	override *Config               // by Load
	memory   bool                  // brought by Add; the folder has nothing to say about it
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
		m = &model{
			serving: make(map[int64]*Version), states: make(map[int64]Entry), failed: make(map[int64]fingerprint),
			stats: make(map[int64]*Stats), unloaded: r.options.Explicit, fresh: true,
		}
		r.models[name] = m
	}
	f(m)
	return nil
}

// tell calls Options.OnChange, once at a time, so that the last call sees the last state. The caller does not hold Repository.mu.
func (r *Repository) tell() {
	if r.options.OnChange == nil {
		return
	}
	r.telling.Lock()
	defer r.telling.Unlock()
	r.options.OnChange()
}

// serve makes v serve in place of the version that had its number, whose counts it goes on with.
func (r *Repository) serve(m *model, v *Version) {
	if v.Stats = m.stats[v.Number]; v.Stats == nil {
		v.Stats = new(Stats)
		m.stats[v.Number] = v.Stats
	}
	old := m.serving[v.Number]
	m.serving[v.Number] = v
	m.states[v.Number] = Entry{Name: v.Model, Version: v.Version(), State: Ready}
	delete(m.failed, v.Number)
	if old != nil {
		r.retire(m, old)
	}
}

// retire closes a version that Acquire cannot return any more, after its last request; the caller holds Repository.mu.
func (r *Repository) retire(m *model, v *Version) {
	r.retired.Go(func() {
		if err := v.retire(r.stop); err != nil {
			r.options.Logger.Warn("closed before its last request", "model", v.Model, "version", v.Number, "error", err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if e := m.states[v.Number]; e.State == Unloading {
			e.State = Unavailable
			m.states[v.Number] = e
		}
	})
}

// unload retires all versions of a model and says why; the caller holds Repository.mu.
func (r *Repository) unload(m *model, reason string) {
	for n, e := range m.states {
		e.State, e.Reason = Unavailable, reason
		m.states[n] = e
	}
	for n, v := range m.serving {
		e := m.states[n]
		e.State = Unloading
		m.states[n] = e
		r.retire(m, v)
	}
	clear(m.serving)
	clear(m.failed)
	m.failure = ""
}

// keepOnly retires the versions of a model that are not in the list, and forgets what else is known of them.
func (r *Repository) keepOnly(name string, list []int64) {
	var gone []int64
	_ = r.change(name, func(m *model) {
		for n, v := range m.serving {
			if !slices.Contains(list, n) {
				delete(m.serving, n)
				r.retire(m, v)
				gone = append(gone, n)
			}
		}
		forget := func(n int64) bool { return !slices.Contains(list, n) }
		maps.DeleteFunc(m.states, func(n int64, _ Entry) bool { return forget(n) })
		maps.DeleteFunc(m.failed, func(n int64, _ fingerprint) bool { return forget(n) })
		maps.DeleteFunc(m.stats, func(n int64, _ *Stats) bool { return forget(n) })
	})
	for _, n := range gone {
		r.options.Logger.Info("unloaded", "model", name, "version", n)
	}
	if len(gone) > 0 {
		r.tell()
	}
}

// note records where a version stands; one that serves stays ready, with the reason why its successor does not.
func (r *Repository) note(name string, number int64, state State, reason string, failed fingerprint) error {
	return r.change(name, func(m *model) {
		if m.serving[number] != nil {
			state = Ready
		}
		m.states[number] = Entry{Name: name, Version: fmt.Sprint(number), State: state, Reason: r.short(reason)}
		if failed == "" {
			delete(m.failed, number)
		} else {
			m.failed[number] = failed
		}
	})
}

// fail records what is wrong with a model as a whole and returns it.
func (r *Repository) fail(name string, err error) error {
	closed := r.change(name, func(m *model) { m.failure = r.short(err.Error()) })
	r.tell()
	return cmp.Or(closed, err)
}

// short returns a reason with paths relative to the folder of models: where that lies is nobody's business who may ask for the index.
func (r *Repository) short(reason string) string {
	if r.options.Dir == "" {
		return reason
	}
	return strings.ReplaceAll(reason, filepath.Clean(r.options.Dir)+string(filepath.Separator), "")
}
