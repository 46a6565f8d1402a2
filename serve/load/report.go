package load

import (
	"math"
	"slices"
	"time"
)

// Report is what became of the requests of a run. But for Warmup, requests in the warm-up count nowhere.
type Report struct {
	URL      string   `json:"url"`
	Protocol Protocol `json:"protocol"`
	Model    string   `json:"model"`
	Version  string   `json:"version,omitempty"` // that was asked for
	Batch    int      `json:"batch"`             // examples of a request
	Inputs   int      `json:"inputs"`            // different requests
	Rate     float64  `json:"rate,omitempty"`    // wanted, requests a second; 0 in a closed loop
	Arrivals Arrivals `json:"arrivals,omitempty"`
	Clients  int      `json:"clients,omitempty"` // of a closed loop

	Warmup   int64 `json:"warmup_requests"`
	Sent     int64 `json:"sent"`
	Unsent   int64 `json:"unsent"`   // fell due while as many as allowed were in flight
	Answered int64 `json:"answered"` // with any status
	Good     int64 `json:"good"`

	Sending  time.Duration `json:"sending_ns"` // the time in which requests were sent
	Elapsed  time.Duration `json:"elapsed_ns"` // the same, and until the last answer
	SentRate float64       `json:"sent_per_second"`
	// Answers that came in the time of Options.Duration, to requests of the warm-up, too, as those to the last requests come after it:
	// what the server does while it has as much to do as it is to have. Where the run ended before, answers in Elapsed.
	AnsweredRate float64 `json:"answered_per_second"`
	GoodRate     float64 `json:"good_per_second"`

	BytesSent     int64 `json:"bytes_sent"` // of bodies, whether the server took them or not
	BytesReceived int64 `json:"bytes_received"`

	Outcomes []Outcome `json:"outcomes"` // good ones first, then other answers, then none
	// Late is how much later than due requests were sent. It is part of their latency.
	Late Latency `json:"late"`

	Checked    int64  `json:"checked"`            // good answers compared with the first to the same input, warm-up included
	Mismatches int64  `json:"mismatches"`         // that were not the same
	Mismatch   string `json:"mismatch,omitempty"` // the first

	Interrupted bool `json:"interrupted"` // the context ended
}

// Outcomes without an answer.
const (
	Refused   = "refused"   // the server does not listen
	Reset     = "reset"     // the connection was reset before the answer
	Closed    = "closed"    // the connection was closed before the answer, as when a server's idle timeout meets a request
	CutOff    = "cut off"   // the answer's body broke off
	Timeout   = "timeout"   // Options.Timeout was over
	Cancelled = "cancelled" // the context ended
	Failed    = "failed"    // anything else: names, certificates, what is not HTTP
	NotSent   = "not sent"  // in lists of expected outcomes: requests that Report.Unsent counts
)

// Outcome is what became of requests, and how long it took, from when they were due.
type Outcome struct {
	// Code is the answer's status, "200" in HTTP, "OK" in gRPC, or one of the constants where no answer came.
	Code      string     `json:"code"`
	Good      bool       `json:"good"`   // 200 or OK
	Answer    bool       `json:"answer"` // a status came
	Latency   Latency    `json:"latency"`
	Example   string     `json:"example,omitempty"` // what was wrong the first time
	Histogram []Bin      `json:"histogram"`
	Quantiles []Quantile `json:"quantiles"`
}

// Latency describes times.
type Latency struct {
	Count int64         `json:"count"`
	Mean  time.Duration `json:"mean_ns"`
	P50   time.Duration `json:"p50_ns"`
	P90   time.Duration `json:"p90_ns"`
	P99   time.Duration `json:"p99_ns"`
	P999  time.Duration `json:"p999_ns"`
	Max   time.Duration `json:"max_ns"`
}

// Bin is a bar of a histogram: how many times are at least From and less than To.
type Bin struct {
	From  time.Duration `json:"from_ns"`
	To    time.Duration `json:"to_ns"`
	Count int64         `json:"count"`
}

// Quantile is a point of the curve of quantiles: a share of the requests took no longer than Time.
type Quantile struct {
	Share float64       `json:"share"`
	Time  time.Duration `json:"time_ns"`
}

// Of returns the outcome with a code, the zero Outcome where nothing had it.
func (r *Report) Of(code string) Outcome {
	for _, o := range r.Outcomes {
		if o.Code == code {
			return o
		}
	}
	return Outcome{Code: code}
}

// Unexpected returns the codes of outcomes that are not in a list, NotSent among them.
func (r *Report) Unexpected(expected []string) (codes []string) {
	for _, o := range r.Outcomes {
		if !slices.Contains(expected, o.Code) {
			codes = append(codes, o.Code)
		}
	}
	if r.Unsent > 0 && !slices.Contains(expected, NotSent) {
		codes = append(codes, NotSent)
	}
	return codes
}

// binsPerDecade is into how many bars a factor of ten is cut.
const binsPerDecade = 10

// bins returns the histogram in bars of equal width on a logarithmic axis, from the first to the last that is not empty.
func (d *distribution) bins() (bins []Bin) {
	edge := func(i int) time.Duration {
		return time.Duration(math.Round(float64(leastLatency) * math.Pow(10, float64(i)/binsPerDecade)))
	}
	place := 0
	for _, bar := range d.histogram.Distribution() {
		if bar.Count == 0 {
			continue
		}
		at := time.Duration(bar.From)
		for at >= edge(place+1) {
			place++
			if len(bins) > 0 {
				bins = append(bins, Bin{From: edge(place), To: edge(place + 1)})
			}
		}
		if len(bins) == 0 {
			bins = []Bin{{From: edge(place), To: edge(place + 1)}}
		}
		bins[len(bins)-1].Count += bar.Count
	}
	return bins
}

// quantiles returns the curve of quantiles: the share that is left out halves in two steps until it is less than one request.
func (d *distribution) quantiles() (curve []Quantile) {
	n := float64(d.histogram.TotalCount())
	for left := 1.0; left*n >= 1; left /= math.Sqrt2 {
		curve = append(curve, Quantile{Share: 1 - left, Time: d.quantile(1 - left)})
	}
	if n > 0 {
		curve = append(curve, Quantile{Share: 1, Time: d.most})
	}
	return curve
}
