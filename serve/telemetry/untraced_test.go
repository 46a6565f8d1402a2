package telemetry

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Where no traces are taken, a line of the log still has the id of the caller's.
func TestLogsNameTheCallersTraceWithoutTracing(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "")
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "")
	provider, end, err := NewTracing(context.Background(), TraceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	o := LogOptions{Logger: NewLogger(&log, slog.LevelDebug)}
	h := HTTPTracing(provider)(HTTPLog(o)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	r := httptest.NewRequest("GET", "/v2", nil)
	const id = "0af7651916cd43dd8448eb211c80319c"
	r.Header.Set("traceparent", "00-"+id+"-b7ad6b7169203331-01")
	h.ServeHTTP(httptest.NewRecorder(), r)
	if !strings.Contains(log.String(), `"trace_id":"`+id+`"`) {
		t.Errorf("got %s", &log)
	}
	if err := end(context.Background()); err != nil {
		t.Error(err)
	}
}
