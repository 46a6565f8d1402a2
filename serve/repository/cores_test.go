package repository_test

import (
	"context"
	"errors"
	"testing"

	"github.com/octet-ml/octet/serve/batch"
	"github.com/octet-ml/octet/serve/internal/servetest"
	"github.com/octet-ml/octet/serve/repository"
)

// A load waits for a core before it runs the model, gives it back, and gives up when its context ends.
func TestLoadsTakeACore(t *testing.T) {
	cores := batch.NewCores(1)
	r := servetest.Repository(t, repository.Options{Dir: servetest.Folder(t, "digits"), Explicit: true, Cores: cores})
	if err := cores.Acquire(context.Background()); err != nil {
		t.Fatal(err)
	}
	gone := errors.New("gone")
	ctx, cancel := context.WithCancelCause(context.Background())
	loaded := make(chan error, 1)
	go func() { loaded <- r.Load(ctx, "digits", nil) }()
	cancel(gone)
	if err := <-loaded; !errors.Is(err, gone) {
		t.Errorf("got %v while the core is taken, want the cause of the context", err)
	}
	cores.Release()
	if err := r.Load(context.Background(), "digits", nil); err != nil {
		t.Error(err)
	}
	if err := cores.Acquire(context.Background()); err != nil { // it is free again
		t.Error(err)
	}
	cores.Release()
}
