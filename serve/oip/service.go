package oip

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"golang.org/x/sync/semaphore"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/serve/batch"
	"github.com/octet-ml/octet/serve/repository"
)

// Options says how a Service answers.
type Options struct {
	Budget      *Budget       // bytes of requests and of pictures while they are decoded; nil: no bound
	Decoders    int           // pictures decoded at once; default the repository's cores
	MaxPixels   int64         // of a picture; default DefaultMaxPixels
	MaxTimeout  time.Duration // most that a request may ask for; default 5m
	Tracer      trace.Tracer  // default: none
	AllowChange bool          // Load and Unload
	// Observe is called after each request that named a model that serves, before it is answered; nil: nobody is told. It must be safe for
	// concurrent use.
	Observe func(Observation)
}

// DefaultMaxPixels is how many pixels a picture may have by default.
const DefaultMaxPixels = 1 << 25

// Observation describes a request that has been answered or refused.
type Observation struct {
	Model    string
	Version  string
	Code     Code
	Examples int // 0 where the request was refused before they were counted
	Took     time.Duration
	Times    Times
}

// Service answers requests with the models of a repository. It is safe for concurrent use.
type Service struct {
	models   *repository.Repository
	options  Options
	decoders chan struct{}       // a token for each picture that may be decoded
	pixels   *semaphore.Weighted // that may be decoded at once

	leaving  atomic.Bool
	draining atomic.Bool
	mu       sync.Mutex
	active   int           // requests
	through  chan struct{} // closed when draining and active is 0
}

// NewService returns a service for the models of a repository.
func NewService(models *repository.Repository, o Options) *Service {
	if o.Decoders <= 0 {
		o.Decoders = models.Cores()
	}
	if o.MaxPixels <= 0 {
		o.MaxPixels = DefaultMaxPixels
	}
	if o.MaxTimeout <= 0 {
		o.MaxTimeout = 5 * time.Minute
	}
	if o.Tracer == nil {
		o.Tracer = noop.NewTracerProvider().Tracer("")
	}
	return &Service{models: models, options: o, decoders: make(chan struct{}, o.Decoders), pixels: semaphore.NewWeighted(o.MaxPixels), through: make(chan struct{})}
}

// Repository returns the models.
func (s *Service) Repository() *repository.Repository { return s.models }

// Budget returns the bytes that requests may hold; it may be nil.
func (s *Service) Budget() *Budget { return s.options.Budget }

// Ready reports whether the server takes requests and all its models serve, and means to go on doing so.
func (s *Service) Ready() bool { return !s.leaving.Load() && s.models.Ready() }

// Leave makes the service not ready, although it answers as before, so that clients turn to others before Drain refuses them.
func (s *Service) Leave() { s.leaving.Store(true) }

// Leaving reports whether Leave or Drain has been called.
func (s *Service) Leaving() bool { return s.leaving.Load() }

// Draining reports whether Drain has been called.
func (s *Service) Draining() bool { return s.draining.Load() }

// enter counts a request in; leave counts it out.
func (s *Service) enter() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining.Load() {
		return ErrDraining
	}
	s.active++
	return nil
}

func (s *Service) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active--
	s.finish()
}

// finish notes that a draining service is through; the caller holds the lock.
func (s *Service) finish() {
	if s.draining.Load() && s.active == 0 {
		select {
		case <-s.through:
		default:
			close(s.through)
		}
	}
}

// Drain refuses further requests with ErrDraining, and waits until those that were taken are answered, or the context ends, whose
// error it returns then.
func (s *Service) Drain(ctx context.Context) error {
	s.mu.Lock()
	s.leaving.Store(true)
	s.draining.Store(true)
	s.finish()
	s.mu.Unlock()
	select {
	case <-s.through:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Admit tells early whether a request for a model would be refused: with the error that Infer would return for a model that does not
// serve, a queue that is full, or a server that is draining. A transport asks before it reads what the client sends.
func (s *Service) Admit(ctx context.Context, model, version string) error {
	if s.Draining() {
		return ErrDraining
	}
	v, err := s.models.Acquire(model, version)
	if err != nil {
		return err
	}
	defer v.Release()
	if err := v.Queue.Full(ctx, 1); err != nil {
		code := CodeOf(err)
		v.Stats.Failed(0, failureOf(code))
		s.observe(Observation{Model: v.Model, Version: v.Version(), Code: code})
		return fmt.Errorf("model %q: %w", v.Model, err)
	}
	return nil
}

// observe tells the observer.
func (s *Service) observe(o Observation) {
	if s.options.Observe != nil {
		s.options.Observe(o)
	}
}

// call is one request on its way.
type call struct {
	service *Service
	version *repository.Version
	span    trace.Span
	start   time.Time
	times   Times
	n       int // examples
}

// begin counts a request in, finds its model and bounds its time. The caller calls end.
func (s *Service) begin(ctx context.Context, model, version string, timeout time.Duration) (context.Context, context.CancelFunc, *call, error) {
	c := &call{service: s, start: time.Now()}
	if timeout < 0 {
		return nil, nil, nil, fmt.Errorf("%w: timeout %v: want a positive time", ErrInvalid, timeout)
	}
	if err := s.enter(); err != nil {
		return nil, nil, nil, err
	}
	v, err := s.models.Acquire(model, version)
	if err != nil {
		s.leave()
		return nil, nil, nil, err
	}
	c.version = v
	if timeout == 0 {
		timeout = time.Duration(v.Config.Timeout)
	}
	ctx, c.span = s.options.Tracer.Start(ctx, "infer "+v.Model, trace.WithAttributes(
		attribute.String("octet.model", v.Model), attribute.String("octet.version", v.Version())))
	ctx, cancel := context.WithTimeout(ctx, min(timeout, s.options.MaxTimeout))
	return ctx, cancel, c, nil
}

// answer answers a request by f, which is given the context that bounds it. A panic of f is a failure of the request.
func answer[T any](ctx context.Context, s *Service, model, version string, timeout time.Duration, f func(context.Context, *call) (T, error)) (res T, err error) {
	ctx, cancel, c, err := s.begin(ctx, model, version, timeout)
	if err != nil {
		return res, err
	}
	defer cancel()
	err = errPanicked // unless the next call returns
	defer func() { c.end(err) }()
	res, err = f(ctx, c)
	return res, err
}

// end counts a request out and says what became of it.
func (c *call) end(err error) {
	v, took := c.version, time.Since(c.start)
	defer c.service.leave()
	defer v.Release() // whatever the observer does
	code := CodeOf(err)
	if err == nil {
		v.Stats.Succeeded(c.n, took, c.times.Times)
	} else {
		v.Stats.Failed(took, failureOf(code))
	}
	c.span.SetAttributes(attribute.Int("octet.examples", c.n), attribute.String("octet.code", code.String()))
	failed(c.span, err)
	c.span.End()
	c.service.observe(Observation{Model: v.Model, Version: v.Version(), Code: code, Examples: c.n, Took: took, Times: c.times})
}

// failureOf tells why a request with a kind of error failed.
func failureOf(code Code) repository.Failure {
	switch code {
	case Exhausted:
		return repository.FailRejected
	case Cancelled, Deadline:
		return repository.FailCancelled
	case Internal:
		return repository.FailInternal
	}
	return repository.FailOther
}

// run puts tensors of n examples through the model's queue.
func (c *call) run(ctx context.Context, n int, inputs []*graph.Tensor) ([]*graph.Tensor, batch.Times, error) {
	out, times, err := c.version.Queue.Do(ctx, n, inputs)
	if errors.Is(err, context.Canceled) {
		err = fmt.Errorf("%w: %w", ErrCancelled, err)
	}
	if err != nil {
		err = fmt.Errorf("model %q: %w", c.version.Model, err)
	}
	c.spans(ctx, times, err)
	return out, times, err
}

// spans records the time in the queue and that of the run after the fact, as a run belongs to a batch of several requests. A request that
// left the queue before it was run has no span of a run.
func (c *call) spans(ctx context.Context, t batch.Times, err error) {
	if !c.span.IsRecording() || t.Queued.IsZero() {
		return
	}
	tracer := c.service.options.Tracer
	start := t.Queued.Add(t.Wait)
	_, span := tracer.Start(ctx, "queue", trace.WithTimestamp(t.Queued))
	if t.Batch == 0 {
		failed(span, err)
	}
	span.End(trace.WithTimestamp(start))
	if t.Batch == 0 {
		return
	}
	_, span = tracer.Start(ctx, "infer", trace.WithTimestamp(start), trace.WithAttributes(attribute.Int("octet.batch", t.Batch)))
	failed(span, err)
	span.End(trace.WithTimestamp(start.Add(t.Input + t.Run + t.Output)))
}

// failed notes an error, if there is one, on a span.
func failed(span trace.Span, err error) {
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
	}
}
