package serve

import (
	"context"
	"net/http"
	"strings"

	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"

	"github.com/octet-ml/octet/serve/guard"
	"github.com/octet-ml/octet/serve/inference"
	"github.com/octet-ml/octet/serve/pictures"
	"github.com/octet-ml/octet/serve/rest"
	"github.com/octet-ml/octet/serve/telemetry"
)

// probes are the paths of those who look whether the server is well: they need no token and leave no trace.
var probes = []string{"/v2/health/live", "/v2/health/ready"}

// newAccess says who may do what. Probes need no token, and neither does the page, which asks for one itself.
func newAccess(o Options) *guard.Access {
	exempt := append([]string{
		inference.GRPCInferenceService_ServerLive_FullMethodName, inference.GRPCInferenceService_ServerReady_FullMethodName,
	}, probes...)
	return &guard.Access{Tokens: o.Tokens, Admin: o.AdminTokens, Exempt: append(exempt, pictures.PagePaths()...)}
}

// tap refuses calls from their header and logs that, as the interceptors that log do not see them.
func (s *Server) tap(ctx context.Context, info *tap.Info) (context.Context, error) {
	ctx, err := s.access.Tap(ctx, info)
	if err != nil {
		remote := ""
		if p, ok := peer.FromContext(ctx); ok {
			remote = p.Addr.String()
		}
		s.options.Logger.Info("request", "method", info.FullMethodName, "code", status.Code(err).String(), "error", status.Convert(err).Message(), "remote", remote)
	}
	return ctx, err
}

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
	h = s.access.HTTP(rest.WriteError)(h)
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

// adminHandler returns what answers on the admin port: profiles, for those who have a token of the administrators where there are any.
func (s *Server) adminHandler() http.Handler {
	a := &guard.Access{Tokens: s.options.AdminTokens}
	return a.HTTP(rest.WriteError)(guard.Profiles())
}
