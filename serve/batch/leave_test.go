package batch

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octet-ml/octet/runtime"
)

// do sends a request of one example and hands its result over.
func do(ctx context.Context, q *Queue) chan error {
	result := make(chan error, 1)
	go func() {
		_, _, err := q.Do(ctx, 1, input(0, 1))
		result <- err
	}()
	return result
}

// A caller whose context ends while Close answers its request with ErrClosed comes back.
func TestACallerThatLeavesAsTheQueueIsClosedComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cores := NewCores(1)
		q := New(compile(t, apart, 1), cores, Config{})
		cores.acquire()
		ctx, cancel := context.WithCancel(context.Background())
		result := do(ctx, q)
		synctest.Wait()
		q.mu.Lock()
		cancel() // Do has been woken by its context now, and waits for the lock
		q.closed = true
		q.abandon()
		q.mu.Unlock()
		if err := <-result; !errors.Is(err, ErrClosed) {
			t.Errorf("got %v, want ErrClosed", err)
		}
		cores.release(1)
	})
}

// Close does not return before the last batch is observed and its requests are answered.
func TestCloseWaitsForTheLastBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		observed, release := make(chan struct{}), make(chan struct{})
		cores := NewCores(1)
		q := New(compile(t, apart, 1), cores, Config{Observe: func(Batch) {
			close(observed)
			<-release
		}})
		cores.acquire()
		result := do(context.Background(), q)
		synctest.Wait()
		closed := make(chan error, 1)
		go func() { closed <- q.Close(context.Background()) }()
		synctest.Wait()
		cores.release(1)
		<-observed
		synctest.Wait()
		select {
		case <-closed:
			t.Error("closed while a batch is being answered")
		default:
		}
		close(release)
		if err := errors.Join(<-closed, <-result); err != nil {
			t.Error(err)
		}
	})
}

// The wait of a request that leaves after it was taken ends when it was taken.
func TestTimesOfARequestThatLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cores := NewCores(1)
		q := New(compile(t, apart, 1), cores, Config{Observe: func(Batch) { time.Sleep(time.Minute) }})
		cores.acquire()
		time.AfterFunc(2*time.Second, func() { cores.release(1) })
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_, times, err := q.Do(ctx, 1, input(0, 1))
		if !errors.Is(err, context.DeadlineExceeded) || times.Wait != 2*time.Second || times.Queued.IsZero() {
			t.Errorf("got %+v, %v, want a wait of 2 s and the end of the deadline", times, err)
		}
		mustClose(t, q)
	})
}

// A batch that panics fails alone: its core comes back, its requests get an error, and the next batch runs.
func TestABatchThatPanicsFailsAlone(t *testing.T) {
	p := compile(t, apart, 2)
	var broken runtime.Session // of no program
	var batches []Batch
	q := New(p, NewCores(1), Config{Session: &broken, Observe: func(b Batch) { batches = append(batches, b) }})
	var panicked *PanicError
	if err := <-do(context.Background(), q); !errors.As(err, &panicked) || len(panicked.Stack) == 0 {
		t.Errorf("got %v, want a PanicError", err)
	}
	if err := <-do(context.Background(), q); err != nil {
		t.Error(err)
	}
	mustClose(t, q)
	if len(batches) != 2 || !errors.As(batches[0].Err, &panicked) || batches[1].Err != nil {
		t.Errorf("observed %+v", batches)
	}
}

// There are no more sessions than cores.
func TestSessionsAreBounded(t *testing.T) {
	q := New(compile(t, apart, 1), NewCores(2), Config{MaxQueue: 1000})
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range 100 {
				if err := <-do(context.Background(), q); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	q.mu.Lock()
	if n := len(q.sessions); n < 1 || n > 2 {
		t.Errorf("%d sessions for 2 cores", n)
	}
	q.mu.Unlock()
	mustClose(t, q)
}
