package load

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Of the histograms: microseconds to an hour, three digits.
const (
	leastLatency = time.Microsecond
	mostLatency  = time.Hour
	digits       = 3
)

// record is what is known of the requests so far. It is safe for concurrent use.
type record struct {
	mu         sync.Mutex
	outcomes   map[string]*tally
	late       *distribution // from due to sent
	sum        Progress      // of all requests
	from, to   time.Time     // what is measured, where its time is known before
	answered   int64         // answers that came in it, of whatever requests
	good       int64         // good ones among them
	warm       int64         // requests that do not count
	notSent    int64
	sent       int64 // bytes
	received   int64
	compared   int64
	mismatches int64
	mismatch   string
}

// tally counts requests of one outcome.
type tally struct {
	*distribution
	good, answer bool
	example      string
}

// newRecord returns the record of a run that starts at a time.
func newRecord(o *Options, start time.Time) *record {
	from := start.Add(o.Warmup)
	return &record{outcomes: make(map[string]*tally), late: newDistribution(), from: from, to: from.Add(o.Duration)}
}

// unsent counts a request that was due while there were too many in flight.
func (r *record) unsent(counts bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sum.Unsent++
	if counts {
		r.notSent++
	} else {
		r.warm++
	}
}

// checked counts a good answer that was compared with the first.
func (r *record) checked(same bool, res *Response) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.compared++
	if same {
		return
	}
	r.mismatches++
	if r.mismatch == "" {
		r.mismatch = fmt.Sprintf("request %d, input %d: %d bytes differ from the first answer: %.200q", res.Index, res.Input, len(res.Body), res.Body)
	}
}

// add counts a request that was sent.
func (r *record) add(res *Response, a *answer, counts bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sum.Sent++
	if a.good {
		r.sum.Good++
	} else {
		r.sum.Other++
	}
	if !res.Done.Before(r.from) && res.Done.Before(r.to) {
		if a.err == nil {
			r.answered++
		}
		if a.good {
			r.good++
		}
	}
	if !counts {
		r.warm++
		return
	}
	t := r.outcomes[res.Code]
	if t == nil {
		t = &tally{distribution: newDistribution(), good: a.good, answer: a.err == nil}
		r.outcomes[res.Code] = t
	}
	if t.example == "" && !a.good {
		t.example = fmt.Sprintf("%.300s", res.Body)
		if a.err != nil {
			t.example = a.err.Error()
		}
	}
	t.add(res.Done.Sub(res.Due))
	r.late.add(res.Sent.Sub(res.Due))
	r.sent += int64(a.sent)
	r.received += int64(len(res.Body))
}

func (r *record) progress() Progress {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sum
}

// report sums up a run of so many different inputs: sending is the time in which requests that count were sent, elapsed lasts until
// the last answer.
func (r *record) report(o *Options, inputs int, sending, elapsed time.Duration) *Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := &Report{
		URL: o.URL, Protocol: o.Protocol, Model: o.Model, Version: o.Version, Batch: o.Batch, Inputs: inputs,
		Rate: o.Rate, Clients: o.Clients, Warmup: r.warm, Unsent: r.notSent, Sending: max(sending, 0), Elapsed: max(elapsed, 0),
		BytesSent: r.sent, BytesReceived: r.received, Late: r.late.summary(),
		Checked: r.compared, Mismatches: r.mismatches, Mismatch: r.mismatch,
	}
	if o.Rate > 0 {
		out.Arrivals = o.Arrivals
	}
	for code, t := range r.outcomes {
		outcome := Outcome{Code: code, Good: t.good, Answer: t.answer, Example: t.example, Latency: t.summary(), Histogram: t.bins(), Quantiles: t.quantiles()}
		out.Outcomes = append(out.Outcomes, outcome)
		out.Sent += outcome.Latency.Count
		if t.answer {
			out.Answered += outcome.Latency.Count
		}
		if t.good {
			out.Good += outcome.Latency.Count
		}
	}
	slices.SortFunc(out.Outcomes, func(a, b Outcome) int {
		return cmp.Or(rank(a)-rank(b), cmp.Compare(a.Code, b.Code))
	})
	out.SentRate, out.AnsweredRate, out.GoodRate = rate(out.Sent, out.Sending), rate(out.Answered, out.Elapsed), rate(out.Good, out.Elapsed)
	if o.Duration > 0 && sending >= o.Duration {
		out.AnsweredRate, out.GoodRate = rate(r.answered, o.Duration), rate(r.good, o.Duration)
	}
	return out
}

// rank orders outcomes: good ones, other answers, none.
func rank(o Outcome) int {
	switch {
	case o.Good:
		return 0
	case o.Answer:
		return 1
	}
	return 2
}

// rate returns how many a second n in d are.
func rate(n int64, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return float64(n) / d.Seconds()
}

// distribution is a histogram of times with their exact maximum and sum.
type distribution struct {
	histogram *hdrhistogram.Histogram
	sum, most time.Duration
}

func newDistribution() *distribution {
	return &distribution{histogram: hdrhistogram.New(int64(leastLatency), int64(mostLatency), digits)}
}

func (d *distribution) add(t time.Duration) {
	t = max(t, 0)
	d.sum += t
	d.most = max(d.most, t)
	if err := d.histogram.RecordValue(int64(min(t, mostLatency))); err != nil {
		panic("bug: " + err.Error()) // the value is within the bounds
	}
}

// quantile returns the time that a share q of all times do not exceed.
func (d *distribution) quantile(q float64) time.Duration {
	return min(time.Duration(d.histogram.ValueAtPercentile(100*q)), d.most)
}

func (d *distribution) summary() Latency {
	n := d.histogram.TotalCount()
	if n == 0 {
		return Latency{}
	}
	return Latency{
		Count: n, Mean: d.sum / time.Duration(n), Max: d.most,
		P50: d.quantile(0.5), P90: d.quantile(0.9), P99: d.quantile(0.99), P999: d.quantile(0.999),
	}
}
