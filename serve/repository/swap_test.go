package repository_test

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	goruntime "runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/octet-ml/octet/serve/internal/servetest"
	"github.com/octet-ml/octet/serve/repository"
)

// which is a metadata key that tells the tests' models apart.
const which = "test.which"

// Requests go on while versions come, go, are replaced and unloaded: each is answered, by the weights of the version that it got, or
// told that the model does not serve at the moment; and whatever was retired is closed after its last request.
func TestNothingIsLostWhileModelsChange(t *testing.T) {
	const reloads, clients = 60, 8
	files := map[string][]byte{"a": withMetadata(t, servetest.Digits(t), which, "a"), "b": withMetadata(t, variant(t), which, "b")}
	answers := map[string][]byte{"a": expected(t, files["a"]), "b": expected(t, files["b"])}
	if bytes.Equal(answers["a"], answers["b"]) {
		t.Fatal("the models answer the same, so that the test cannot tell")
	}
	folder := t.TempDir()
	servetest.Write(t, folder, "m/1/model.onnx", files["a"])
	servetest.Write(t, folder, "still/1/model.onnx", files["b"])
	r := servetest.Repository(t, repository.Options{Dir: folder})

	var seen sync.Map // versions that answered
	var answered, away atomic.Int64
	var stop atomic.Bool
	var clientsDone sync.WaitGroup
	for i := range clients {
		clientsDone.Go(func() {
			name := "m"
			if i == 0 {
				name = "still"
			}
			for !stop.Load() {
				v, got, err := answer(r, name, "")
				switch {
				case err == nil:
					answered.Add(1)
					seen.Store(v, true)
					if want := answers[v.Program.Metadata()[which]]; !bytes.Equal(got, want) {
						t.Errorf("%s, version %d: wrong answer", name, v.Number)
					}
				case name == "m" && errors.Is(err, repository.ErrNotReady):
					away.Add(1)
					goruntime.Gosched()
				default:
					t.Errorf("%s: %v", name, err)
					return
				}
			}
		})
	}
	for i := range reloads {
		servetest.Write(t, folder, fmt.Sprintf("m/%d/model.onnx", 1+i/10), files[[]string{"a", "b"}[i%2]])
		var err error
		switch i % 3 {
		case 0:
			err = r.Refresh(ctx)
		case 1:
			err = r.Load(ctx, "m", nil)
		case 2:
			// Requests that come now are told so, and no other request is.
			if err = r.Unload("m"); err == nil {
				for n := away.Load(); away.Load() == n && !t.Failed(); {
					goruntime.Gosched()
				}
				err = r.Load(ctx, "m", nil)
			}
		}
		if err != nil {
			t.Fatalf("change %d: %v", i, err)
		}
		for n := answered.Load(); answered.Load() < n+clients && !t.Failed(); {
			goruntime.Gosched()
		}
	}
	stop.Store(true)
	clientsDone.Wait()
	if err := r.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	serving := make(map[*repository.Version]bool)
	for _, v := range r.Serving() {
		serving[v] = true
	}
	programs := 0
	seen.Range(func(key, _ any) bool {
		v := key.(*repository.Version)
		programs++
		if closed := v.Queue.Full(ctx, 1) != nil; closed == serving[v] {
			t.Errorf("%s, version %d: closed %v, serving %v", v.Model, v.Number, closed, serving[v])
		}
		return true
	})
	t.Logf("%d answers by %d programs, %d refusals", answered.Load(), programs, away.Load())
	if programs < reloads/2 {
		t.Errorf("only %d programs were seen", programs)
	}
}

// Reloads leave nothing behind: neither memory nor goroutines.
func TestReloadsLeaveNothingBehind(t *testing.T) {
	reloads := 1000
	if testing.Short() {
		reloads = 200
	}
	const early, slack = 100, 64 << 10
	folder := servetest.Folder(t, "m")
	r := servetest.Repository(t, repository.Options{Dir: folder})
	measure := func() (heap uint64, goroutines int) {
		if err := r.Settle(ctx); err != nil {
			t.Fatal(err)
		}
		// A queue's goroutine ends a moment after the queue is through.
		for want := goruntime.NumGoroutine(); ; want = goroutines {
			for range 100 {
				goruntime.Gosched()
			}
			goruntime.GC()
			if goroutines = goruntime.NumGoroutine(); goroutines == want {
				break
			}
		}
		goruntime.GC() // what had a finalizer
		var m goruntime.MemStats
		goruntime.ReadMemStats(&m)
		return m.HeapAlloc, goroutines
	}
	var heap uint64
	var goroutines int
	files := [][]byte{servetest.Digits(t), variant(t)}
	for i := range reloads {
		// Every other version has a new number, so that what is kept by version would show.
		servetest.Write(t, folder, fmt.Sprintf("m/%d/model.onnx", 1+i/2), files[i%2])
		refresh(t, r)
		if i%10 == 0 {
			if err := r.Unload("m"); err != nil {
				t.Fatal(err)
			}
			if err := r.Load(ctx, "m", nil); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := answer(r, "m", ""); err != nil {
			t.Fatal(err)
		}
		if i+1 == early {
			heap, goroutines = measure()
		}
	}
	late, lateGoroutines := measure()
	t.Logf("after %d reloads: %d bytes, %d goroutines; after %d: %d bytes, %d goroutines", early, heap, goroutines, reloads, late, lateGoroutines)
	if late > heap+slack {
		t.Errorf("%d bytes more than after %d reloads", late-heap, early)
	}
	if lateGoroutines > goroutines {
		t.Errorf("%d goroutines, %d after %d reloads", lateGoroutines, goroutines, early)
	}
	if got, _ := filepath.Glob(filepath.Join(folder, "m/*")); len(got) != reloads/2 {
		t.Errorf("%d versions were written", len(got))
	}
}
