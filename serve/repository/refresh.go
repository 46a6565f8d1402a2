package repository

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// fingerprint tells whether files have changed: names, sizes and times of modification. Empty: no files.
type fingerprint string

// fingerprintOf returns the fingerprint of the regular files directly in a folder; symbolic links are followed.
func fingerprintOf(folder string) (fingerprint, error) {
	list, err := os.ReadDir(folder)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, e := range list {
		info, err := os.Stat(filepath.Join(folder, e.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue // a link to nowhere, or just removed
		}
		if err != nil {
			return "", err
		}
		if info.Mode().IsRegular() {
			fmt.Fprintf(&b, "%q %d %d\n", e.Name(), info.Size(), info.ModTime().UnixNano())
		}
	}
	return fingerprint(b.String()), nil
}

// Refresh compares the folder with what serves: it loads what is new, replaces what has changed, retires what is gone, and leaves all
// else alone. It returns an error where the folder cannot be read or the context ends; what is wrong with single models is logged and
// reported by Index. Models of a repository with Options.Explicit, and those that were unloaded, wait for Load.
func (r *Repository) Refresh(ctx context.Context) error {
	r.changing.Lock()
	defer r.changing.Unlock()
	list, err := os.ReadDir(r.options.Dir)
	if err != nil {
		return fmt.Errorf("repository: %w", err)
	}
	present := make(map[string]bool)
	var group errgroup.Group
	group.SetLimit(r.options.Cores.N())
	for _, e := range list {
		name := e.Name()
		if checkName(name) != nil {
			continue
		}
		if info, err := os.Stat(filepath.Join(r.options.Dir, name)); err != nil || !info.IsDir() {
			continue
		}
		present[name] = true
		if !r.wanted(name) {
			continue
		}
		group.Go(func() error {
			if err := r.refresh(ctx, name, false); err != nil {
				r.options.Logger.Error("model", "model", name, "error", err)
			}
			return ctx.Err()
		})
	}
	err = group.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, m := range r.models {
		if !present[name] && !m.memory {
			for _, v := range m.serving {
				r.retire(v)
				r.options.Logger.Info("unloaded, its folder is gone", "model", name, "version", v.Number)
			}
			delete(r.models, name)
			delete(r.counts, name)
		}
	}
	return err
}

// wanted reports whether Refresh is to load a model, and notes that it exists.
func (r *Repository) wanted(name string) bool {
	want := false
	_ = r.change(name, func(m *model) {
		if r.options.Explicit && len(m.serving) == 0 && len(m.states) == 0 {
			m.unloaded = true
		}
		want = !m.unloaded && !m.memory
	})
	return want
}

// refresh brings what serves of a model in line with its folder. With force, versions whose files have not changed are loaded again,
// too. The error joins what went wrong with its versions; what served and has no better successor goes on.
func (r *Repository) refresh(ctx context.Context, name string, force bool) error {
	folder := filepath.Join(r.options.Dir, name)
	common, err := fingerprintOf(folder)
	if err != nil {
		return r.fail(name, err)
	}
	config, err := r.config(name)
	if err != nil {
		return r.fail(name, err)
	}
	have, err := versionsIn(folder)
	if err != nil {
		return r.fail(name, err)
	}
	if len(have) == 0 {
		r.keepOnly(name, nil)
		return r.fail(name, fmt.Errorf("%w: %s has no version: want folders named by numbers", ErrNotFound, folder))
	}
	chosen, missing := config.Versions.choose(have)
	if len(chosen) == 0 {
		return r.fail(name, missing)
	}
	var errs []error
	broken := false
	for _, number := range chosen {
		if err := r.refreshVersion(ctx, name, number, config, common, force); err != nil {
			broken = true
			errs = append(errs, fmt.Errorf("version %d: %w", number, err))
		}
	}
	if !broken {
		r.keepOnly(name, chosen) // else older versions go on for those that failed
	}
	return errors.Join(append(errs, missing)...)
}

// config returns a model's configuration with defaults.
func (r *Repository) config(name string) (Config, error) {
	r.mu.RLock()
	var override *Config
	if m := r.models[name]; m != nil {
		override = m.override
	}
	r.mu.RUnlock()
	if override != nil {
		return override.or(r.options.Defaults), nil
	}
	data, err := os.ReadFile(filepath.Join(r.options.Dir, name, "config.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return r.options.Defaults, nil
	}
	if err != nil {
		return Config{}, err
	}
	c, err := ParseConfig(data)
	if err != nil {
		return Config{}, fmt.Errorf("config.json: %w", err)
	}
	return c.or(r.options.Defaults), nil
}

// versionsIn returns the numbers of the versions in a model's folder, ascending.
func versionsIn(folder string) ([]int64, error) {
	list, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var out []int64
	for _, e := range list {
		n, err := parseVersion(e.Name())
		if err != nil {
			continue
		}
		if info, err := os.Stat(filepath.Join(folder, e.Name())); err == nil && info.IsDir() {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out, nil
}

// refreshVersion loads a version unless the same files serve or have failed already.
func (r *Repository) refreshVersion(ctx context.Context, name string, number int64, c Config, common fingerprint, force bool) error {
	folder := filepath.Join(r.options.Dir, name, fmt.Sprint(number))
	own, err := fingerprintOf(folder)
	if err != nil {
		return err
	}
	print := common + "\n" + own
	if !force && r.known(name, number, print) {
		return nil
	}
	entry := Entry{Name: name, Version: fmt.Sprint(number), State: Loading}
	if err := r.note(name, number, entry, ""); err != nil {
		return err
	}
	start := time.Now()
	v, err := r.load(ctx, name, number, c)
	if err == nil {
		// A file that was written while it was read may have given a model that nobody made.
		var now fingerprint
		if now, err = fingerprintOf(folder); err == nil && now != own {
			err = fmt.Errorf("%w: its files changed while they were read", ErrNotReady)
			v.retireUnused()
		}
	}
	if err != nil {
		entry.State, entry.Reason = Unavailable, err.Error()
		if ctx.Err() == nil && !errors.Is(err, ErrNotReady) {
			own = print
		} else {
			own = "" // to be tried again
		}
		return errors.Join(err, r.note(name, number, entry, own))
	}
	v.print = print
	if err := r.change(name, func(m *model) { m.replace(r, v) }); err != nil {
		v.retireUnused()
		return err
	}
	r.options.Logger.Info("loaded", "model", name, "version", number, "format", v.Format, "took", time.Since(start), "digest", v.Digest,
		"level", v.Program.Level(), "max_batch", v.Program.MaxBatch(), "preprocessing", cmp.Or(v.Source, "none"))
	return nil
}

// retireUnused closes a version that never served.
func (v *Version) retireUnused() { _ = v.retire(context.Background()) }

// known reports whether the files with a fingerprint serve, or failed, already.
func (r *Repository) known(name string, number int64, print fingerprint) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	m := r.models[name]
	if m == nil {
		return false
	}
	if m.failed[number] == print {
		return true
	}
	v := m.serving[number]
	return v != nil && v.print == print
}

// note records where a version stands; one that serves stays ready, with the reason why its successor does not.
func (r *Repository) note(name string, number int64, e Entry, failed fingerprint) error {
	return r.change(name, func(m *model) {
		if m.serving[number] != nil {
			e.State = Ready
		}
		m.states[number] = e
		if failed == "" {
			delete(m.failed, number)
		} else {
			m.failed[number] = failed
		}
	})
}

// fail records what is wrong with a model as a whole and returns it.
func (r *Repository) fail(name string, err error) error {
	return errors.Join(err, r.change(name, func(m *model) { m.failure = err.Error() }))
}

// keepOnly retires the versions of a model that are not in the list.
func (r *Repository) keepOnly(name string, list []int64) {
	_ = r.change(name, func(m *model) {
		for n, v := range m.serving {
			if !slices.Contains(list, n) {
				delete(m.serving, n)
				r.retire(v)
				r.options.Logger.Info("unloaded", "model", name, "version", n)
			}
		}
		for n := range m.states {
			if !slices.Contains(list, n) {
				delete(m.states, n)
				delete(m.failed, n)
			}
		}
	})
}

// Load loads a model of the folder, again where it serves already, with config in place of its config.json unless that is nil. It
// returns once the versions serve; where one fails, what served before goes on. Errors wrap ErrName, ErrNotFound, ErrConfig, ErrClosed
// or what was wrong with the model.
func (r *Repository) Load(ctx context.Context, name string, config *Config) error {
	if err := checkName(name); err != nil {
		return err
	}
	if config != nil {
		if err := config.check(); err != nil {
			return err
		}
	}
	r.changing.Lock()
	defer r.changing.Unlock()
	if info, err := os.Stat(filepath.Join(r.options.Dir, name)); r.options.Dir == "" || err != nil || !info.IsDir() {
		return fmt.Errorf("%w: model %q", ErrNotFound, name)
	}
	var before *Config
	if err := r.change(name, func(m *model) {
		before = m.override
		m.override, m.unloaded = config, false
	}); err != nil {
		return err
	}
	err := r.refresh(ctx, name, true)
	if err != nil {
		_ = r.change(name, func(m *model) { m.override = before })
		return fmt.Errorf("model %q: %w", name, err)
	}
	return nil
}

// Unload retires all versions of a model, which answer what they have, and keeps it from being loaded again but by Load. Errors wrap
// ErrName, ErrNotFound or ErrClosed.
func (r *Repository) Unload(name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	r.changing.Lock()
	defer r.changing.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.models[name]
	switch {
	case r.closed:
		return ErrClosed
	case m == nil:
		return fmt.Errorf("%w: model %q", ErrNotFound, name)
	}
	for _, v := range m.serving {
		r.retire(v)
	}
	clear(m.serving)
	clear(m.states)
	clear(m.failed)
	m.unloaded, m.override, m.failure = true, nil, ""
	r.options.Logger.Info("unloaded", "model", name)
	return nil
}

// sortedKeys returns the keys of a map, ascending.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
