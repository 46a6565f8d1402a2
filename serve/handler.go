package serve

import (
	"net/http"
	"strings"

	"go.opentelemetry.io/otel/trace"

	"github.com/octet-ml/octet/serve/pictures"
	"github.com/octet-ml/octet/serve/rest"
	"github.com/octet-ml/octet/serve/telemetry"
)

// Paths of probes, which need no token and leave no trace.
var probes = []string{"/v2/health/live", "/v2/health/ready"}

// newHandler returns what answers on the HTTP port.
func (s *Server) newHandler(provider trace.TracerProvider) http.Handler {
	o := s.options
	protocol := rest.New(s.service, rest.Options{Version: o.Version, MaxBody: o.MaxRequestBytes})
	files := pictures.New(s.service, pictures.Options{MaxBody: o.MaxRequestBytes, Observer: s.observer, Sample: o.Sample})
	var h http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.service.Leaving() {
			w.Header().Set("Connection", "close") // so that the client's next request goes to a server that stays
		}
		if r.URL.Path == "/v2" || strings.HasPrefix(r.URL.Path, "/v2/") {
			protocol.ServeHTTP(w, r)
			return
		}
		files.ServeHTTP(w, r)
	})
	if o.Tokens != nil {
		h = o.Tokens.HTTP(h)
	}
	return telemetry.HTTPTracing(provider, probes...)(telemetry.HTTPLog(s.logOptions())(h))
}

// logOptions says what is logged of requests.
func (s *Server) logOptions() telemetry.LogOptions {
	log := telemetry.LogOptions{Logger: s.options.Logger}
	if s.options.LogRequests {
		log.Succeeded = log.Failed
	}
	return log
}

// metricsHandler returns what answers on the metrics port.
func (s *Server) metricsHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.metrics.Handler())
	return mux
}
