package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"
)

// What is asked for at each scrape.
var (
	descQueue   = prometheus.NewDesc("octet_queue_length", "Examples that wait.", labels, nil)
	descRunning = prometheus.NewDesc("octet_running_batches", "Batches that run.", labels, nil)
	descLoaded  = prometheus.NewDesc("octet_model_loaded_timestamp_seconds", "When the version that serves was loaded, in Unix time.", labels, nil)
	descReady   = prometheus.NewDesc("octet_models_ready", "Models of which a version serves.", nil, nil)
	descBytes   = prometheus.NewDesc("octet_in_flight_bytes", "Bytes that requests hold.", nil, nil)
	descLimit   = prometheus.NewDesc("octet_in_flight_limit_bytes", "Bytes that requests may hold; 0: no bound.", nil, nil)
)

// versionCollector collects all that depends on which models there are.
type versionCollector struct{ m *Metrics }

// Describe sends the descriptions.
func (c versionCollector) Describe(to chan<- *prometheus.Desc) {
	for _, v := range c.m.families.vectors() {
		v.Describe(to)
	}
	for _, d := range []*prometheus.Desc{descQueue, descRunning, descLoaded, descReady, descBytes, descLimit} {
		to <- d
	}
}

// Collect sends the series, and forgets those of versions that have gone.
func (c versionCollector) Collect(to chan<- prometheus.Metric) {
	serving := c.m.serving()
	models := make(map[string]bool)
	for _, v := range serving {
		number := v.Version()
		c.m.of(versionKey{v.Model, number})
		models[v.Model] = true
		waiting, running := v.Queue.Waiting()
		to <- gauge(descQueue, float64(waiting), v.Model, number)
		to <- gauge(descRunning, float64(running), v.Model, number)
		to <- gauge(descLoaded, float64(v.Loaded.UnixMilli())/1e3, v.Model, number)
	}
	gone := c.m.gone(serving)
	for _, v := range c.m.families.vectors() {
		v.Collect(to)
	}
	if s := c.m.service.Load(); s != nil {
		to <- gauge(descReady, float64(len(models)))
		to <- gauge(descBytes, float64(s.Budget().Used()))
		to <- gauge(descLimit, float64(s.Budget().Limit()))
	}
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	c.m.drop(gone)
}

// gauge makes a gauge.
func gauge(d *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}
