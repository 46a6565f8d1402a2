package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/octet-ml/octet/serve/repository"
)

// tritonFamily is a metric of Triton Inference Server, as its docs/user_guide/metrics.md lists them, computed from what a version has
// counted.
type tritonFamily struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(*repository.Version, *repository.Snapshot) float64
}

// tritonFailures are the failed requests, by Triton's reasons.
var tritonFailures = prometheus.NewDesc("nv_inference_request_failure", "Failed requests, by reason.", append(labels[:2:2], "reason"), nil)

// tritonFamilies are the metrics that have one series for each version. Times are sums over requests that were answered.
var tritonFamilies = []tritonFamily{
	counter("nv_inference_request_success", "Requests that were answered.", func(s *repository.Snapshot) float64 { return float64(s.Success.Count) }),
	counter("nv_inference_count", "Examples of requests that were answered.", func(s *repository.Snapshot) float64 { return float64(s.Inferences) }),
	counter("nv_inference_exec_count", "Batches that have run.", func(s *repository.Snapshot) float64 { return float64(s.Executions) }),
	counter("nv_inference_request_duration_us", "Time from arrival to answer, in microseconds.", func(s *repository.Snapshot) float64 { return microseconds(s.Success.Time) }),
	counter("nv_inference_queue_duration_us", "Time in the queue, in microseconds.", func(s *repository.Snapshot) float64 { return microseconds(s.Queue.Time) }),
	counter("nv_inference_compute_input_duration_us", "Time that putting inputs together took, in microseconds.", func(s *repository.Snapshot) float64 { return microseconds(s.Input.Time) }),
	counter("nv_inference_compute_infer_duration_us", "Time that the model ran, in microseconds.", func(s *repository.Snapshot) float64 { return microseconds(s.Infer.Time) }),
	counter("nv_inference_compute_output_duration_us", "Time that taking outputs apart took, in microseconds.", func(s *repository.Snapshot) float64 { return microseconds(s.Output.Time) }),
	{
		desc: prometheus.NewDesc("nv_inference_pending_request_count", "Requests that wait.", labels, nil), kind: prometheus.GaugeValue,
		value: func(v *repository.Version, _ *repository.Snapshot) float64 { return float64(v.Queue.Pending()) },
	},
}

// counter returns a family of counters.
func counter(name, help string, value func(*repository.Snapshot) float64) tritonFamily {
	return tritonFamily{
		desc: prometheus.NewDesc(name, help, labels, nil), kind: prometheus.CounterValue,
		value: func(_ *repository.Version, s *repository.Snapshot) float64 { return value(s) },
	}
}

// microseconds returns a time as Triton gives it, in whole microseconds.
func microseconds(d time.Duration) float64 { return float64(d.Microseconds()) }

// tritonCollector collects Triton's metrics.
type tritonCollector struct{ m *Metrics }

// Describe sends the descriptions.
func (c tritonCollector) Describe(to chan<- *prometheus.Desc) {
	to <- tritonFailures
	for _, f := range tritonFamilies {
		to <- f.desc
	}
}

// Collect sends the series of the versions that serve.
func (c tritonCollector) Collect(to chan<- prometheus.Metric) {
	for _, v := range c.m.serving() {
		s, number := v.Stats.Snapshot(), v.Version()
		for _, f := range tritonFamilies {
			to <- prometheus.MustNewConstMetric(f.desc, f.kind, f.value(v, &s), v.Model, number)
		}
		for _, r := range []struct {
			reason string
			count  uint64
		}{
			{"REJECTED", s.Rejected},
			{"CANCELED", s.Cancelled},
			{"BACKEND", s.Internal},
			{"OTHER", s.Fail.Count - s.Rejected - s.Cancelled - s.Internal},
		} {
			to <- prometheus.MustNewConstMetric(tritonFailures, prometheus.CounterValue, float64(r.count), v.Model, number, r.reason)
		}
	}
}
