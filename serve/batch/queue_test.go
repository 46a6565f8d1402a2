package batch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/runtime"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Networks: one that examples pass through apart, and one that takes a range from the whole batch.
const (
	apart    = "input x: f32[N 4]\ny = Relu(x)\noutput y"
	together = "input x: f32[N 4]\nq, s, z = DynamicQuantizeLinear(x)\ny = DequantizeLinear(q, s, z)\noutput y"
)

// compile returns a program of a network in text form for up to n examples.
func compile(t testing.TB, text string, n int) *runtime.Program {
	t.Helper()
	g, err := graph.Parse(text, func(string) (any, error) { return nil, nil })
	if err != nil {
		t.Fatal(err)
	}
	pool := runtime.NewPool(1)
	t.Cleanup(pool.Close)
	p, err := runtime.Compile(g, runtime.Batch(n), runtime.WithPool(pool), runtime.Threads(1))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// input returns n examples that begin with the given number.
func input(first, n int) []*graph.Tensor {
	v := make([]float32, 4*n)
	for i := range v {
		v[i] = float32(4*first + i - 2)
	}
	return []*graph.Tensor{graph.Float32s(v, n, 4)}
}

// mustClose closes a queue.
func mustClose(t testing.TB, q *Queue) {
	t.Helper()
	if err := q.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

// Requests that wait together run together; each gets what it would have got alone.
func TestBatchesGiveWhatRequestsGetAlone(t *testing.T) {
	for _, c := range []struct {
		name, text string
		cores      int
		want       []int // examples of the batches of requests of 1, 2, 1, 3, 1 and 1 examples
	}{
		{"one core", apart, 1, []int{4, 4, 1}},
		{"two cores share", apart, 2, []int{4, 3, 1, 1}},
		{"ranges of the whole batch", together, 1, []int{1, 2, 1, 3, 1, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := compile(t, c.text, 4)
				cores := NewCores(c.cores)
				var mu sync.Mutex
				var got []int
				q := New(p, cores, Config{Observe: func(b Batch) {
					mu.Lock()
					defer mu.Unlock()
					got = append(got, b.Examples)
				}})
				for range c.cores {
					cores.acquire() // so that all requests wait
				}
				var all sync.WaitGroup
				first := 0
				for _, n := range []int{1, 2, 1, 3, 1, 1} {
					x := input(first, n)
					first += n
					all.Go(func() {
						want, err := p.Run(x...)
						if err != nil {
							t.Error(err)
							return
						}
						y, times, err := q.Do(context.Background(), n, x)
						if err != nil || !bytes.Equal(y[0].Data, want[0].Data) || !slices.Equal(y[0].Shape, want[0].Shape) || times.Batch < n {
							t.Errorf("got %v, %v, want %v", y, err, want)
						}
					})
					synctest.Wait()
				}
				if n, running := q.Waiting(); n != 9 || running != 0 {
					t.Errorf("%d examples wait and %d batches run, want 9 and 0", n, running)
				}
				for range c.cores {
					cores.release(1)
					synctest.Wait()
				}
				all.Wait()
				mustClose(t, q)
				slices.Sort(got)
				slices.Sort(c.want)
				if !slices.Equal(got, c.want) {
					t.Errorf("batches of %v, want %v", got, c.want)
				}
			})
		})
	}
}

func TestCancelledRequestsLeaveTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cores := NewCores(1)
		q := New(compile(t, apart, 4), cores, Config{})
		cores.acquire()
		gone := errors.New("gone")
		var all sync.WaitGroup
		for i := range 3 {
			all.Go(func() {
				var ctx context.Context
				var cancel func()
				want := error(nil)
				switch i {
				case 0:
					c, f := context.WithCancelCause(context.Background())
					ctx, cancel, want = c, func() { f(gone) }, gone
				case 1:
					ctx, cancel = context.WithTimeout(context.Background(), time.Second)
					want = context.DeadlineExceeded
				default:
					ctx, cancel = context.WithCancel(context.Background())
				}
				defer cancel()
				if i == 0 {
					time.AfterFunc(time.Millisecond, cancel)
				}
				if _, _, err := q.Do(ctx, 1, input(i, 1)); !errors.Is(err, want) {
					t.Errorf("request %d: got %v, want %v", i, err, want)
				}
			})
		}
		time.Sleep(2 * time.Second)
		if n, _ := q.Waiting(); n != 1 {
			t.Errorf("%d examples wait, want 1", n)
		}
		cores.release(1)
		all.Wait()
		mustClose(t, q)
	})
}

func TestAFullQueueRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cores := NewCores(1)
		q := New(compile(t, apart, 4), cores, Config{MaxQueue: 5})
		cores.acquire()
		var all sync.WaitGroup
		do := func(n int) {
			all.Go(func() {
				if _, _, err := q.Do(context.Background(), n, input(0, n)); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		do(4)
		var full *FullError
		if _, _, err := q.Do(context.Background(), 2, input(0, 2)); !errors.As(err, &full) || !errors.Is(err, ErrFull) || full.Waiting != 4 {
			t.Errorf("got %v, want a FullError", err)
		}
		if err := q.Full(context.Background(), 1); err != nil {
			t.Error(err)
		}
		do(1)
		if err := q.Full(context.Background(), 1); !errors.Is(err, ErrFull) {
			t.Errorf("got %v, want ErrFull", err)
		}
		cores.release(1)
		all.Wait()
		mustClose(t, q)
		if err := q.Full(context.Background(), 1); !errors.Is(err, ErrClosed) {
			t.Errorf("got %v, want ErrClosed", err)
		}
	})
}

// A request that would wait past its deadline is refused at once.
func TestARequestThatWouldBeLateIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cores := NewCores(1)
		q := New(compile(t, apart, 1), cores, Config{})
		q.pace.example = time.Second
		cores.acquire()
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				if _, _, err := q.Do(context.Background(), 1, input(0, 1)); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		for _, c := range []struct {
			timeout time.Duration
			full    bool
		}{{2 * time.Second, true}, {4 * time.Second, false}} {
			ctx, cancel := context.WithTimeout(context.Background(), c.timeout)
			if err := q.Full(ctx, 1); errors.Is(err, ErrFull) != c.full {
				t.Errorf("timeout %v: got %v", c.timeout, err)
			}
			cancel()
		}
		cores.release(1)
		all.Wait()
		mustClose(t, q)
	})
}

// A request waits for others as long as it may where others may be expected, and not at all where none are.
func TestDelay(t *testing.T) {
	for _, c := range []struct {
		name  string
		every time.Duration // between requests
		want  []int         // batches of six requests
	}{
		{"often", 3 * time.Millisecond, []int{1, 2, 2, 1}},
		{"seldom", 30 * time.Millisecond, []int{1, 1, 1, 1, 1, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				var got []int
				q := New(compile(t, apart, 8), NewCores(1), Config{MaxDelay: 5 * time.Millisecond, Observe: func(b Batch) {
					mu.Lock()
					defer mu.Unlock()
					got = append(got, b.Examples)
				}})
				var all sync.WaitGroup
				for i := range 6 {
					all.Go(func() {
						if _, _, err := q.Do(context.Background(), 1, input(i, 1)); err != nil {
							t.Error(err)
						}
					})
					time.Sleep(c.every)
				}
				all.Wait()
				mustClose(t, q)
				if !slices.Equal(got, c.want) {
					t.Errorf("batches of %v, want %v", got, c.want)
				}
			})
		})
	}
}

// A full batch does not wait.
func TestAFullBatchDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New(compile(t, apart, 2), NewCores(1), Config{MaxDelay: time.Minute})
		q.pace.every = time.Millisecond
		start := time.Now()
		var all sync.WaitGroup
		for i := range 2 {
			all.Go(func() {
				if _, _, err := q.Do(context.Background(), 1, input(i, 1)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if took := time.Since(start); took != 0 {
			t.Errorf("took %v of the bubble's time", took)
		}
		mustClose(t, q)
	})
}

func TestInputsAreChecked(t *testing.T) {
	q := New(compile(t, apart, 2), NewCores(1), Config{})
	defer mustClose(t, q)
	x := input(0, 1)
	for _, c := range []struct {
		name   string
		n      int
		inputs []*graph.Tensor
	}{
		{"no example", 0, x},
		{"too many", 3, input(0, 3)},
		{"no inputs", 1, nil},
		{"nil", 1, []*graph.Tensor{nil}},
		{"another size", 2, x},
		{"another type", 1, []*graph.Tensor{graph.NewTensor(graph.Int32, 1, 4)}},
	} {
		if _, _, err := q.Do(context.Background(), c.n, c.inputs); !errors.Is(err, runtime.ErrInput) {
			t.Errorf("%s: got %v, want ErrInput", c.name, err)
		}
	}
}

// Close answers what waits; when its context ends first, what waits gets ErrClosed and nothing hangs.
func TestClose(t *testing.T) {
	for _, patient := range []bool{true, false} {
		t.Run(fmt.Sprint("patient ", patient), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cores := NewCores(1)
				q := New(compile(t, apart, 1), cores, Config{})
				cores.acquire()
				var all sync.WaitGroup
				for i := range 3 {
					all.Go(func() {
						_, _, err := q.Do(context.Background(), 1, input(i, 1))
						if patient && err != nil || !patient && !errors.Is(err, ErrClosed) {
							t.Errorf("got %v", err)
						}
					})
				}
				synctest.Wait()
				ctx, cancel := context.WithTimeout(context.Background(), time.Second)
				defer cancel()
				if patient {
					time.AfterFunc(time.Millisecond, func() { cores.release(1) })
				}
				if err := q.Close(ctx); (err == nil) != patient {
					t.Errorf("close: %v", err)
				}
				if !patient {
					cores.release(1)
				}
				all.Wait()
				if _, _, err := q.Do(context.Background(), 1, input(0, 1)); !errors.Is(err, ErrClosed) {
					t.Errorf("after Close: got %v, want ErrClosed", err)
				}
			})
		})
	}
}

// Many requests, some of which give up, on queues that share two cores: all are answered rightly or say why not.
func TestManyRequests(t *testing.T) {
	cores := NewCores(2)
	var queues []*Queue
	p := compile(t, apart, 5)
	for range 3 {
		queues = append(queues, New(p, cores, Config{MaxQueue: 40}))
	}
	var all sync.WaitGroup
	for client := range 24 {
		all.Go(func() {
			for i := range 200 {
				n := 1 + (client+i)%3
				x := input(client*i, n)
				ctx, cancel := context.WithCancel(context.Background())
				if i%7 == 0 {
					go cancel()
				}
				y, _, err := queues[(client+i)%3].Do(ctx, n, x)
				cancel()
				if err != nil {
					if !errors.Is(err, context.Canceled) && !errors.Is(err, ErrFull) {
						t.Error(err)
					}
					clear(x[0].Data) // it is ours again: the race detector sees who still reads it
					continue
				}
				want := slices.Clone(graph.View[float32](x[0].Data))
				for k := range want {
					want[k] = max(want[k], 0)
				}
				if !slices.Equal(graph.View[float32](y[0].Data), want) {
					t.Errorf("got %v, want %v", graph.View[float32](y[0].Data), want)
				}
			}
		})
	}
	all.Wait()
	for _, q := range queues {
		mustClose(t, q)
	}
}

// A queue that is given a session uses it, and lets go of it when it is closed.
func TestAQueueBeginsWithASession(t *testing.T) {
	p := compile(t, apart, 2)
	s, err := p.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	q := New(p, NewCores(1), Config{Session: s})
	for range 3 {
		x := input(7, 1)
		y, _, err := q.Do(context.Background(), 1, x)
		if err != nil || !bytes.Equal(y[0].Data, x[0].Data) {
			t.Errorf("got %v, %v, want %v", y, err, x)
		}
	}
	if len(q.sessions) != 1 || q.sessions[0] != s || q.config.Session != nil {
		t.Errorf("%d sessions: not the given one alone", len(q.sessions))
	}
	mustClose(t, q)
	if len(q.sessions) != 0 {
		t.Error("the session is kept")
	}
}

// A request has all cores while requests are seldom, and one core while they come closely.
func TestCores(t *testing.T) {
	for _, c := range []struct {
		name  string
		every time.Duration
		want  int
	}{{"seldom", 30 * time.Millisecond, 3}, {"often", 15 * time.Millisecond, 1}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g, err := graph.Parse(apart, func(string) (any, error) { return nil, nil })
				if err != nil {
					t.Fatal(err)
				}
				pool := runtime.NewPool(1)
				defer pool.Close()
				p, err := runtime.Compile(g, runtime.WithPool(pool), runtime.Threads(3))
				if err != nil {
					t.Fatal(err)
				}
				var got []int
				q := New(p, NewCores(3), Config{Observe: func(b Batch) { got = append(got, b.Threads) }})
				q.pace.every, q.pace.whole = c.every, 10*time.Millisecond
				if _, _, err := q.Do(context.Background(), 1, input(0, 1)); err != nil {
					t.Error(err)
				}
				mustClose(t, q)
				if !slices.Equal(got, []int{c.want}) {
					t.Errorf("got %d cores, want %d", got, c.want)
				}
			})
		})
	}
}
