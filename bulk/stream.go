package bulk

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/octet-ml/octet/runtime"
)

// picture is one that goes through a stream.
type picture struct {
	index int // the caller's, if it wants one
	path  string
	data  []byte

	classes []Class
	err     error
	bytes   int
	read    time.Duration // reading the file, with repetitions
	prepare time.Duration // decoding and preprocessing
	run     time.Duration // its share of the run that it was in
	batch   int           // pictures of that run
}

// unreadable returns what is to be said of a picture with an error.
func (p *picture) unreadable() Unreadable {
	return Unreadable{Path: p.path, Kind: kindOf(p.err), Reason: p.err.Error()}
}

// stream classifies the pictures of a bundle or a shard. One goroutine puts them in and takes them out; each picture comes out once, in
// any order.
type stream struct {
	worker *worker
	ctx    context.Context
	cancel context.CancelFunc
	in     chan *picture
	ready  chan *picture // that are read
	out    chan *picture // closed at the end
	flying int           // in and not yet out
}

// stream starts the goroutines of a stream, which end after finish, or when the context does.
func (w *worker) stream(ctx context.Context) *stream {
	s := &stream{worker: w, in: make(chan *picture), ready: make(chan *picture, w.options.ReadAhead), out: make(chan *picture, 2*w.options.Batch)}
	s.ctx, s.cancel = context.WithCancel(ctx)
	var readers, cores sync.WaitGroup
	for range w.options.ReadAhead {
		readers.Go(s.read)
	}
	for range w.options.Threads {
		cores.Go(s.compute)
	}
	go func() {
		readers.Wait()
		close(s.ready)
		cores.Wait()
		close(s.out)
		s.cancel()
	}()
	return s
}

// put classifies a picture, and calls done for those that have come out meanwhile. Its error is done's or the context's.
func (s *stream) put(p *picture, done func(*picture) error) error {
	for {
		select {
		case s.in <- p:
			s.flying++
			return nil
		case q, ok := <-s.out:
			if err := s.take(q, ok, done); err != nil {
				return err
			}
		case <-s.ctx.Done():
			return context.Cause(s.ctx)
		}
	}
}

// take passes on a picture that has come out; without one, the context has ended.
func (s *stream) take(q *picture, ok bool, done func(*picture) error) error {
	if !ok {
		return context.Cause(s.ctx)
	}
	s.flying--
	return done(q)
}

// finish calls done for what has not come out yet. No put may follow.
func (s *stream) finish(done func(*picture) error) error {
	close(s.in)
	for s.flying > 0 {
		q, ok := <-s.out
		if err := s.take(q, ok, done); err != nil {
			return err
		}
	}
	return nil
}

// stop ends the goroutines of a stream, finished or not.
func (s *stream) stop() { s.cancel() }

// send passes a picture on, unless the stream was stopped.
func (s *stream) send(to chan<- *picture, p *picture) {
	select {
	case to <- p:
	case <-s.ctx.Done():
	}
}

// read is the life of a goroutine that reads files.
func (s *stream) read() {
	w := s.worker
	for {
		var p *picture
		select {
		case p = <-s.in:
		case <-s.ctx.Done():
		}
		if p == nil {
			return
		}
		select {
		case w.reads <- struct{}{}:
		case <-s.ctx.Done():
			return
		}
		start := time.Now()
		p.data, p.err = w.read(s.ctx, p.path)
		p.read, p.bytes = time.Since(start), len(p.data)
		if p.err != nil {
			<-w.reads
			if s.ctx.Err() != nil {
				return // that a read was broken off says nothing of the picture
			}
			s.send(s.out, p)
			continue
		}
		select {
		case s.ready <- p:
		case <-s.ctx.Done():
			<-w.reads
		}
	}
}

// compute is the life of a goroutine that decodes and runs what is read.
func (s *stream) compute() {
	w := s.worker
	for p := range s.ready {
		select {
		case w.cores <- struct{}{}:
		case <-s.ctx.Done():
			<-w.reads
			continue
		}
		all := s.batch(p)
		<-w.cores
		for _, q := range all {
			s.send(s.out, q)
		}
	}
}

// batch classifies a picture together with others that are read by then, and returns all.
func (s *stream) batch(p *picture) (all []*picture) {
	w := s.worker
	session, err := w.session()
	if err != nil {
		<-w.reads
		p.err, p.data = fmt.Errorf("%w: %w", errInternal, err), nil
		return []*picture{p}
	}
	input := session.Input(0).Data
	size := len(input) / w.batch
	var good []*picture
	for p != nil && len(good) < w.batch {
		start, at := time.Now(), len(good)*size
		p.err = w.prepare(p.data, input[at:at+size])
		p.prepare, p.data = time.Since(start), nil
		<-w.reads
		all = append(all, p)
		if p.err == nil {
			good = append(good, p)
		}
		p = nil
		if len(good) < w.batch {
			select {
			case p = <-s.ready: // nil at the end
			default:
			}
		}
	}
	if err := safely(func() error { return w.classify(session, input, good) }); err != nil {
		for _, q := range good {
			q.err, q.classes = err, nil
		}
		return all // what is in the session is not known: it is not used again
	}
	w.free(session)
	return all
}

// classify runs the pictures whose tensors are in a session's input for the largest batch.
func (w *worker) classify(session *runtime.Session, input []byte, good []*picture) error {
	if len(good) == 0 {
		return nil
	}
	start := time.Now()
	if err := session.SetBatch(len(good)); err != nil {
		return err
	}
	if len(good) < w.batch { // whose input is another
		copy(session.Input(0).Data, input)
	}
	session.Run()
	each := time.Since(start) / time.Duration(len(good))
	scores := session.Output(0).Reals(w.model.program.Outputs()[0].Quant, nil)
	n := len(scores) / len(good)
	for i, q := range good {
		q.classes = w.model.top(scores[i*n:(i+1)*n], w.options.Top)
		q.run, q.batch = each, len(good)
	}
	return nil
}
