package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/octet-ml/octet/serve/oip"
)

// seconds are the upper bounds of the classic buckets of times.
var seconds = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// families are the metrics that have series for each version of a model.
type families struct {
	requests   *prometheus.CounterVec
	examples   *prometheus.CounterVec
	duration   *prometheus.HistogramVec
	wait       *prometheus.HistogramVec
	decode     *prometheus.HistogramVec
	preprocess *prometheus.HistogramVec
	infer      *prometheus.HistogramVec
	size       *prometheus.HistogramVec
}

// series are those of a version, got once.
type series struct {
	requests                                        [oip.Codes]prometheus.Counter
	examples                                        prometheus.Counter
	duration, wait, decode, preprocess, infer, size prometheus.Observer
}

// newFamilies returns families without series.
func newFamilies() families {
	counter := func(name, help string, more ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, append(labels[:2:2], more...))
	}
	return families{
		requests:   counter("octet_requests_total", "Requests that named a model that serves, by the kind of their outcome.", "code"),
		examples:   counter("octet_examples_total", "Examples of requests that were answered."),
		duration:   newTimes("octet_request_duration_seconds", "Time from a request's arrival to its outcome, without reading and writing it."),
		wait:       newTimes("octet_queue_wait_seconds", "Time that a request waited in its model's queue."),
		decode:     newTimes("octet_decode_seconds", "Time that decoding took, of all pictures of a request."),
		preprocess: newTimes("octet_preprocess_seconds", "Time from pixels to tensors, of all pictures of a request."),
		infer:      newTimes("octet_infer_duration_seconds", "Time that a batch ran."),
		size: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "octet_batch_size", Help: "Examples of a batch.", Buckets: prometheus.ExponentialBuckets(1, 2, 9),
		}, labels),
	}
}

// newTimes returns a family of times. Who scrapes in protobuf gets native histograms besides, whose buckets are 10 % wide.
func newTimes(name, help string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: name, Help: help, Buckets: seconds,
		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 160, NativeHistogramMinResetDuration: time.Hour,
	}, labels)
}

// vectors returns all families.
func (f *families) vectors() []prometheus.Collector {
	out := []prometheus.Collector{f.requests, f.examples, f.size}
	for _, h := range f.times() {
		out = append(out, h)
	}
	return out
}

// times returns the families of times.
func (f *families) times() []*prometheus.HistogramVec {
	return []*prometheus.HistogramVec{f.duration, f.wait, f.decode, f.preprocess, f.infer}
}

// series makes the series of a version, all of them, so that what has not happened yet is 0 and not absent.
func (f *families) series(k versionKey) *series {
	s := &series{
		examples: f.examples.WithLabelValues(k.values()...),
		duration: f.duration.WithLabelValues(k.values()...), wait: f.wait.WithLabelValues(k.values()...),
		decode: f.decode.WithLabelValues(k.values()...), preprocess: f.preprocess.WithLabelValues(k.values()...),
		infer: f.infer.WithLabelValues(k.values()...), size: f.size.WithLabelValues(k.values()...),
	}
	for code := range oip.Codes {
		s.requests[code] = f.requests.WithLabelValues(k.model, k.version, code.String())
	}
	return s
}

// drop forgets the series of a version.
func (f *families) drop(k versionKey) {
	f.requests.DeletePartialMatch(prometheus.Labels{"model": k.model, "version": k.version})
	f.examples.DeleteLabelValues(k.values()...)
	f.size.DeleteLabelValues(k.values()...)
	for _, h := range f.times() {
		h.DeleteLabelValues(k.values()...)
	}
}
