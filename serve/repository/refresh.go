package repository

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
)

// errKnown is what refreshVersion returns for files that have not changed since they could not be loaded.
var errKnown = errors.New("failed before")

// errChanged is returned when files changed while they were read.
var errChanged = fmt.Errorf("%w: its files changed while they were read", ErrNotReady)

// Refresh compares the folder with what serves: it loads what is new, replaces what has changed, retires what is gone, and leaves all
// else alone. It returns an error where the folder cannot be read, the context ends or the repository is closed; what is wrong with
// single models is logged and reported by Index. Files that could not be loaded are tried again once they have changed. Models of a
// repository with Options.Explicit, and those that were unloaded, wait for Load.
func (r *Repository) Refresh(ctx context.Context) error {
	_, err := r.refreshAll(ctx)
	return err
}

// refreshAll is Refresh, and reports whether something went wrong that may go right without a further change: files that were being
// written, or a file system that failed.
func (r *Repository) refreshAll(ctx context.Context) (again bool, err error) {
	ctx, cancel := r.whileOpen(ctx)
	defer cancel()
	if err := r.lock(ctx); err != nil {
		return false, err
	}
	defer r.unlock()
	if r.options.Dir == "" {
		return false, nil
	}
	list, err := os.ReadDir(r.options.Dir)
	if err != nil {
		return true, fmt.Errorf("repository: %w", err)
	}
	present := make(map[string]bool)
	var group errgroup.Group
	group.SetLimit(r.options.Cores.N())
	for _, e := range list {
		name := e.Name()
		if checkName(name) != nil {
			continue
		}
		// A folder that cannot be looked at is not one that is gone: what serves goes on.
		info, err := os.Stat(filepath.Join(r.options.Dir, name))
		if errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
			continue
		}
		present[name] = true
		before, want := r.wanted(name)
		if !want {
			continue
		}
		group.Go(func() error {
			_, err := r.refresh(ctx, name, false)
			// A configuration that stays bad is logged once.
			if err != nil && r.short(err.Error()) != before {
				r.options.Logger.Error("model", "model", name, "error", err)
			}
			if transient(err) {
				return err
			}
			return nil
		})
	}
	again = group.Wait() != nil
	r.remove(present)
	return again, context.Cause(ctx)
}

// wanted reports whether Refresh is to load a model, and what is known to be wrong with it; it notes that the model exists.
func (r *Repository) wanted(name string) (failure string, want bool) {
	err := r.change(name, func(m *model) { failure, want = m.failure, !m.unloaded && !m.memory })
	return failure, want && err == nil
}

// remove retires the models of the folder that are not present any more.
func (r *Repository) remove(present map[string]bool) {
	var gone []string
	r.mu.Lock()
	for name, m := range r.models {
		if !present[name] && !m.memory {
			r.unload(m, "its folder is gone")
			delete(r.models, name)
			gone = append(gone, name)
		}
	}
	r.mu.Unlock()
	for _, name := range gone {
		r.options.Logger.Info("unloaded, its folder is gone", "model", name)
	}
	if len(gone) > 0 {
		r.tell()
	}
}

// transient reports whether an error may pass without a change of the files that the folder's fingerprint tells.
func transient(err error) bool {
	var path *fs.PathError
	return errors.Is(err, errChanged) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrClosed) ||
		errors.As(err, &path) && !errors.Is(err, fs.ErrNotExist)
}

// refresh brings what serves of a model in line with its folder, and returns how many versions it has loaded. With force, versions whose
// files have not changed are loaded again, too. The error joins what went wrong with its versions; what served and has no better
// successor goes on.
func (r *Repository) refresh(ctx context.Context, name string, force bool) (loaded int, err error) {
	defer r.loadEnded(name)
	folder := filepath.Join(r.options.Dir, name)
	mark, err := markOf(filepath.Join(folder, configFile))
	if err != nil {
		return 0, r.fail(name, err)
	}
	config, err := r.config(name)
	if err != nil {
		return 0, r.fail(name, err)
	}
	have, err := versionsIn(folder)
	if err != nil {
		return 0, r.fail(name, err)
	}
	if err := r.change(name, func(m *model) { m.empty = len(have) == 0 }); err != nil {
		return 0, err
	}
	if len(have) == 0 {
		r.keepOnly(name, nil)
		return 0, r.fail(name, fmt.Errorf("%w: %s has no version: want folders named by numbers", ErrNotFound, folder))
	}
	order, n, missing := config.Versions.choose(have)
	if n == 0 {
		return 0, r.fail(name, missing)
	}
	var errs []error
	var tried []int64
	good := 0
	for _, number := range order {
		if good == n || ctx.Err() != nil {
			break
		}
		tried = append(tried, number)
		done, err := r.refreshVersion(ctx, candidate{name, number, config, mark}, force)
		switch {
		case err == nil:
			good++
		case !errors.Is(err, errKnown):
			errs = append(errs, fmt.Errorf("version %d: %w", number, err))
		}
		if done {
			loaded++
		}
	}
	if missing != nil {
		errs = append(errs, r.fail(name, missing))
	} else {
		_ = r.change(name, func(m *model) { m.failure = "" })
	}
	if good == n {
		r.keepOnly(name, tried) // else what serves goes on for those that failed
	}
	if ctx.Err() != nil {
		errs = append(errs, context.Cause(ctx))
	}
	return loaded, errors.Join(errs...)
}

// loadEnded notes that a model has been tried: it counts for Ready from now on.
func (r *Repository) loadEnded(name string) {
	fresh := false
	_ = r.change(name, func(m *model) { fresh, m.fresh = m.fresh, false })
	if fresh {
		r.tell()
	}
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
	c, err := readConfig(filepath.Join(r.options.Dir, name))
	return c.or(r.options.Defaults), err
}

// candidate is a version that is to serve.
type candidate struct {
	name   string
	number int64
	config Config
	mark   fingerprint // of the config.json that was read
}

// fingerprint returns the fingerprint of all files that decide what a version is, but for config.json.
func (r *Repository) fingerprint(c candidate) (fingerprint, error) {
	folder := filepath.Join(r.options.Dir, c.name)
	labels, err := markOf(filepath.Join(folder, c.config.labelsFile()))
	if err != nil {
		return "", err
	}
	own, err := marksOf(filepath.Join(folder, fmt.Sprint(c.number)))
	return labels + "\n" + own, err
}

// refreshVersion loads a version and reports that it did, unless the same files serve or, with errKnown, have failed already.
func (r *Repository) refreshVersion(ctx context.Context, c candidate, force bool) (bool, error) {
	files, err := r.fingerprint(c)
	if err != nil {
		return false, errors.Join(err, r.note(c.name, c.number, Unavailable, err.Error(), ""))
	}
	print := c.mark + "\n" + files
	if !force {
		if known, err := r.known(c.name, c.number, print); known {
			return false, err
		}
	}
	if err := r.note(c.name, c.number, Loading, "", ""); err != nil {
		return false, err
	}
	start := time.Now()
	v, err := r.load(ctx, c)
	if err == nil {
		// Files that were written while they were read may have given a model that nobody made.
		if err = r.unchanged(c, files); err != nil {
			v.retireUnused()
		}
	}
	if err != nil {
		failed := print
		if transient(err) {
			failed = ""
		}
		err = errors.Join(err, r.note(c.name, c.number, Unavailable, err.Error(), failed))
		r.tell()
		return false, err
	}
	v.print = print
	if err := r.change(c.name, func(m *model) { r.serve(m, v) }); err != nil {
		v.retireUnused()
		return false, err
	}
	r.tell()
	r.options.Logger.Info("loaded", "model", c.name, "version", c.number, "format", v.Format, "took", time.Since(start), "digest", v.Digest,
		"level", v.Program.Level(), "max_batch", v.Program.MaxBatch(), "preprocessing", cmp.Or(v.Source, "none"))
	return true, nil
}

// unchanged returns errChanged unless the files of a version are those that the fingerprints tell.
func (r *Repository) unchanged(c candidate, files fingerprint) error {
	mark, err := markOf(filepath.Join(r.options.Dir, c.name, configFile))
	if err != nil {
		return err
	}
	now, err := r.fingerprint(c)
	if err != nil {
		return err
	}
	if mark != c.mark || now != files {
		return errChanged
	}
	return nil
}

// known reports whether the files with a fingerprint serve or, with errKnown, have failed already. What was wrong with a successor is
// forgotten once the files that serve are back.
func (r *Repository) known(name string, number int64, print fingerprint) (bool, error) {
	known := false
	var failed error
	err := r.change(name, func(m *model) {
		v := m.serving[number]
		switch {
		case v != nil && v.print == print:
			known = true
			m.states[number] = Entry{Name: name, Version: v.Version(), State: Ready}
			delete(m.failed, number)
		case m.failed[number] == print:
			known, failed = true, errKnown
		}
	})
	return known || err != nil, cmp.Or(err, failed)
}
