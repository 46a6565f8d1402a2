package repository

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/fsnotify/fsnotify"
)

// watcher tells when something below a folder changes: in the folder, in those of models, and in those of versions with all that is
// below them.
type watcher struct {
	folder  string // absolute
	notify  *fsnotify.Watcher
	changed chan struct{} // of capacity 1
	watched map[string]fs.FileInfo
	through chan struct{} // closed when events are not read any more
}

// newWatcher returns a watcher of a folder that watches nothing before sync is called.
func newWatcher(folder string) (*watcher, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return nil, fmt.Errorf("watch: %w", err)
	}
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch: %w", err)
	}
	w := &watcher{folder: folder, notify: notify, changed: make(chan struct{}, 1), watched: make(map[string]fs.FileInfo), through: make(chan struct{})}
	go w.read()
	return w, nil
}

// read takes events as they come, so that none is lost while models are loaded.
func (w *watcher) read() {
	defer close(w.through)
	for {
		select {
		case e, ok := <-w.notify.Events:
			if !ok {
				return
			}
			if !w.concerns(e.Name) {
				continue
			}
		case _, ok := <-w.notify.Errors:
			if !ok {
				return
			}
			// Events were lost; whatever they were, the folder tells.
		}
		select {
		case w.changed <- struct{}{}:
		default:
		}
	}
}

// concerns reports whether a change of a path may be one of the folder: it is below it, or on the way to it.
func (w *watcher) concerns(path string) bool {
	return path == w.folder || strings.HasPrefix(path, w.folder+string(filepath.Separator)) || strings.HasPrefix(w.folder, path+string(filepath.Separator))
}

// sync watches the folders that there are now, and no others. A folder that has been replaced, as the target of a link is, is watched
// anew. The error joins those of folders that cannot be watched.
func (w *watcher) sync() error {
	want := make(map[string]fs.FileInfo)
	errs := []error{w.wayTo(want)}
	errs = append(errs, w.below(want, w.folder, func(model string) error {
		return w.below(want, model, func(version string) error {
			if _, err := parseVersion(filepath.Base(version)); err != nil {
				return nil
			}
			return w.tree(want, version)
		})
	}))
	for path, was := range w.watched {
		if now, ok := want[path]; !ok || !os.SameFile(was, now) {
			_ = w.notify.Remove(path) // which fails where the folder has gone, and its watch with it
			delete(w.watched, path)
		}
	}
	// Those that are watched are added again, which changes nothing, as the system drops the watch of a folder that is removed, and one
	// that is made in its place may look the same.
	for path, info := range want {
		if err := w.notify.Add(path); err == nil {
			w.watched[path] = info
		} else if ignoreGone(err) != nil {
			errs = append(errs, fmt.Errorf("watch %s: %w", path, err))
		}
	}
	return errors.Join(errs...)
}

// wayTo adds the folders in which a change of a link, or of the folder itself, leads to another folder.
func (w *watcher) wayTo(want map[string]fs.FileInfo) error {
	for path := w.folder; path != filepath.Dir(path); path = filepath.Dir(path) {
		info, err := os.Lstat(path)
		link := err == nil && info.Mode()&fs.ModeSymlink != 0
		if path != w.folder && !link {
			continue
		}
		parent := filepath.Dir(path)
		if info, err = os.Stat(parent); err != nil {
			return ignoreGone(err)
		}
		want[parent] = info
	}
	return nil
}

// below adds a folder and calls f with each folder in it that can be a model or a version. What has gone meanwhile is no error.
func (w *watcher) below(want map[string]fs.FileInfo, folder string, f func(string) error) error {
	info, err := os.Stat(folder)
	if err != nil {
		return ignoreGone(err)
	}
	if !info.IsDir() {
		return nil
	}
	want[folder] = info
	list, err := os.ReadDir(folder)
	if err != nil {
		return ignoreGone(err)
	}
	var errs []error
	for _, e := range list {
		if checkName(e.Name()) == nil && !e.Type().IsRegular() {
			errs = append(errs, f(filepath.Join(folder, e.Name())))
		}
	}
	return errors.Join(errs...)
}

// tree adds a version's folder and all folders below it.
func (w *watcher) tree(want map[string]fs.FileInfo, folder string) error {
	n := 0
	// With the separator, a folder that is itself a link is walked.
	return filepath.WalkDir(folder+string(filepath.Separator), func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return ignoreGone(err)
		}
		if !e.IsDir() {
			return nil
		}
		if n++; n > mostFiles {
			return fs.SkipAll // such a version is not loaded
		}
		info, err := os.Stat(path)
		if err == nil {
			want[filepath.Clean(path)] = info
		}
		return ignoreGone(err)
	})
}

// ignoreGone returns nil for the error of a folder that does not exist, or that may not be read, in which case no model is loaded from
// it either.
func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}

// close ends the watcher.
func (w *watcher) close() {
	_ = w.notify.Close()
	<-w.through
}
