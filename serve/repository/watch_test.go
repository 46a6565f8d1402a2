package repository_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/octet-ml/octet/serve/internal/servetest"
	"github.com/octet-ml/octet/serve/repository"
)

// patience is how long a test waits for what must come before it fails.
const patience = 30 * time.Second

// watched is a repository that is watched, and a channel that tells of changes.
type watched struct {
	*repository.Repository
	changes chan struct{}
}

// watch opens a repository of a folder and watches it until the test ends.
func watch(t *testing.T, o repository.Options) watched {
	t.Helper()
	w := watched{changes: make(chan struct{}, 1)}
	o.OnChange = func() {
		select {
		case w.changes <- struct{}{}:
		default:
		}
	}
	w.Repository = servetest.Repository(t, o)
	ctx, cancel := context.WithCancel(context.Background())
	through := make(chan error, 1)
	go func() { through <- w.Watch(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-through; !errors.Is(err, context.Canceled) {
			t.Errorf("watch: %v", err)
		}
	})
	return w
}

// until waits for a change after which the condition holds.
func (w watched) until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	timeout := time.After(patience)
	for !condition() {
		select {
		case <-w.changes:
		case <-timeout:
			t.Fatalf("%s: not seen:\n%s", what, index(w.Repository))
		}
	}
}

// answers returns a condition: a model answers as a file does.
func (w watched) answers(t *testing.T, name string, file []byte) func() bool {
	want := expected(t, file)
	return func() bool {
		_, got, err := answer(w.Repository, name, "")
		return err == nil && bytes.Equal(got, want)
	}
}

// gone returns a condition: a model is not known any more.
func (w watched) gone(name string) func() bool {
	return func() bool {
		_, _, err := answer(w.Repository, name, "")
		return errors.Is(err, repository.ErrNotFound)
	}
}

// rename renames a file below a folder.
func rename(t *testing.T, folder, from, to string) {
	t.Helper()
	if err := os.Rename(filepath.Join(folder, from), filepath.Join(folder, to)); err != nil {
		t.Fatal(err)
	}
}

func TestWatchSeesFilesAndFolders(t *testing.T) {
	t.Parallel()
	digits, other := servetest.Digits(t), variant(t)
	folder := servetest.Folder(t, "a")
	w := watch(t, repository.Options{Dir: folder})
	servetest.Write(t, folder, "b/1/model.onnx", digits)
	w.until(t, "a new model", w.answers(t, "b", digits))
	servetest.Write(t, folder, "b/2/model.onnx", other)
	w.until(t, "a version of it", w.answers(t, "b", other))
	servetest.Write(t, folder, "b/2/model.onnx", digits)
	w.until(t, "another file in it", w.answers(t, "b", digits))
	rename(t, folder, "b", "c")
	w.until(t, "another name", func() bool { return w.gone("b")() && w.answers(t, "c", digits)() })
	servetest.Write(t, folder, "c/2/model.onnx", other)
	w.until(t, "a file below the new name", w.answers(t, "c", other))
	servetest.Write(t, folder, "a/1/model.onnx", digits[:1000])
	w.until(t, "a broken file", func() bool { return w.Index()[0].Reason != "" })
	if err := os.WriteFile(filepath.Join(folder, "a/1/model.onnx"), other, 0o644); err != nil {
		t.Fatal(err)
	}
	w.until(t, "a file written in place", w.answers(t, "a", other))
	servetest.Write(t, folder, "a/1/data/more/weights.bin", []byte("x"))
	w.until(t, "a new folder in a version", w.reloaded(t, "a"))
	servetest.Write(t, folder, "a/1/data/more/weights.bin", []byte("y"))
	w.until(t, "a file deep in a version", w.reloaded(t, "a"))
	servetest.Write(t, folder, "a/config.json", []byte(`{"max_batch": 2}`))
	w.until(t, "a configuration", func() bool {
		v, _, err := answer(w.Repository, "a", "")
		return err == nil && v.Config.MaxBatch == 2
	})
	if err := os.RemoveAll(filepath.Join(folder, "c")); err != nil {
		t.Fatal(err)
	}
	w.until(t, "no folder", w.gone("c"))
}

// reloaded returns a condition: another program than now answers.
func (w watched) reloaded(t *testing.T, name string) func() bool {
	t.Helper()
	before, _, err := answer(w.Repository, name, "")
	if err != nil {
		t.Fatal(err)
	}
	return func() bool {
		v, _, err := answer(w.Repository, name, "")
		return err == nil && v != before
	}
}

// Links are replaced in one step: in the folder, as Kubernetes does it, on the way to the folder, as git-sync does it, and the folder
// itself is.
func TestWatchSeesLinksAndFoldersReplaced(t *testing.T) {
	t.Parallel()
	digits, other := servetest.Digits(t), variant(t)
	top := t.TempDir()
	for name, data := range map[string][]byte{"a": digits, "b": other} {
		servetest.Write(t, top, name+"/models/..1/m/1/model.onnx", data)
		link(t, top, name+"/models/..data", "..1")
		link(t, top, name+"/models/m", "..data/m")
	}
	link(t, top, "current", "a")
	w := watch(t, repository.Options{Dir: filepath.Join(top, "current/models")})
	w.until(t, "the model", w.answers(t, "m", digits))
	for i, data := range [][]byte{other, digits} {
		next := []string{"..2", "..3"}[i]
		servetest.Write(t, top, "a/models/"+next+"/m/1/model.onnx", data)
		link(t, top, "a/models/..tmp", next)
		rename(t, top, "a/models/..tmp", "a/models/..data")
		if err := os.RemoveAll(filepath.Join(top, "a/models", []string{"..1", "..2"}[i])); err != nil {
			t.Fatal(err)
		}
		w.until(t, "a link in the folder", w.answers(t, "m", data))
	}
	link(t, top, "next", "b")
	rename(t, top, "next", "current")
	w.until(t, "a link on the way", w.answers(t, "m", other))
	servetest.Write(t, top, "b/models/..1/m/2/model.onnx", digits)
	w.until(t, "a version in the new place", w.answers(t, "m", digits))
	servetest.Write(t, top, "b/new/m/3/model.onnx", other)
	rename(t, top, "b/models", "b/old")
	rename(t, top, "b/new", "b/models")
	w.until(t, "another folder", w.answers(t, "m", other))
	servetest.Write(t, top, "b/models/m/4/model.onnx", digits)
	w.until(t, "a version in it", w.answers(t, "m", digits))
}

// Files that change while they are read are tried again, though nothing more happens.
func TestWatchTriesAgain(t *testing.T) {
	t.Parallel()
	folder := servetest.Folder(t, "a")
	var spoil atomic.Bool
	o := repository.Options{Dir: folder}
	// That a model takes no batches is logged in the middle of its load.
	o.Logger = slog.New(onRecord{slog.DiscardHandler, func(r slog.Record) {
		if r.Message == "model takes no batches" && spoil.CompareAndSwap(true, false) {
			servetest.Write(t, folder, "fixed/1/note.txt", nil)
		}
	}})
	w := watch(t, o)
	spoil.Store(true)
	servetest.Write(t, folder, "fixed/config.json", []byte(`{"input_shapes": {"image": [2, 1, 28, 28]}}`))
	servetest.Write(t, folder, "fixed/1/model.onnx", servetest.Digits(t))
	w.until(t, "the model", func() bool { return len(w.Versions("fixed")) > 0 })
	if spoil.Load() {
		t.Error("the model was loaded undisturbed")
	}
}

// onRecord is a handler of log records that calls a function.
type onRecord struct {
	slog.Handler
	f func(slog.Record)
}

func (h onRecord) Enabled(context.Context, slog.Level) bool { return true }

func (h onRecord) Handle(_ context.Context, r slog.Record) error {
	h.f(r)
	return nil
}

func TestWatchPolls(t *testing.T) {
	t.Parallel()
	outside := servetest.Folder(t, "m", "n")
	top := t.TempDir()
	folder := filepath.Join(top, "models")
	link(t, top, "there/link", outside)
	link(t, top, "models/m", "../there/link/m")
	w := watch(t, repository.Options{Dir: folder, Poll: 50 * time.Millisecond})
	servetest.Write(t, outside, "other/m/1/model.onnx", variant(t))
	// A link that is neither in the folder nor on the way to it: no event tells.
	link(t, top, "there/next", filepath.Join(outside, "other"))
	rename(t, top, "there/next", "there/link")
	w.until(t, "the model", w.answers(t, "m", variant(t)))
}

func TestWatchEndsWithTheRepository(t *testing.T) {
	for _, folder := range []string{"", servetest.Folder(t, "m")} {
		r := open(t, repository.Options{Dir: folder})
		through := make(chan error, 1)
		go func() { through <- r.Watch(ctx) }()
		if err := r.Close(ctx); err != nil {
			t.Error(err)
		}
		if err := <-through; err != nil {
			t.Errorf("got %v", err)
		}
	}
}
