package repository_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/loader"
	"github.com/octet-ml/octet/serve/batch"
	"github.com/octet-ml/octet/serve/internal/servetest"
	"github.com/octet-ml/octet/serve/repository"
)

// open opens a repository that the test closes itself.
func open(t *testing.T, o repository.Options) *repository.Repository {
	t.Helper()
	r, err := repository.Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestClosedRepositoriesRefuse(t *testing.T) {
	r := open(t, repository.Options{Dir: servetest.Folder(t, "m")})
	g, err := loader.Decode(servetest.Digits(t))
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 3 { // together and again
		all.Go(func() {
			if err := r.Close(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for name, err := range map[string]error{
		"acquire": func() error { _, err := r.Acquire("m", ""); return err }(),
		"load":    r.Load(ctx, "m", nil),
		"unload":  r.Unload("m"),
		"refresh": r.Refresh(ctx),
		"add":     r.Add("n", 1, g, nil, repository.Config{}),
		"watch":   errors.Join(repository.ErrClosed, r.Watch(ctx)),
	} {
		if !errors.Is(err, repository.ErrClosed) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if r.Ready() || len(r.Names()) != 0 {
		t.Error("still there")
	}
	wantIndex(t, r, "m 1 UNAVAILABLE - closed")
}

// Close waits for requests that hold a version, but not longer than its context.
func TestCloseWaitsForRequests(t *testing.T) {
	r := open(t, repository.Options{Dir: servetest.Folder(t, "m")})
	v, err := r.Acquire("m", "")
	if err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithCancel(ctx)
	closed := make(chan error, 1)
	go func() { closed <- r.Close(short) }()
	for r.Ready() { // until Close has begun
		runtime.Gosched()
	}
	if _, _, err := v.Queue.Do(ctx, 1, []*graph.Tensor{picture()}); err != nil {
		t.Errorf("a request that was there gets no answer: %v", err)
	}
	select {
	case err := <-closed:
		t.Fatalf("closed before the last request: %v", err)
	default:
	}
	cancel()
	if err := <-closed; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, _, err := v.Queue.Do(ctx, 1, []*graph.Tensor{picture()}); !errors.Is(err, batch.ErrClosed) {
		t.Errorf("got %v", err)
	}
	v.Release()
	if err := r.Close(ctx); err != nil {
		t.Error(err)
	}
}

// Close gives up what is being loaded, and does not wait for it longer than its context.
func TestCloseDuringLoad(t *testing.T) {
	for _, patient := range []bool{true, false} {
		reached, goOn := make(chan struct{}), make(chan struct{})
		var once sync.Once
		r := open(t, repository.Options{Dir: servetest.Folder(t, "a", "b"), Explicit: true, OnChange: func() {
			once.Do(func() {
				close(reached)
				<-goOn
			})
		}})
		loaded, refreshed := make(chan error, 1), make(chan error, 1)
		go func() { loaded <- r.Load(ctx, "a", nil) }()
		<-reached // the load holds its turn
		go func() { refreshed <- r.Refresh(ctx) }()
		short, cancel := context.WithCancel(ctx)
		closed := make(chan error, 1)
		go func() { closed <- r.Close(short) }()
		if err := <-refreshed; !errors.Is(err, repository.ErrClosed) {
			t.Errorf("what waits for its turn: got %v", err)
		}
		if !patient {
			cancel()
			if err := <-closed; !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		}
		close(goOn)
		<-loaded // with or without an error: it was through but for the announcement
		if patient {
			if err := <-closed; err != nil {
				t.Errorf("got %v", err)
			}
		}
		cancel()
		if err := r.Load(ctx, "b", nil); !errors.Is(err, repository.ErrClosed) {
			t.Errorf("got %v", err)
		}
		if err := r.Close(ctx); err != nil {
			t.Error(err)
		}
	}
}

// A load whose caller has gone is given up and tried again later.
func TestCancelledLoads(t *testing.T) {
	folder := servetest.Folder(t, "m")
	r := servetest.Repository(t, repository.Options{Dir: folder})
	before := wantAnswer(t, r, "m", servetest.Digits(t))
	servetest.Write(t, folder, "m/2/model.onnx", variant(t))
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if err := r.Load(gone, "m", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("load: got %v", err)
	}
	if err := r.Refresh(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("refresh: got %v", err)
	}
	if wantAnswer(t, r, "m", servetest.Digits(t)) != before {
		t.Error("another program answers")
	}
	refresh(t, r)
	wantIndex(t, r, "m 2 READY")
	if _, err := repository.Open(gone, repository.Options{Dir: folder}); !errors.Is(err, context.Canceled) {
		t.Errorf("open: got %v", err)
	}
	if _, err := repository.Open(ctx, repository.Options{Dir: folder + "/none"}); err == nil {
		t.Error("open: no error for a folder that is not there")
	}
	if _, err := repository.Open(ctx, repository.Options{Defaults: repository.Config{MaxBatch: -1}}); !errors.Is(err, repository.ErrConfig) {
		t.Errorf("open: got %v", err)
	}
}
