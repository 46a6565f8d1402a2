package repository

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
)

// State is where a version of a model stands.
type State string

// The states of the Open Inference Protocol's model repository extension.
const (
	Ready       State = "READY"
	Loading     State = "LOADING"
	Unloading   State = "UNLOADING" // it answers the requests that it has
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
	for _, name := range sortedKeys(r.models) {
		m := r.models[name]
		for _, number := range sortedKeys(m.states) {
			e := m.states[number]
			e.Reason = cmp.Or(e.Reason, m.failure)
			out = append(out, e)
		}
		if len(m.states) == 0 {
			e := Entry{Name: name, State: Unavailable, Reason: m.failure}
			if m.unloaded {
				e.Reason = cmp.Or(e.Reason, unloaded)
			}
			out = append(out, e)
		}
	}
	return out
}

// unloaded is the reason of a model that waits for Load.
const unloaded = "unloaded"

// Names returns the names of the models that serve, sorted.
func (r *Repository) Names() []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var out []string
	for _, name := range sortedKeys(r.models) {
		if len(r.models[name].serving) > 0 {
			out = append(out, name)
		}
	}
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

// Ready reports whether the repository is open and every model that should serve does, or, with Options.Tolerant, at least one does
// or none should. A model serves with any of its versions, so that a bad successor changes nothing. Models that were unloaded count
// for nothing, and neither do those that are being loaded for the first time, nor folders without a version.
func (r *Repository) Ready() bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	good, bad := 0, 0
	for _, m := range r.models {
		switch {
		case len(m.serving) > 0:
			good++
		case !m.unloaded && !m.fresh && !m.empty:
			bad++
		}
	}
	return !r.closed && (bad == 0 || r.options.Tolerant && good > 0)
}

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

// sortedKeys returns the keys of a map, ascending.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
