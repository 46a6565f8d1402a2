package batch

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/runtime"
)

// Config says how a queue batches. The zero value means the defaults.
type Config struct {
	MaxDelay time.Duration // how long a request may wait for others to come; default 0: batches form only while cores are busy
	MaxQueue int           // examples that may wait; default DefaultMaxQueue
	// Session is one of the program's that the queue begins with, and owns from then on; nil: it makes its own.
	Session *runtime.Session
	// Observe is called after each batch, from the goroutine that ran it, before its requests are answered; nil: nobody is told. It must
	// be quick, and must not call Close.
	Observe func(Batch)
}

// DefaultMaxQueue is how many examples may wait in a queue by default.
const DefaultMaxQueue = 256

// Batch describes a batch that has run.
type Batch struct {
	Requests int
	Examples int
	Threads  int
	Input    time.Duration // putting the inputs together
	Run      time.Duration
	Output   time.Duration // taking the outputs apart
	Err      error         // why its requests have no outputs; nil: they have
}

// Times tells what became of the time of a request.
type Times struct {
	Queued time.Time     // when it came
	Wait   time.Duration // in the queue
	Input  time.Duration // putting inputs together, of the whole batch
	Run    time.Duration // of the whole batch
	Output time.Duration // taking outputs apart, of the whole batch
	Batch  int           // examples of the batch
}

// Queue is the queue of one program. It is safe for concurrent use.
type Queue struct {
	program   *runtime.Program
	cores     *Cores
	config    Config
	separable bool
	inputs    []runtime.ValueInfo
	outputs   int

	mu       sync.Mutex
	changed  chan struct{} // of capacity 1: a request came, or the queue was closed
	first    *request      // the oldest that waits
	last     *request
	examples int // that wait
	pending  int // requests that wait
	closed   bool
	running  int // batches that are not answered
	pace     pace
	sessions []*runtime.Session // that are free; each of the others is with a batch that has a core
	idle     chan struct{}      // closed when the queue is closed and everything is answered
}

// New returns a queue whose batches are as large as the program allows. Close ends it.
func New(p *runtime.Program, cores *Cores, config Config) *Queue {
	if config.MaxQueue <= 0 {
		config.MaxQueue = DefaultMaxQueue
	}
	q := &Queue{program: p, cores: cores, config: config, separable: p.Separable(), inputs: p.Inputs(), outputs: len(p.Outputs()), changed: make(chan struct{}, 1), idle: make(chan struct{})}
	if config.Session != nil {
		q.sessions = append(q.sessions, config.Session)
		q.config.Session = nil
	}
	go q.dispatch()
	return q
}

// state is where a request stands.
type state uint8

const (
	waiting state = iota
	taken         // by a batch, which reads its inputs
	copied        // its inputs are not read any more
	gone          // it has left the queue without having been taken
)

// request is one that waits or runs.
type request struct {
	ctx      context.Context
	inputs   []*graph.Tensor
	examples int
	came     time.Time
	wait     time.Duration // in the queue; set when state becomes copied
	state    state         // guarded by Queue.mu
	next     *request
	prev     *request
	copied   chan struct{} // closed when inputs are not read any more
	done     chan struct{} // closed when outputs, times and err are set
	outputs  []*graph.Tensor
	times    Times
	err      error
}

// Do runs the program on inputs of n examples, put together with other requests where that changes nothing, and returns
// outputs that are the caller's own. Inputs must have the types and shapes that the program has at batch size n; they are not read
// after Do returns. Errors are a *FullError, ErrClosed, the context's, or wrap runtime.ErrInput.
func (q *Queue) Do(ctx context.Context, n int, inputs []*graph.Tensor) ([]*graph.Tensor, Times, error) {
	if err := q.check(n, inputs); err != nil {
		return nil, Times{}, err
	}
	if err := context.Cause(ctx); err != nil {
		return nil, Times{}, err
	}
	r := &request{ctx: ctx, inputs: inputs, examples: n, came: time.Now(), copied: make(chan struct{}), done: make(chan struct{})}
	if err := q.push(r); err != nil {
		return nil, Times{}, err
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		q.mu.Lock()
		if r.state == waiting {
			q.leave(r, context.Cause(ctx))
			q.finish()
		}
		q.mu.Unlock()
		<-r.copied // until then, a batch reads what is the caller's
		select {
		case <-r.done:
		default:
			return nil, Times{Queued: r.came, Wait: r.wait}, context.Cause(ctx)
		}
	}
	return r.outputs, r.times, r.err
}

// Full returns the error that a request of n examples with the deadline of ctx would get for want of room now, and nil where there is
// room. What a client sends need not be read where there is none.
func (q *Queue) Full(ctx context.Context, n int) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.room(ctx, n)
}

// room is Full under the lock.
func (q *Queue) room(ctx context.Context, n int) error {
	if q.closed {
		return ErrClosed
	}
	wait := q.pace.wait(q.examples)
	late := false
	if deadline, ok := ctx.Deadline(); ok && q.examples > 0 {
		late = time.Now().Add(wait).After(deadline)
	}
	if late || q.examples > 0 && q.examples+n > q.config.MaxQueue {
		return &FullError{Waiting: q.examples, Wait: wait}
	}
	return nil
}

// push puts a request at the end of the queue.
func (q *Queue) push(r *request) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.room(r.ctx, r.examples); err != nil {
		return err
	}
	q.pace.arrived(r.came)
	if r.prev = q.last; r.prev != nil {
		r.prev.next = r
	} else {
		q.first = r
	}
	q.last = r
	q.examples += r.examples
	q.pending++
	q.signal()
	return nil
}

// remove takes a request that waits out of the queue.
func (q *Queue) remove(r *request) {
	if r.prev != nil {
		r.prev.next = r.next
	} else {
		q.first = r.next
	}
	if r.next != nil {
		r.next.prev = r.prev
	} else {
		q.last = r.prev
	}
	r.prev, r.next = nil, nil
	q.examples -= r.examples
	q.pending--
}

// leave takes a request that waits out of the queue and answers it with an error.
func (q *Queue) leave(r *request, err error) {
	q.remove(r)
	r.state, r.err, r.wait = gone, err, time.Since(r.came)
	r.times = Times{Queued: r.came, Wait: r.wait}
	close(r.copied)
	close(r.done)
}

// signal wakes the dispatcher.
func (q *Queue) signal() {
	select {
	case q.changed <- struct{}{}:
	default:
	}
}

// Waiting returns how many examples wait, and how many batches run.
func (q *Queue) Waiting() (examples, running int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.examples, q.running
}

// Pending returns how many requests wait.
func (q *Queue) Pending() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.pending
}

// Close refuses further requests and waits until those that it has are answered and observed, or the context ends, whose error it
// returns then; requests that still wait get ErrClosed in that case, batches that run are answered later.
func (q *Queue) Close(ctx context.Context) error {
	q.mu.Lock()
	q.closed = true
	q.finish()
	q.signal()
	q.mu.Unlock()
	select {
	case <-q.idle:
		return nil
	case <-ctx.Done():
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.abandon()
	return ctx.Err()
}

// abandon answers what waits with ErrClosed.
func (q *Queue) abandon() {
	for q.first != nil {
		q.leave(q.first, ErrClosed)
	}
	q.finish()
	q.signal()
}

// finish notes that a closed queue is through, once.
func (q *Queue) finish() {
	if !q.closed || q.first != nil || q.running > 0 {
		return
	}
	select {
	case <-q.idle:
	default:
		close(q.idle)
		q.sessions = nil
	}
}

// check returns an error wrapping runtime.ErrInput unless the inputs are those of n examples.
func (q *Queue) check(n int, inputs []*graph.Tensor) error {
	most := q.program.MaxBatch()
	if n < 1 || n > most || n != most && !q.program.Dynamic() {
		return fmt.Errorf("%w: batch %d: the model takes up to %d", runtime.ErrInput, n, most)
	}
	if len(inputs) != len(q.inputs) {
		return fmt.Errorf("%w: want %d inputs, got %d", runtime.ErrInput, len(q.inputs), len(inputs))
	}
	var errs []error
	for i, v := range q.inputs {
		t := inputs[i]
		count, err := v.Shape.Bind(n).Elements()
		if err != nil || t == nil || t.DType != v.DType || len(t.Data) != v.DType.Bytes(count) {
			errs = append(errs, fmt.Errorf("%w: %q: want %v%v for batch %d", runtime.ErrInput, v.Name, v.DType, v.Shape, n))
		}
	}
	return errors.Join(errs...)
}
