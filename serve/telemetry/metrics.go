package telemetry

import (
	"log/slog"
	"net/http"
	goruntime "runtime"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/octet-ml/octet/serve/batch"
	"github.com/octet-ml/octet/serve/oip"
	"github.com/octet-ml/octet/serve/repository"
)

// MetricsOptions says what a Metrics tells besides what it sees.
type MetricsOptions struct {
	Version string       // of the program
	Level   string       // instruction-set level of its kernels
	Triton  bool         // the nv_inference_* family, too
	Logger  *slog.Logger // told about scrapes that fail; default: nowhere
}

// Metrics counts what a server does, for Prometheus, in a registry of its own. It is safe for concurrent use.
//
// Series are kept for versions of models that serve. Those of a version that has gone are answered once more, so that its last requests
// are seen, and then forgotten.
type Metrics struct {
	options  MetricsOptions
	registry *prometheus.Registry
	families families
	service  atomic.Pointer[oip.Service]

	series atomic.Pointer[map[versionKey]*series] // never changed, but replaced
	mu     sync.Mutex                             // held while it is replaced
}

// versionKey names a version of a model.
type versionKey struct{ model, version string }

// labels are the names of the values of a versionKey.
var labels = []string{"model", "version"}

// values returns the key's label values.
func (k versionKey) values() []string { return []string{k.model, k.version} }

// NewMetrics returns metrics of nothing: Watch tells what they are of.
func NewMetrics(o MetricsOptions) *Metrics {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	m := &Metrics{options: o, registry: prometheus.NewRegistry(), families: newFamilies()}
	m.series.Store(&map[versionKey]*series{})
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "octet_build_info", Help: "What serves: always 1."}, []string{"version", "level", "goversion"})
	build.WithLabelValues(o.Version, o.Level, goruntime.Version()).Set(1)
	m.registry.MustRegister(build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), versionCollector{m})
	if o.Triton {
		m.registry.MustRegister(tritonCollector{m})
	}
	return m
}

// Watch says whose models, queues and bytes are collected from now on. A service is made with Observe, which is why it cannot be an option.
func (m *Metrics) Watch(s *oip.Service) { m.service.Store(s) }

// Handler answers scrapes. It is not for everybody's eyes: serve it where operations are.
//
// OpenMetrics is not offered, for it would rename counters that do not end in _total, as Triton's do not.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorLog:            slog.NewLogLogger(m.options.Logger.Handler(), slog.LevelError),
		ErrorHandling:       promhttp.ContinueOnError,
		MaxRequestsInFlight: 4,
	})
}

// Observe counts a request: oip.Options.Observe.
func (m *Metrics) Observe(o oip.Observation) {
	s := m.of(versionKey{o.Model, o.Version})
	if o.Code < oip.Codes {
		s.requests[o.Code].Inc()
	}
	s.duration.Observe(o.Took.Seconds())
	if o.Code == oip.OK {
		s.examples.Add(float64(o.Examples))
	}
	t := &o.Times
	if !t.Queued.IsZero() {
		s.wait.Observe(t.Wait.Seconds())
	}
	if t.Decode > 0 {
		s.decode.Observe(t.Decode.Seconds())
	}
	if t.Preprocess > 0 {
		s.preprocess.Observe(t.Preprocess.Seconds())
	}
}

// OnBatch counts a batch: repository.Options.OnBatch.
func (m *Metrics) OnBatch(v *repository.Version, b batch.Batch) {
	s := m.of(versionKey{v.Model, v.Version()})
	s.infer.Observe(b.Run.Seconds())
	s.size.Observe(float64(b.Examples))
}

// serving returns the versions that serve; none before Watch.
func (m *Metrics) serving() []*repository.Version {
	if s := m.service.Load(); s != nil {
		return s.Repository().Serving()
	}
	return nil
}

// of returns the series of a version.
func (m *Metrics) of(k versionKey) *series {
	if s := (*m.series.Load())[k]; s != nil {
		return s
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	old := *m.series.Load()
	if s := old[k]; s != nil {
		return s
	}
	if len(old) >= mostSeries {
		m.drop(m.gone(m.serving()))
		old = *m.series.Load()
	}
	s := m.families.series(k)
	m.replace(func(next map[versionKey]*series) { next[k] = s })
	return s
}

// mostSeries is how many versions may have series before those that have gone are forgotten without having been scraped again.
const mostSeries = 1 << 8

// gone returns those that have series but do not serve.
func (m *Metrics) gone(serving []*repository.Version) []versionKey {
	serves := make(map[versionKey]bool, len(serving))
	for _, v := range serving {
		serves[versionKey{v.Model, v.Version()}] = true
	}
	var out []versionKey
	for k := range *m.series.Load() {
		if !serves[k] {
			out = append(out, k)
		}
	}
	return out
}

// drop forgets series; the caller holds the lock.
func (m *Metrics) drop(list []versionKey) {
	if len(list) == 0 {
		return
	}
	m.replace(func(next map[versionKey]*series) {
		for _, k := range list {
			delete(next, k)
			m.families.drop(k)
		}
	})
}

// replace puts a changed copy of the series in their place; the caller holds the lock.
func (m *Metrics) replace(change func(map[versionKey]*series)) {
	old := *m.series.Load()
	next := make(map[versionKey]*series, len(old)+1)
	for k, s := range old {
		next[k] = s
	}
	change(next)
	m.series.Store(&next)
}
