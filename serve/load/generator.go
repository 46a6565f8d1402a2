package load

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// transport puts requests to a server and gets answers. It is safe for concurrent use.
type transport interface {
	// describe asks the server for a model's inputs.
	describe(ctx context.Context) ([]port, error)
	// prepare encodes an input as send wants it: the index of the request that it makes.
	prepare(in input) error
	// send sends one request, once, and puts the answer's body into the buffer.
	send(ctx context.Context, input int, body *bytes.Buffer) answer
	// same reports whether two bodies of good answers say the same.
	same(a, b []byte) bool
	close()
}

// answer is what came of a request.
type answer struct {
	code   string      // as Outcome.Code
	good   bool        // the model's answer
	err    error       // why there is no answer
	header http.Header // of the answer
	sent   int         // bytes of the request's body
}

// Run sends requests as the options say until the duration is over or enough have been sent, waits for the answers that are due, and
// reports. Where the context ends, requests in flight are cancelled, and both a report and the context's error are returned. Other
// errors, without a report, wrap ErrOption, ErrServer or ErrInput, and tell that nothing was sent.
func Run(ctx context.Context, o Options) (*Report, error) {
	o, address, err := o.check()
	if err != nil {
		return nil, err
	}
	t, err := dial(&o, address)
	if err != nil {
		return nil, err
	}
	defer t.close()
	n, err := prepare(ctx, t, &o)
	if err != nil {
		return nil, err
	}
	return generate(ctx, t, n, &o)
}

// generate sends requests made of n inputs.
func generate(ctx context.Context, t transport, n int, o *Options) (*Report, error) {
	start := time.Now()
	g := &generator{options: o, transport: t, first: make([]atomic.Pointer[[]byte], n), record: newRecord(o, start), start: start}
	stop := g.watch()
	var err error
	if o.Rate > 0 {
		err = g.open(ctx)
	} else {
		err = g.closed(ctx)
	}
	sending := time.Since(g.start) - o.Warmup
	if o.Duration > 0 {
		sending = min(sending, o.Duration) // else with what closed waited for
	}
	g.flying.Wait()
	stop()
	if err == nil && g.cancelled.Load() {
		err = context.Cause(ctx)
	}
	r := g.record.report(o, n, sending, time.Since(g.start)-o.Warmup)
	r.Interrupted = err != nil
	return r, err
}

// generator is a run.
type generator struct {
	options   *Options
	transport transport
	start     time.Time
	first     []atomic.Pointer[[]byte] // the first good answer to each input
	buffers   sync.Pool                // *bytes.Buffer for answers
	flying    sync.WaitGroup
	cancelled atomic.Bool
	record    *record
}

// over reports whether request index, due at a time from the beginning, is past the end; measured is how many that count fell due
// before it.
func (g *generator) over(due time.Duration, measured int) bool {
	o := g.options
	return o.Requests > 0 && measured >= o.Requests || o.Duration > 0 && due >= o.Warmup+o.Duration
}

// open sends requests when they fall due. It sleeps until then, and sends at once all that fell due while it slept for too long.
func (g *generator) open(ctx context.Context) error {
	o := g.options
	s := newSchedule(o)
	slots := make(chan struct{}, o.MaxInFlight)
	timer := time.NewTimer(0)
	defer timer.Stop()
	measured := 0
	for index := 0; ; index++ {
		due := s.next()
		if g.over(due, measured) {
			if o.Duration > 0 {
				due = min(due, o.Warmup+o.Duration)
			}
			return g.sleep(ctx, timer, due)
		}
		if err := g.sleep(ctx, timer, due); err != nil {
			return err
		}
		counts := due >= o.Warmup
		if counts {
			measured++
		}
		select {
		case slots <- struct{}{}:
			g.flying.Go(func() {
				g.one(ctx, index, g.start.Add(due), counts)
				<-slots
			})
		default:
			g.record.unsent(counts)
		}
	}
}

// sleep waits until a time from the beginning.
func (g *generator) sleep(ctx context.Context, timer *time.Timer, until time.Duration) error {
	d := until - time.Since(g.start)
	if d <= 0 {
		return context.Cause(ctx)
	}
	timer.Reset(d)
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// closed lets clients send one request after the other.
func (g *generator) closed(ctx context.Context) error {
	var next, measured atomic.Int64
	for range g.options.Clients {
		g.flying.Go(func() {
			for ctx.Err() == nil {
				now := time.Now()
				due := now.Sub(g.start)
				counts := due >= g.options.Warmup
				before := 0
				if counts {
					before = int(measured.Add(1)) - 1
				}
				if g.over(due, before) {
					return
				}
				g.one(ctx, int(next.Add(1))-1, now, counts)
			}
		})
	}
	g.flying.Wait()
	return context.Cause(ctx)
}

// one sends a request and records what becomes of it.
func (g *generator) one(ctx context.Context, index int, due time.Time, counts bool) {
	r := Response{Index: index, Input: index % len(g.first), Due: due}
	body, _ := g.buffers.Get().(*bytes.Buffer)
	if body == nil {
		body = new(bytes.Buffer)
	}
	defer g.buffers.Put(body)
	body.Reset()
	limited, cancel := context.WithTimeoutCause(ctx, g.options.Timeout, errTimeout)
	defer cancel()
	r.Sent = time.Now()
	a := g.transport.send(limited, r.Input, body)
	r.Done = time.Now()
	if a.err != nil && ctx.Err() != nil {
		a.code = Cancelled
		g.cancelled.Store(true)
	} else if a.err != nil && errors.Is(context.Cause(limited), errTimeout) {
		a.code = Timeout
	}
	r.Code, r.Err, r.Header, r.Body = a.code, a.err, a.header, body.Bytes()
	if g.options.Check && a.good {
		g.record.checked(g.check(r.Input, r.Body), &r)
	}
	if g.options.OnResponse != nil {
		g.options.OnResponse(r)
	}
	g.record.add(&r, &a, counts)
}

// errTimeout is the cause of the end of a request that took too long.
var errTimeout = errors.New("no answer in time")

// check reports whether a good answer is the same as the first one to the same input.
func (g *generator) check(input int, body []byte) bool {
	first := &g.first[input]
	if first.Load() == nil {
		own := bytes.Clone(body)
		if first.CompareAndSwap(nil, &own) {
			return true
		}
	}
	return g.transport.same(*first.Load(), body)
}

// progressInterval is how often Options.Progress is called.
const progressInterval = 200 * time.Millisecond

// watch calls Options.Progress until stop is called.
func (g *generator) watch() (stop func()) {
	if g.options.Progress == nil {
		return func() {}
	}
	done := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		ticker := time.NewTicker(progressInterval)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				p := g.record.progress()
				p.Elapsed = time.Since(g.start)
				if g.options.Duration > 0 {
					p.Total = g.options.Warmup + g.options.Duration
				}
				g.options.Progress(p)
			case <-done:
				return
			}
		}
	})
	return func() { close(done); group.Wait() }
}
