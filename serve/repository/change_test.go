package repository_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/octet-ml/octet/loader"
	"github.com/octet-ml/octet/serve/batch"
	"github.com/octet-ml/octet/serve/internal/servetest"
	"github.com/octet-ml/octet/serve/repository"
)

var ctx = context.Background()

func TestVersionPolicies(t *testing.T) {
	for _, c := range []struct {
		config string
		want   []string
	}{
		{`{}`, []string{"10"}},
		{`{"versions": {"latest": 2}}`, []string{"2", "10"}},
		{`{"versions": {"latest": 9}}`, []string{"1", "2", "10"}},
		{`{"versions": {"all": true}}`, []string{"1", "2", "10"}},
		{`{"versions": {"specific": [10, 1, 1]}}`, []string{"1", "10"}},
		{`{"versions": {"specific": [2, 3]}}`, []string{"2"}},
	} {
		folder := servetest.Folder(t, "m")
		servetest.Write(t, folder, "m/10/model.onnx", servetest.Digits(t))
		servetest.Write(t, folder, "m/2/model.onnx", servetest.Digits(t))
		servetest.Write(t, folder, "m/02/model.onnx", servetest.Digits(t)) // not the shortest form
		servetest.Write(t, folder, "m/config.json", []byte(c.config))
		r := servetest.Repository(t, repository.Options{Dir: folder})
		if got := r.Versions("m"); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.config, got, c.want)
		}
		v, _, err := answer(r, "m", "")
		if err != nil || v.Version() != c.want[len(c.want)-1] {
			t.Errorf("%s: %v answers, %v", c.config, v, err)
		}
	}
}

// What a request holds goes on after Unload, and is closed after it.
func TestUnloadWaitsForRequests(t *testing.T) {
	folder := servetest.Folder(t, "m")
	r := servetest.Repository(t, repository.Options{Dir: folder})
	v, err := r.Acquire("m", "1")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Unload("m"); err != nil {
		t.Fatal(err)
	}
	wantIndex(t, r, "m 1 UNLOADING - unloaded")
	if _, err := r.Acquire("m", ""); !errors.Is(err, repository.ErrNotReady) {
		t.Errorf("got %v", err)
	}
	if _, err := r.Acquire("m", "1"); !errors.Is(err, repository.ErrNotReady) {
		t.Errorf("got %v", err)
	}
	if _, err := r.Acquire("m", "2"); !errors.Is(err, repository.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if err := v.Queue.Full(ctx, 1); err != nil {
		t.Errorf("the version does not answer any more: %v", err)
	}
	v.Release()
	if err := r.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	wantIndex(t, r, "m 1 UNAVAILABLE - unloaded")
	if err := v.Queue.Full(ctx, 1); !errors.Is(err, batch.ErrClosed) {
		t.Errorf("still open: %v", err)
	}
	refresh(t, r)
	if len(r.Names()) != 0 || !r.Ready() {
		t.Errorf("loaded again: %v, ready %v", r.Names(), r.Ready())
	}
	v.Stats.Succeeded(1, time.Second, batch.Times{})
	if err := r.Load(ctx, "m", nil); err != nil {
		t.Fatal(err)
	}
	if got := wantAnswer(t, r, "m", servetest.Digits(t)); got.Stats != v.Stats || got == v {
		t.Error("counts do not outlive the load")
	}
	for _, c := range []struct {
		name string
		want error
	}{{"other", repository.ErrNotFound}, {"../m", repository.ErrName}, {"", repository.ErrName}, {"lost+found", repository.ErrName}} {
		if err := r.Unload(c.name); !errors.Is(err, c.want) {
			t.Errorf("%q: unload: got %v, want %v", c.name, err, c.want)
		}
		if err := r.Load(ctx, c.name, nil); !errors.Is(err, c.want) {
			t.Errorf("%q: load: got %v, want %v", c.name, err, c.want)
		}
	}
}

// A configuration that Load brings holds until the next Load, and not where nothing could be loaded with it.
func TestLoadWithAConfig(t *testing.T) {
	folder := servetest.Folder(t, "m")
	servetest.Write(t, folder, "m/config.json", []byte(`{"max_batch": 3}`))
	r := servetest.Repository(t, repository.Options{Dir: folder})
	want := func(batch int) {
		t.Helper()
		if v, _, err := answer(r, "m", ""); err != nil || v.Program.MaxBatch() != batch {
			t.Fatalf("got %v, %v, want batch %d", v, err, batch)
		}
	}
	want(3)
	config := repository.Config{MaxBatch: 5}
	if err := r.Load(ctx, "m", &config); err != nil {
		t.Fatal(err)
	}
	config.MaxBatch = 99
	want(5)
	servetest.Write(t, folder, "m/1/model.onnx", variant(t))
	refresh(t, r)
	wantAnswer(t, r, "m", variant(t))
	want(5)
	for _, bad := range []repository.Config{{MaxBatch: -1}, {Labels: "../x"}, {Digest: true}, {Versions: repository.VersionPolicy{Specific: []int64{4}}}} {
		if err := r.Load(ctx, "m", &bad); err == nil {
			t.Errorf("%+v: no error", bad)
		}
		want(5)
	}
	servetest.Write(t, folder, "m/1/model.onnx", servetest.Digits(t))
	refresh(t, r)
	want(5)
	if err := r.Load(ctx, "m", nil); err != nil {
		t.Fatal(err)
	}
	want(3)
}

// A model that was unloaded, and that Load cannot bring back, stays unloaded: readiness does not hang on an operator's mistake.
func TestAFailedLoadLeavesTheModelUnloaded(t *testing.T) {
	for _, explicit := range []bool{false, true} {
		folder := servetest.Folder(t, "m")
		r := servetest.Repository(t, repository.Options{Dir: folder, Explicit: explicit})
		if !explicit {
			if err := r.Unload("m"); err != nil {
				t.Fatal(err)
			}
		}
		servetest.Write(t, folder, "m/1/model.onnx", nil)
		if err := r.Load(ctx, "m", nil); !errors.Is(err, loader.ErrFormat) {
			t.Errorf("got %v", err)
		}
		wantIndex(t, r, "m 1 UNAVAILABLE - ...format")
		servetest.Write(t, folder, "m/1/model.onnx", servetest.Digits(t))
		refresh(t, r)
		if len(r.Names()) != 0 || !r.Ready() {
			t.Errorf("explicit %v: %v serves, ready %v", explicit, r.Names(), r.Ready())
		}
		if err := r.Load(ctx, "m", nil); err != nil {
			t.Error(err)
		}
	}
}

func TestExplicitLoadsWhatIsNamed(t *testing.T) {
	folder := servetest.Folder(t, "a", "b")
	r := servetest.Repository(t, repository.Options{Dir: folder, Explicit: true})
	wantIndex(t, r, "a UNAVAILABLE - unloaded", "b UNAVAILABLE - unloaded")
	if err := r.Load(ctx, "a", nil); err != nil || !r.Ready() {
		t.Fatal(err, r.Ready())
	}
	servetest.Write(t, folder, "a/2/model.onnx", variant(t))
	servetest.Write(t, folder, "c/1/model.onnx", variant(t))
	refresh(t, r)
	wantIndex(t, r, "a 2 READY", "b UNAVAILABLE - unloaded", "c UNAVAILABLE - unloaded")
	if err := r.Load(ctx, "d", nil); !errors.Is(err, repository.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestAddTakesThePlaceOfTheFolder(t *testing.T) {
	folder := servetest.Folder(t, "m")
	r := servetest.Repository(t, repository.Options{Dir: folder})
	g, err := loader.Decode(variant(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Add("m", 7, g, nil, repository.Config{}); err != nil {
		t.Fatal(err)
	}
	servetest.Write(t, folder, "m/8/model.onnx", servetest.Digits(t))
	refresh(t, r)
	wantIndex(t, r, "m 7 READY")
	wantAnswer(t, r, "m", variant(t))
	if err := r.Load(ctx, "m", nil); !errors.Is(err, repository.ErrNotFound) {
		t.Errorf("load: got %v", err)
	}
	if err := r.Unload("m"); err != nil || !r.Ready() {
		t.Fatal(err, r.Ready())
	}
	if err := r.Add("m", 9, g, nil, repository.Config{MaxBatch: 2}); err != nil {
		t.Fatal(err)
	}
	if got := wantAnswer(t, r, "m", variant(t)); got.Number != 9 || got.Program.MaxBatch() != 2 || !r.Ready() {
		t.Errorf("got %+v", got)
	}
	for _, c := range []struct {
		name   string
		number int64
		config repository.Config
		want   error
	}{{"a/b", 1, repository.Config{}, repository.ErrName}, {"m", -1, repository.Config{}, repository.ErrName}, {"m", 1, repository.Config{MaxQueue: -1}, repository.ErrConfig}} {
		if err := r.Add(c.name, c.number, g, nil, c.config); !errors.Is(err, c.want) {
			t.Errorf("%+v: got %v", c, err)
		}
	}
}

// Folders that are no models count for nothing, and models that go are forgotten, with their counts.
func TestWhatIsGoneIsForgotten(t *testing.T) {
	folder := servetest.Folder(t, "a", "b")
	servetest.Write(t, folder, ".hidden/1/model.onnx", nil)
	servetest.Write(t, folder, "lost+found/1/model.onnx", nil)
	servetest.Write(t, folder, "1/README", nil)
	servetest.Write(t, folder, "README.md", nil)
	r := servetest.Repository(t, repository.Options{Dir: folder})
	wantIndex(t, r, "1 UNAVAILABLE - ...no version", "a 1 READY", "b 1 READY")
	if !r.Ready() {
		t.Error("not ready")
	}
	for _, path := range []string{"1", "b"} {
		if err := os.RemoveAll(filepath.Join(folder, path)); err != nil {
			t.Fatal(err)
		}
	}
	for _, number := range []string{"2", "3", "4", "5", "6"} {
		servetest.Write(t, folder, "a/"+number+"/model.onnx", servetest.Digits(t))
		refresh(t, r)
	}
	wantIndex(t, r, "a 6 READY")
	if n := r.Counted(); n != 1 {
		t.Errorf("counts of %d versions are kept", n)
	}
	if _, err := r.Acquire("b", ""); !errors.Is(err, repository.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	// A folder that cannot be read is not an empty one.
	if err := os.Rename(folder, folder+".gone"); err != nil {
		t.Fatal(err)
	}
	if err := r.Refresh(ctx); err == nil {
		t.Error("no error")
	}
	wantAnswer(t, r, "a", servetest.Digits(t))
	if err := os.Rename(folder+".gone", folder); err != nil {
		t.Fatal(err)
	}
}

// What serves is loaded again exactly where a file changed that it is made of.
func TestWhatCountsAsAChange(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(t *testing.T, folder string)
		reload bool
	}{
		{"nothing", func(*testing.T, string) {}, false},
		{"a file of no interest", func(t *testing.T, folder string) { servetest.Write(t, folder, "m/README", []byte("x")) }, false},
		{"a version that does not serve", func(t *testing.T, folder string) { servetest.Write(t, folder, "m/0/model.onnx", nil) }, false},
		{"labels", func(t *testing.T, folder string) {
			servetest.Write(t, folder, "m/labels.txt", []byte("0\n1\n2\n3\n4\n5\n6\n7\n8\nnine\n"))
		}, true},
		{"config", func(t *testing.T, folder string) {
			servetest.Write(t, folder, "m/config.json", []byte(`{"max_batch": 2}`))
		}, true},
		{"tensors beside the model", func(t *testing.T, folder string) { servetest.Write(t, folder, "m/1/weights.bin", []byte("x")) }, true},
		{"tensors in a folder", func(t *testing.T, folder string) { servetest.Write(t, folder, "m/1/data/weights.bin", []byte("y")) }, true},
		{"a file of the same size and time", func(t *testing.T, folder string) {
			if runtime.GOOS != "linux" {
				t.Skip("told by the inode and the time of its last change")
			}
			path := filepath.Join(folder, "m/1/data/weights.bin")
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			servetest.Write(t, folder, "m/1/data/weights.bin", []byte("z"))
			if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil {
				t.Fatal(err)
			}
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := servetest.Folder(t, "m")
			servetest.Write(t, folder, "m/1/data/weights.bin", []byte("x"))
			r := servetest.Repository(t, repository.Options{Dir: folder})
			before := wantAnswer(t, r, "m", servetest.Digits(t))
			c.change(t, folder)
			refresh(t, r)
			if got := wantAnswer(t, r, "m", servetest.Digits(t)) != before; got != c.reload {
				t.Errorf("loaded again: %v", got)
			}
		})
	}
}

// Kubernetes mounts folders whose entries are links, which it replaces in one step.
func TestLinkedFolders(t *testing.T) {
	outside := servetest.Folder(t, "one")
	folder := t.TempDir()
	servetest.Write(t, folder, "..a/m/1/model.onnx", servetest.Digits(t))
	servetest.Write(t, folder, "..b/m/2/model.onnx", variant(t))
	servetest.Write(t, folder, "..b/m/labels.txt", []byte(strings.Repeat("x\n", 10)))
	link(t, folder, "..data", "..a")
	link(t, folder, "m", "..data/m")
	link(t, folder, "linked", filepath.Join(outside, "one"))
	link(t, folder, "version/3", filepath.Join(outside, "one/1"))
	link(t, folder, "file/1/model.onnx", filepath.Join(outside, "one/1/model.onnx"))
	link(t, folder, "nowhere", "nothing")
	r := servetest.Repository(t, repository.Options{Dir: folder})
	wantIndex(t, r, "file 1 READY", "linked 1 READY", "m 1 READY", "version 3 READY")
	link(t, folder, "..new", "..b")
	if err := os.Rename(filepath.Join(folder, "..new"), filepath.Join(folder, "..data")); err != nil {
		t.Fatal(err)
	}
	refresh(t, r)
	wantIndex(t, r, "file 1 READY", "linked 1 READY", "m 2 READY", "version 3 READY")
	if v := wantAnswer(t, r, "m", variant(t)); len(v.Labels) != 10 || v.Labels[0] != "x" {
		t.Errorf("got labels %v", v.Labels)
	}
	servetest.Write(t, outside, "one/1/model.onnx", variant(t))
	refresh(t, r)
	for _, name := range []string{"file", "linked", "version"} {
		wantAnswer(t, r, name, variant(t))
	}
}
