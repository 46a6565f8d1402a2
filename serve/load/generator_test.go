package load

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a server as a function of the request's number, in the order of sending, and of its input.
type fake func(ctx context.Context, n int, body *bytes.Buffer) answer

// fakeTransport counts the requests that it gets.
type fakeTransport struct {
	serve fake
	n     atomic.Int64
}

func (f *fakeTransport) describe(context.Context) ([]port, error) { return nil, nil }
func (f *fakeTransport) prepare(input) error                      { return nil }
func (f *fakeTransport) same(a, b []byte) bool                    { return bytes.Equal(a, b) }
func (f *fakeTransport) close()                                   {}
func (f *fakeTransport) send(ctx context.Context, _ int, body *bytes.Buffer) answer {
	return f.serve(ctx, int(f.n.Add(1))-1, body)
}

var ok = answer{code: "200", good: true, sent: 7}

// wait sleeps as long as a server takes, or until the request is given up.
func wait(ctx context.Context, d time.Duration) answer {
	select {
	case <-time.After(d):
		return ok
	case <-ctx.Done():
		return answer{code: Failed, err: ctx.Err()}
	}
}

// simulate runs a load against a fake server by a fake clock.
func simulate(t *testing.T, ctx context.Context, o Options, serve fake) (*Report, error) {
	t.Helper()
	o.URL, o.Model = "http://fake", "m"
	o, _, err := o.check()
	if err != nil {
		t.Fatal(err)
	}
	return generate(ctx, &fakeTransport{serve: serve}, 1, &o)
}

// near reports whether a latency is one, within the histogram's three digits.
func near(got, want time.Duration) bool { return got >= want && got <= want+want/500 }

func TestConstantRateSendsEachRequestWhenItIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var due []time.Duration
		start := time.Now()
		o := Options{Rate: 300, Warmup: time.Second, Duration: 10 * time.Second, OnResponse: func(r Response) {
			mu.Lock()
			defer mu.Unlock()
			due = append(due, r.Sent.Sub(start))
			if r.Sent != r.Due {
				t.Errorf("request %d was due %v, sent %v", r.Index, r.Due, r.Sent)
			}
		}}
		r, err := simulate(t, t.Context(), o, func(ctx context.Context, _ int, body *bytes.Buffer) answer {
			body.WriteString("12345")
			return wait(ctx, 5*time.Millisecond)
		})
		if err != nil {
			t.Fatal(err)
		}
		if r.Warmup != 300 || r.Sent != 3000 || r.Good != 3000 || r.Unsent != 0 || r.BytesSent != 7*3000 || r.BytesReceived != 5*3000 {
			t.Errorf("%+v", r)
		}
		if r.SentRate != 300 || r.Sending != 10*time.Second || r.Elapsed != 10*time.Second+1666666 {
			t.Errorf("%v a second in %v, %v", r.SentRate, r.Sending, r.Elapsed)
		}
		if l := r.Of("200").Latency; !near(l.P50, 5*time.Millisecond) || l.Max != 5*time.Millisecond || l.Mean != 5*time.Millisecond {
			t.Errorf("%+v", l)
		}
		for i, d := range due {
			if want := time.Duration(float64(i) * 1e9 / 300); d != want {
				t.Fatalf("request %d was sent at %v, want %v", i, d, want)
			}
		}
	})
}

// A server that stalls for a second delays 100 requests, of which a closed loop would have sent one.
func TestAStallOfTheServerIsPartOfTheLatencyOfAllThatWereDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		serve := func(ctx context.Context, _ int, _ *bytes.Buffer) answer {
			if at := time.Since(begin); at >= 5*time.Second && at < 6*time.Second {
				return wait(ctx, 6*time.Second-at)
			}
			return wait(ctx, time.Millisecond)
		}
		r, err := simulate(t, t.Context(), Options{Rate: 100, Duration: 10 * time.Second}, serve)
		if err != nil {
			t.Fatal(err)
		}
		l := r.Of("200").Latency
		if l.Count != 1000 || l.Max != time.Second || !near(l.P50, time.Millisecond) || !near(l.P90, time.Millisecond) || !near(l.P99, 900*time.Millisecond) {
			t.Errorf("%+v", l)
		}
		// A tenth of the requests waits 10, 20 ... 1000 ms, the others 1 ms.
		if want := (100*505 + 900) * time.Millisecond / 1000; l.Mean != want {
			t.Errorf("mean %v, want %v", l.Mean, want)
		}
		begin = time.Now()
		r, err = simulate(t, t.Context(), Options{Clients: 1, Duration: 10 * time.Second}, serve)
		if err != nil {
			t.Fatal(err)
		}
		if l := r.Of("200").Latency; l.Count != 9001 || l.Max != time.Second || !near(l.P99, time.Millisecond) {
			t.Errorf("closed loop: %+v", l)
		}
	})
}

// Time that the generator itself loses counts as well, and is told.
func TestALateGeneratorCatchesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &generator{options: &Options{Rate: 100, MaxInFlight: 1000, Requests: 100, Timeout: time.Minute}, record: newRecord(&Options{}, time.Now()), first: make([]atomic.Pointer[[]byte], 1),
			transport: &fakeTransport{serve: func(context.Context, int, *bytes.Buffer) answer { return ok }}, start: time.Now().Add(-500 * time.Millisecond)}
		if err := s.open(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.flying.Wait()
		r := s.record.report(s.options, 1, time.Second, time.Second)
		if r.Sent != 100 || r.Late.Max != 500*time.Millisecond || r.Late.P50 > time.Millisecond*11 || r.Of("200").Latency.Max != r.Late.Max {
			t.Errorf("%+v", r)
		}
	})
}

func TestRequestsBeyondTheBoundAreCountedAsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := simulate(t, t.Context(), Options{Rate: 10, Warmup: time.Second, Duration: 10 * time.Second, MaxInFlight: 3},
			func(ctx context.Context, _ int, _ *bytes.Buffer) answer { return wait(ctx, 950*time.Millisecond) })
		if err != nil {
			t.Fatal(err)
		}
		// Every second three go out at once and seven find no room, the warm-up's among them.
		if r.Sent != 30 || r.Unsent != 70 || r.Warmup != 10 || r.Good != 30 {
			t.Errorf("%d sent, %d not sent, %d in the warm-up", r.Sent, r.Unsent, r.Warmup)
		}
		if got := r.Unexpected([]string{"200"}); len(got) != 1 || got[0] != NotSent {
			t.Errorf("unexpected %q", got)
		}
		if got := r.Unexpected([]string{"200", NotSent}); got != nil {
			t.Errorf("unexpected %q", got)
		}
	})
}

func TestPoissonArrivalsKeepTheRate(t *testing.T) {
	const n = 100_000
	o := &Options{Rate: 1000, Arrivals: Poisson, Seed: 3}
	s, again := newSchedule(o), newSchedule(o)
	var last, sum, squares float64
	for range n {
		at := s.next()
		if at != again.next() {
			t.Fatal("the same seed gives other arrivals")
		}
		gap := at.Seconds() - last
		last = at.Seconds()
		sum += gap
		squares += gap * gap
	}
	mean := sum / n
	deviation := squares/n - mean*mean
	if mean < 0.99e-3 || mean > 1.01e-3 || deviation < 0.97e-6 || deviation > 1.03e-6 {
		t.Errorf("mean gap %v s, variance %v s²; an exponential one has 0.001 and its square", mean, deviation)
	}
}

func TestClientsOfAClosedLoopSendOneRequestAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int64
		r, err := simulate(t, t.Context(), Options{Clients: 4, Warmup: time.Second, Duration: 10 * time.Second},
			func(ctx context.Context, _ int, _ *bytes.Buffer) answer {
				if n := now.Add(1); n > most.Load() {
					most.Store(n)
				}
				defer now.Add(-1)
				return wait(ctx, 20*time.Millisecond)
			})
		if err != nil {
			t.Fatal(err)
		}
		if r.Sent != 4*500 || r.Warmup != 4*50 || r.GoodRate != 200 || most.Load() != 4 {
			t.Errorf("%d sent, %d in the warm-up, %v a second, %d at once", r.Sent, r.Warmup, r.GoodRate, most.Load())
		}
	})
}

// What is in flight at the end of the time has taken the place of what was at its beginning: the rate is neither less for the time
// that the last answers take, nor more.
func TestRatesAreThoseOfTheMeasuredTime(t *testing.T) {
	for _, o := range []Options{{Clients: 8, Warmup: 5 * time.Second, Duration: 4 * time.Second}, {Rate: 4, Warmup: 5 * time.Second, Duration: 4 * time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			var n atomic.Int64
			r, err := simulate(t, t.Context(), o, func(ctx context.Context, _ int, _ *bytes.Buffer) answer {
				a := wait(ctx, 2*time.Second)
				if a.good = n.Add(1)%4 != 0; !a.good {
					a.code = "429"
				}
				return a
			})
			if err != nil || r.Sent != 16 || r.Sending != 4*time.Second || r.Elapsed < 5*time.Second || r.AnsweredRate != 4 || r.GoodRate != 3 || r.SentRate != 4 {
				t.Errorf("%v: %d sent in %v, %v until the last answer: %v sent a second, %v answered, %v good", err, r.Sent, r.Sending, r.Elapsed, r.SentRate, r.AnsweredRate, r.GoodRate)
			}
		})
	}
}

func TestANumberOfRequestsEndsTheRun(t *testing.T) {
	for name, o := range map[string]Options{"open": {Rate: 50, Requests: 1234, Warmup: time.Second}, "closed": {Clients: 7, Requests: 1234, Warmup: time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			r, err := simulate(t, t.Context(), o, func(ctx context.Context, _ int, _ *bytes.Buffer) answer { return wait(ctx, 3*time.Millisecond) })
			if err != nil || r.Sent != 1234 || r.Good != 1234 {
				t.Errorf("%s: %v, %d sent, %d good", name, err, r.Sent, r.Good)
			}
			if name == "open" && r.SentRate != 50 {
				t.Errorf("%v a second", r.SentRate)
			}
		})
	}
}

func TestRequestsThatTakeTooLongAreGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := simulate(t, t.Context(), Options{Rate: 10, Requests: 10, Timeout: 3 * time.Second},
			func(ctx context.Context, n int, _ *bytes.Buffer) answer {
				return wait(ctx, time.Duration(n%2)*time.Hour)
			})
		if err != nil {
			t.Fatal(err)
		}
		if o := r.Of(Timeout); r.Good != 5 || o.Latency.Count != 5 || o.Answer || o.Latency.Max != 3*time.Second || o.Example == "" {
			t.Errorf("%+v", r)
		}
	})
}

func TestTheEndOfTheContextEndsTheRun(t *testing.T) {
	for name, o := range map[string]Options{"open": {Rate: 10}, "closed": {Clients: 3}} {
		synctest.Test(t, func(t *testing.T) {
			stop := errors.New("enough")
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(2050*time.Millisecond, func() { cancel(stop) })
			r, err := simulate(t, ctx, o, func(ctx context.Context, _ int, _ *bytes.Buffer) answer { return wait(ctx, 300*time.Millisecond) })
			if !errors.Is(err, stop) || !r.Interrupted || r.Of(Cancelled).Latency.Count != 3 || r.Good == 0 || r.Sent != r.Good+3 {
				t.Errorf("%s: %v, %+v", name, err, r)
			}
		})
	}
}

func TestAnswersAreComparedWithTheFirstToTheSameInput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := simulate(t, t.Context(), Options{Rate: 10, Requests: 10, Check: true}, func(_ context.Context, n int, body *bytes.Buffer) answer {
			switch n {
			case 4:
				body.WriteString("wrong")
			case 5: // no good answer: not compared
				body.WriteString("busy")
				return answer{code: "429"}
			default:
				body.WriteString("right")
			}
			return ok
		})
		if err != nil {
			t.Fatal(err)
		}
		if r.Checked != 9 || r.Mismatches != 1 || r.Mismatch != `request 4, input 0: 5 bytes differ from the first answer: "wrong"` || r.Good != 9 {
			t.Errorf("%d checked, %d differ: %s", r.Checked, r.Mismatches, r.Mismatch)
		}
		if o := r.Of("429"); o.Example != "busy" || !o.Answer || o.Good || r.Answered != 10 {
			t.Errorf("%+v", o)
		}
	})
}

func TestProgressIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls []Progress
		_, err := simulate(t, t.Context(), Options{Rate: 100, Warmup: time.Second, Duration: time.Second, Progress: func(p Progress) { calls = append(calls, p) }},
			func(_ context.Context, n int, _ *bytes.Buffer) answer {
				if n%2 == 1 {
					return answer{code: "503"}
				}
				return ok
			})
		if err != nil || len(calls) < 9 {
			t.Fatal(err, calls)
		}
		if p := calls[4]; p.Elapsed != time.Second || p.Total != 2*time.Second || p.Good < 50 || p.Good > 51 || p.Other != 50 || p.Sent != p.Good+p.Other {
			t.Errorf("%+v", p)
		}
	})
}
