package telemetry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc/filters"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	noopmetric "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"google.golang.org/grpc/stats"
)

// ErrTrace is returned when tracing is asked for in a way that makes no sense.
var ErrTrace = errors.New("bad tracing options")

// TraceOptions says where traces go. What it leaves open is as OpenTelemetry's environment variables say: OTEL_EXPORTER_OTLP_ENDPOINT,
// _HEADERS, _CERTIFICATE, _TIMEOUT and their forms for traces, OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER,
// OTEL_TRACES_EXPORTER=none, OTEL_SDK_DISABLED and OTEL_BSP_*.
type TraceOptions struct {
	Endpoint    string            // URL of a collector, OTLP over HTTP; /v1/traces where it has no path. Without one here and in the environment: no traces
	Ratio       float64           // of requests whose caller has not decided, above 0 to 1; 0: OTEL_TRACES_SAMPLER, by default all
	ServiceName string            // default OTEL_SERVICE_NAME, or "octet"
	Version     string            // of the program
	Headers     map[string]string // sent to the collector
	Logger      *slog.Logger      // told about spans that could not be sent; default: nowhere
}

// NewTracing returns a tracer provider, and what sends the spans that it still holds and ends it. It returns one that does nothing
// where no endpoint is set. A collector that is not there loses spans and holds up no request. Errors wrap ErrTrace.
func NewTracing(ctx context.Context, o TraceOptions) (trace.TracerProvider, func(context.Context) error, error) {
	if !(o.Ratio >= 0 && o.Ratio <= 1) {
		return nil, nil, fmt.Errorf("%w: ratio %v: want 0 to 1", ErrTrace, o.Ratio)
	}
	if !o.on() {
		return noop.NewTracerProvider(), func(context.Context) error { return nil }, nil
	}
	protocol := cmp.Or(os.Getenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"), os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL"))
	if protocol != "" && !strings.HasPrefix(protocol, "http/") {
		return nil, nil, fmt.Errorf("%w: OTLP over %q: traces are sent over HTTP only", ErrTrace, protocol)
	}
	var list []otlptracehttp.Option
	if o.Endpoint != "" {
		endpoint, err := endpointURL(o.Endpoint)
		if err != nil {
			return nil, nil, err
		}
		list = append(list, otlptracehttp.WithEndpointURL(endpoint))
	}
	if len(o.Headers) > 0 {
		list = append(list, otlptracehttp.WithHeaders(o.Headers))
	}
	exporter, err := otlptracehttp.New(ctx, list...)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrTrace, err)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o.provide(ctx, sdktrace.WithBatcher(loggedExporter{exporter, o.Logger}))
}

// on reports whether spans are wanted.
func (o TraceOptions) on() bool {
	if strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") || os.Getenv("OTEL_TRACES_EXPORTER") == "none" {
		return false
	}
	return o.Endpoint != "" || os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
}

// endpointURL checks a collector's URL and completes its path.
func endpointURL(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil {
		return "", fmt.Errorf("%w: endpoint: %w", ErrTrace, err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", fmt.Errorf("%w: endpoint %q: want a URL such as http://collector:4318", ErrTrace, s)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/v1/traces"
	}
	return u.String(), nil
}

// provide returns a provider whose spans go where the processor takes them.
func (o TraceOptions) provide(ctx context.Context, processor sdktrace.TracerProviderOption) (trace.TracerProvider, func(context.Context) error, error) {
	attributes := []attribute.KeyValue{attribute.String("service.version", o.Version)}
	if o.ServiceName != "" {
		attributes = append(attributes, attribute.String("service.name", o.ServiceName))
	}
	// Later ones win.
	about, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", "octet")), resource.WithTelemetrySDK(), resource.WithHost(),
		resource.WithProcessRuntimeVersion(), resource.WithFromEnv(), resource.WithAttributes(attributes...))
	if err != nil && !errors.Is(err, resource.ErrPartialResource) {
		return nil, nil, fmt.Errorf("%w: resource: %w", ErrTrace, err)
	}
	list := []sdktrace.TracerProviderOption{processor, sdktrace.WithResource(about)}
	if o.Ratio > 0 {
		list = append(list, sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(o.Ratio))))
	}
	provider := sdktrace.NewTracerProvider(list...)
	return provider, provider.Shutdown, nil
}

// loggedExporter logs what cannot be sent, in place of OpenTelemetry's global handler of errors.
type loggedExporter struct {
	sdktrace.SpanExporter
	logger *slog.Logger
}

// ExportSpans sends spans.
func (e loggedExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if err := e.SpanExporter.ExportSpans(ctx, spans); err != nil {
		e.logger.Warn("traces are lost", "spans", len(spans), "error", err)
	}
	return nil
}

// Propagator is how a trace comes with a request: the W3C's traceparent and tracestate.
func Propagator() propagation.TextMapPropagator { return propagation.TraceContext{} }

// HTTPTracing returns middleware that has a span for each request, below the caller's, but none for paths of the list, such as those of
// probes and of metrics.
func HTTPTracing(provider trace.TracerProvider, without ...string) func(http.Handler) http.Handler {
	return otelhttp.NewMiddleware("octet",
		otelhttp.WithTracerProvider(provider), otelhttp.WithPropagators(Propagator()), otelhttp.WithMeterProvider(noopmetric.NewMeterProvider()),
		otelhttp.WithFilter(func(r *http.Request) bool { return !slices.Contains(without, r.URL.Path) }))
}

// RPCTracing returns a handler for grpc.StatsHandler that has a span for each call, below the caller's, but none for health checks.
func RPCTracing(provider trace.TracerProvider) stats.Handler {
	return otelgrpc.NewServerHandler(
		otelgrpc.WithTracerProvider(provider), otelgrpc.WithPropagators(Propagator()), otelgrpc.WithMeterProvider(noopmetric.NewMeterProvider()),
		otelgrpc.WithFilter(filters.Not(filters.HealthCheck())))
}
