package batch

import (
	"context"
	"runtime/debug"
	"time"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/runtime"
)

// dispatch is the life of the goroutine that makes batches of what waits, until the queue is closed and through.
func (q *Queue) dispatch() {
	for {
		wait := q.delay()
		if wait < 0 {
			select {
			case <-q.changed:
				continue
			case <-q.idle:
				return
			}
		}
		if wait > 0 {
			timer := time.NewTimer(wait)
			select {
			case <-q.changed: // what has come may fill the batch
			case <-timer.C:
			}
			timer.Stop()
			continue
		}
		q.cores.acquire()
		if !q.start() {
			q.cores.release(1)
		}
	}
}

// delay returns how long to wait before the next batch is made; it is negative where nothing waits.
func (q *Queue) delay() time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.first == nil {
		return -1
	}
	if q.config.MaxDelay <= 0 || q.closed || !q.separable || q.examples >= q.program.MaxBatch() {
		return 0
	}
	left := q.config.MaxDelay - time.Since(q.first.came)
	if left <= 0 || !q.pace.expects(left) {
		return 0
	}
	return left
}

// start takes a batch and runs it on the core that the caller has acquired, or on all; it reports false where nothing waits any
// more.
func (q *Queue) start() bool {
	q.mu.Lock()
	batch, examples := q.take()
	if len(batch) == 0 {
		q.finish()
		q.mu.Unlock()
		return false
	}
	alone := q.first == nil && q.pace.seldom()
	q.running++
	q.mu.Unlock()
	threads := 1
	if alone && q.program.Threads() > 1 && q.cores.more() {
		threads = q.cores.N()
	}
	go q.run(batch, examples, threads)
	return true
}

// take removes the next batch from the queue. What waits is spread over the cores, so that no core is idle while another has several
// examples to run. Requests whose context has ended are left out.
func (q *Queue) take() (batch []*request, examples int) {
	most := 1
	if q.separable {
		most = min(q.program.MaxBatch(), (q.examples+q.cores.N()-1)/q.cores.N())
	}
	for q.first != nil {
		r := q.first
		if len(batch) > 0 && examples+r.examples > most {
			break
		}
		if r.ctx.Err() != nil {
			q.leave(r, context.Cause(r.ctx))
			continue
		}
		q.remove(r)
		r.state = taken
		batch = append(batch, r)
		examples += r.examples
	}
	return batch, examples
}

// run runs a batch on the given number of threads, whose cores it gives back, and answers its requests.
func (q *Queue) run(batch []*request, examples, threads int) {
	start := time.Now()
	b := Batch{Requests: len(batch), Examples: examples, Threads: threads}
	var s *runtime.Session
	b.Err = safely(func() (err error) {
		if s, err = q.session(examples, min(threads, q.program.Threads())); err == nil {
			gather(s, batch)
		}
		return err
	})
	q.mu.Lock()
	for _, r := range batch {
		r.state, r.wait = copied, start.Sub(r.came)
		close(r.copied)
	}
	q.mu.Unlock()
	ready := time.Now()
	b.Input = ready.Sub(start)
	if b.Err == nil {
		b.Err = safely(func() error { s.Run(); return nil })
	}
	ran := time.Now()
	b.Run = ran.Sub(ready)
	if b.Err == nil {
		b.Err = safely(func() error { q.scatter(s, batch); return nil })
	}
	b.Output = time.Since(ran)
	if b.Err == nil { // else what is in the session is not known
		q.mu.Lock()
		q.sessions = append(q.sessions, s)
		q.mu.Unlock()
	}
	q.cores.release(threads) // after the session is free, so that there are no more sessions than cores
	if q.config.Observe != nil {
		q.config.Observe(b)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.pace.ran(batch[0].came, examples, threads, ran.Sub(start), ran, q.first != nil)
	for _, r := range batch {
		r.times = Times{Queued: r.came, Wait: r.wait, Input: b.Input, Run: b.Run, Output: b.Output, Batch: examples}
		if r.err = b.Err; r.err != nil {
			r.outputs = nil
		}
		close(r.done)
	}
	q.running--
	q.finish()
}

// safely calls f. A panic, which would be a bug of ours, fails the batch and not the process.
func safely(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &PanicError{Value: p, Stack: debug.Stack()}
		}
	}()
	return f()
}

// session returns a free session, or a new one, set to a batch size and a number of threads.
func (q *Queue) session(batch, threads int) (*runtime.Session, error) {
	q.mu.Lock()
	var s *runtime.Session
	if n := len(q.sessions); n > 0 {
		s = q.sessions[n-1]
		q.sessions[n-1] = nil
		q.sessions = q.sessions[:n-1]
	}
	q.mu.Unlock()
	if s == nil {
		var err error
		if s, err = q.program.NewSession(); err != nil {
			return nil, err
		}
	}
	if err := s.SetBatch(batch); err != nil {
		return nil, err
	}
	return s, s.SetThreads(threads)
}

// gather puts the inputs of a batch side by side.
func gather(s *runtime.Session, batch []*request) {
	for i := range batch[0].inputs {
		to := s.Input(i).Data
		for _, r := range batch {
			to = to[copy(to, r.inputs[i].Data):]
		}
	}
}

// scatter gives each request of a batch its part of the outputs.
func (q *Queue) scatter(s *runtime.Session, batch []*request) {
	examples := s.Batch()
	for i := range q.outputs {
		t := s.Output(i)
		from := t.Data
		for _, r := range batch {
			part := &graph.Tensor{DType: t.DType, Shape: t.Shape.Clone()}
			size := len(from)
			if len(batch) > 1 {
				size = len(t.Data) / examples * r.examples
				part.Shape[0] = t.Shape[0] / examples * r.examples
			}
			part.Data = append([]byte(nil), from[:size]...)
			from = from[size:]
			r.outputs = append(r.outputs, part)
		}
	}
}
