package telemetry

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/test/bufconn"

	"github.com/octet-ml/octet/serve/internal/servetest"
	"github.com/octet-ml/octet/serve/oip"
	"github.com/octet-ml/octet/serve/repository"
)

// parent is a caller's span, as W3C Trace Context writes it.
const (
	parent   = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	parentID = "b7ad6b7169203331"
	traceID  = "0af7651916cd43dd8448eb211c80319c"
)

// find returns the one span of a name.
func find(t *testing.T, spans tracetest.SpanStubs, name string) tracetest.SpanStub {
	t.Helper()
	var found []tracetest.SpanStub
	for _, s := range spans {
		if s.Name == name {
			found = append(found, s)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d spans %q of %d", len(found), name, len(spans))
	}
	return found[0]
}

func TestARequestWithAPictureHasItsSpansBelowTheCaller(t *testing.T) {
	exporter := tracetest.NewInMemoryExporter()
	provider, shutdown, err := TraceOptions{Version: "v1"}.provide(context.Background(), sdktrace.WithSyncer(exporter))
	if err != nil {
		t.Fatal(err)
	}
	defer shutdown(context.Background())
	models := servetest.Repository(t, repository.Options{Dir: servetest.Folder(t, "digits")})
	s := oip.NewService(models, oip.Options{Tracer: provider.Tracer("octet")})
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/classify/{model}", func(w http.ResponseWriter, r *http.Request) {
		file, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if _, err := s.Classify(r.Context(), &oip.ClassifyRequest{Model: r.PathValue("model"), Pictures: [][]byte{file}}); err != nil {
			t.Error(err)
		}
	})
	mux.HandleFunc("GET /v2/health/live", func(http.ResponseWriter, *http.Request) {})
	h := HTTPTracing(provider, "/v2/health/live")(HTTPLog(LogOptions{})(mux))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/v2/health/live", nil))
	r := httptest.NewRequest(http.MethodPost, "/v1/classify/digits", strings.NewReader(string(servetest.Digit(t, "7"))))
	r.Header.Set("traceparent", parent)
	h.ServeHTTP(httptest.NewRecorder(), r)

	spans := exporter.GetSpans()
	if len(spans) != 6 {
		t.Fatalf("%d spans, want 6", len(spans))
	}
	outer := find(t, spans, "POST /v1/classify/{model}")
	if !outer.Parent.IsRemote() || outer.Parent.SpanID().String() != parentID || outer.SpanKind != trace.SpanKindServer {
		t.Errorf("got %+v", outer)
	}
	request := find(t, spans, "infer digits")
	if request.Parent.SpanID() != outer.SpanContext.SpanID() {
		t.Error("the request is not below the server's span")
	}
	last := request.StartTime
	for _, name := range []string{"decode", "preprocess", "queue", "infer"} {
		span := find(t, spans, name)
		if span.Parent.SpanID() != request.SpanContext.SpanID() || span.SpanContext.TraceID().String() != traceID {
			t.Errorf("%s is not below the request", name)
		}
		if span.StartTime.Before(last) || span.EndTime.Before(span.StartTime) || span.EndTime.After(request.EndTime) {
			t.Errorf("%s: %v to %v, after %v and before %v", name, span.StartTime, span.EndTime, last, request.EndTime)
		}
		last = span.EndTime
		attributes := attribute.NewSet(span.Attributes...)
		batch, has := attributes.Value("octet.batch")
		if has != (name == "infer") || has && batch.AsInt64() != 1 {
			t.Errorf("%s: got %v", name, span.Attributes)
		}
	}
	about := request.Resource.Set()
	for key, want := range map[attribute.Key]string{"service.name": "octet", "service.version": "v1", "telemetry.sdk.language": "go"} {
		if got, _ := about.Value(key); got.AsString() != want {
			t.Errorf("%s: got %q, want %q", key, got.AsString(), want)
		}
	}
}

func TestEnvironmentNamesTheService(t *testing.T) {
	t.Setenv("OTEL_SERVICE_NAME", "shop")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
	for _, c := range []struct{ option, want string }{{"", "shop"}, {"till", "till"}} {
		exporter := tracetest.NewInMemoryExporter()
		provider, _, err := TraceOptions{ServiceName: c.option}.provide(context.Background(), sdktrace.WithSyncer(exporter))
		if err != nil {
			t.Fatal(err)
		}
		_, span := provider.Tracer("").Start(context.Background(), "one")
		span.End()
		about := exporter.GetSpans()[0].Resource.Set()
		name, _ := about.Value("service.name")
		where, _ := about.Value("deployment.environment.name")
		if name.AsString() != c.want || where.AsString() != "test" {
			t.Errorf("got %v", about)
		}
	}
}

func TestTracesAreSampled(t *testing.T) {
	for _, c := range []struct {
		name    string
		ratio   float64
		sampler string
		parent  bool
		want    bool
	}{
		{"all by default", 0, "", false, true},
		{"what the environment says", 0, "parentbased_always_off", false, false},
		{"the option comes first", 1, "parentbased_always_off", false, true},
		{"the caller has decided", 1e-18, "", true, true},
		{"next to none", 1e-18, "", false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.sampler != "" {
				t.Setenv("OTEL_TRACES_SAMPLER", c.sampler)
			}
			provider, _, err := TraceOptions{Ratio: c.ratio}.provide(context.Background(), sdktrace.WithSyncer(tracetest.NewInMemoryExporter()))
			if err != nil {
				t.Fatal(err)
			}
			ctx := context.Background()
			if c.parent {
				ctx = Propagator().Extract(ctx, mapCarrier{"traceparent": parent})
			}
			_, span := provider.Tracer("").Start(ctx, "one")
			if got := span.SpanContext().IsSampled(); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// mapCarrier is a caller's headers.
type mapCarrier map[string]string

func (c mapCarrier) Get(key string) string { return c[key] }
func (c mapCarrier) Set(key, value string) { c[key] = value }
func (c mapCarrier) Keys() []string        { return nil }

func TestNoEndpointNoTraces(t *testing.T) {
	for _, env := range []map[string]string{
		{},
		{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_TRACES_EXPORTER": "none"},
	} {
		for key, value := range env {
			t.Setenv(key, value)
		}
		provider, shutdown, err := NewTracing(context.Background(), TraceOptions{})
		if _, off := provider.(noop.TracerProvider); err != nil || !off {
			t.Errorf("%v: got %T, %v", env, provider, err)
		}
		if err := shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

func TestBadTraceOptions(t *testing.T) {
	for _, o := range []TraceOptions{{Ratio: -1}, {Ratio: 1.5}, {Endpoint: "collector:4318"}, {Endpoint: "grpc://collector"}, {Endpoint: "http://"}} {
		if _, _, err := NewTracing(context.Background(), o); !errors.Is(err, ErrTrace) {
			t.Errorf("%+v: got %v", o, err)
		}
	}
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
	if _, _, err := NewTracing(context.Background(), TraceOptions{Endpoint: "http://127.0.0.1:1"}); !errors.Is(err, ErrTrace) {
		t.Errorf("got %v", err)
	}
}

func TestSpansReachACollector(t *testing.T) {
	for _, fromEnv := range []bool{false, true} {
		var mu sync.Mutex
		var got []string
		collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			mu.Lock()
			defer mu.Unlock()
			got = append(got, r.URL.Path, r.Header.Get("x-team"), string(body))
		}))
		o := TraceOptions{Endpoint: collector.URL, Headers: map[string]string{"x-team": "vision"}}
		if fromEnv {
			o = TraceOptions{}
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
			t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-team=vision")
		}
		provider, shutdown, err := NewTracing(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		_, span := provider.Tracer("test").Start(context.Background(), "a span of mine")
		span.End()
		if err := shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		collector.Close()
		if len(got) != 3 || got[0] != "/v1/traces" || got[1] != "vision" || !strings.Contains(got[2], "a span of mine") {
			t.Errorf("got %q", got)
		}
	}
}

func TestLostTracesAreLogged(t *testing.T) {
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusBadRequest) }))
	defer collector.Close()
	var log strings.Builder
	provider, shutdown, err := NewTracing(context.Background(), TraceOptions{Endpoint: collector.URL, Logger: NewLogger(&log, slog.LevelWarn)})
	if err != nil {
		t.Fatal(err)
	}
	_, span := provider.Tracer("test").Start(context.Background(), "lost")
	span.End()
	if err := shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.String(), `"msg":"traces are lost","spans":1`) {
		t.Errorf("got %q", log.String())
	}
}

// dial returns a connection to a server in memory, and what ends both, at the latest with the test.
func dial(t *testing.T, s *grpc.Server) (*grpc.ClientConn, func()) {
	t.Helper()
	l := bufconn.Listen(1 << 16)
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	conn, err := grpc.NewClient("passthrough:///memory", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	stop := sync.OnceFunc(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		s.GracefulStop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return conn, stop
}

func TestCallsHaveSpansBelowTheCaller(t *testing.T) {
	exporter := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter))
	s := grpc.NewServer(grpc.StatsHandler(RPCTracing(provider)))
	healthpb.RegisterHealthServer(s, health.NewServer())
	registerEcho(s)
	conn, stop := dial(t, s)
	ctx := metadata.AppendToOutgoingContext(context.Background(), "traceparent", parent)
	if _, err := healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{}); err != nil {
		t.Fatal(err)
	}
	if _, err := callEcho(ctx, conn, "hello"); err != nil {
		t.Fatal(err)
	}
	stop() // spans end behind their calls
	spans := exporter.GetSpans()
	if len(spans) != 1 || spans[0].Name != "test.Echo/Echo" || spans[0].Parent.SpanID().String() != parentID {
		t.Errorf("got %+v", spans)
	}
}
