package guard

import (
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is how long a change waits for those that belong to it: a certificate and its key are two files.
const settle = 100 * time.Millisecond

// watch calls changed, never twice at once, after changes in the folders of the files and of what they link to, until the returned
// function is called. A change that comes while changed runs makes it run again, so that the last state is always seen.
func watch(files []string, logger *slog.Logger, changed func()) (stop func(), err error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	for _, folder := range folders(files) {
		if err := w.Add(folder); err != nil {
			w.Close()
			return nil, err
		}
	}
	var ended sync.WaitGroup
	ended.Go(func() { follow(w, files, logger, changed) })
	return sync.OnceFunc(func() {
		w.Close()
		ended.Wait()
	}), nil
}

// follow waits for events until the watcher is closed. The first one starts the time to settle and later ones do not prolong it, so that
// a folder in which something always happens does not put a change off for ever.
func follow(w *fsnotify.Watcher, files []string, logger *slog.Logger, changed func()) {
	timer := time.NewTimer(settle)
	timer.Stop()
	defer timer.Stop()
	var due <-chan time.Time
	for {
		select {
		case _, ok := <-w.Events:
			if !ok {
				return
			}
		case err, ok := <-w.Errors: // events may have been lost
			if !ok {
				return
			}
			logger.Warn("watching files", "error", err)
		case <-due:
			due = nil
			adjust(w, files, logger)
			changed()
			continue
		}
		if due == nil {
			timer.Reset(settle)
			due = timer.C
		}
	}
}

// adjust watches the folders that the files are in now.
func adjust(w *fsnotify.Watcher, files []string, logger *slog.Logger) {
	want, have := folders(files), w.WatchList()
	for _, folder := range have {
		if !slices.Contains(want, folder) {
			_ = w.Remove(folder) // which may be gone
		}
	}
	for _, folder := range want {
		// Again, too, for a folder that has taken the place of another by the same name.
		if err := w.Add(folder); err != nil {
			logger.Warn("watching files", "folder", folder, "error", err)
		}
	}
}

// folders returns the folders in which a change may change one of the files: where its name is, and where what it links to is.
func folders(files []string) []string {
	var out []string
	for _, file := range files {
		out = append(out, filepath.Dir(file))
		if target, err := filepath.EvalSymlinks(file); err == nil {
			out = append(out, filepath.Dir(target))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
