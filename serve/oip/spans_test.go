package oip_test

import (
	"context"
	"errors"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/octet-ml/octet/serve/internal/servetest"
	"github.com/octet-ml/octet/serve/oip"
	"github.com/octet-ml/octet/serve/repository"
)

// traced returns a service for model "digits" and where its spans go.
func traced(t *testing.T) (*oip.Service, *tracetest.SpanRecorder) {
	t.Helper()
	spans := tracetest.NewSpanRecorder()
	provider := trace.NewTracerProvider(trace.WithSpanProcessor(spans))
	models := servetest.Repository(t, repository.Options{Dir: servetest.Folder(t, "digits")})
	return oip.NewService(models, oip.Options{Tracer: provider.Tracer("test")}), spans
}

// counts returns how many spans there are of each name, after checking that all lie within the one named root, whose code it
// compares.
func counts(t *testing.T, spans []trace.ReadOnlySpan, root, code string) map[string]int {
	t.Helper()
	out := make(map[string]int)
	if len(spans) == 0 {
		t.Fatal("no span")
	}
	parent := spans[len(spans)-1] // the last to end
	if parent.Name() != root || value(parent, "octet.code").AsString() != code {
		t.Fatalf("got %q, %v, want %q with code %q", parent.Name(), parent.Attributes(), root, code)
	}
	for _, s := range spans[:len(spans)-1] {
		out[s.Name()]++
		if s.Parent().SpanID() != parent.SpanContext().SpanID() {
			t.Errorf("%q is not below %q", s.Name(), root)
		}
		if s.StartTime().Before(parent.StartTime()) || s.EndTime().Before(s.StartTime()) || s.EndTime().After(parent.EndTime()) {
			t.Errorf("%q: %v to %v, outside of %v to %v", s.Name(), s.StartTime(), s.EndTime(), parent.StartTime(), parent.EndTime())
		}
	}
	return out
}

// value returns the value of a span's attribute.
func value(s trace.ReadOnlySpan, key attribute.Key) attribute.Value {
	for _, a := range s.Attributes() {
		if a.Key == key {
			return a.Value
		}
	}
	return attribute.Value{}
}

func TestEachPictureOfClassifyHasItsSpans(t *testing.T) {
	s, spans := traced(t)
	_, err := s.Classify(context.Background(), &oip.ClassifyRequest{Model: "digits", Pictures: [][]byte{
		servetest.Digit(t, "3"), servetest.Digit(t, "7"), []byte("\x89PNG\r\n\x1a\n, but no more")}})
	if err != nil {
		t.Fatal(err)
	}
	got := counts(t, spans.Ended(), "infer digits", "ok")
	if got["preprocess"] != 2 || got["queue"] != 2 || got["infer"] != 2 {
		t.Errorf("got %v", got)
	}
}

func TestABatchIsOneRun(t *testing.T) {
	s, spans := traced(t)
	files := oip.AppendBytes(oip.AppendBytes(nil, string(servetest.Digit(t, "3"))), string(servetest.Digit(t, "7")))
	input := s.Repository().Serving()[0].Program.Inputs()[0].Name
	request := &oip.Request{Model: "digits", Inputs: []oip.Tensor{{Name: input, Datatype: oip.Bytes, Shape: []int64{2}, Data: files}}}
	if _, err := s.Infer(context.Background(), request); err != nil {
		t.Fatal(err)
	}
	got := counts(t, spans.Ended(), "infer digits", "ok")
	if got["decode"] != 2 || got["preprocess"] != 2 || got["queue"] != 1 || got["infer"] != 1 {
		t.Errorf("got %v", got)
	}
	for _, span := range spans.Ended() {
		if span.Name() == "infer" && value(span, "octet.batch").AsInt64() != 2 {
			t.Errorf("got %v, want a batch of 2", span.Attributes())
		}
		if span.Name() == "infer digits" && value(span, "octet.examples").AsInt64() != 2 {
			t.Errorf("got %v, want 2 examples", span.Attributes())
		}
	}
}

func TestARefusedRequestHasNoSpanOfARun(t *testing.T) {
	s, spans := traced(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := s.Classify(ctx, &oip.ClassifyRequest{Model: "digits", Pictures: [][]byte{servetest.Digit(t, "3")}})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	ended := spans.Ended()
	if got := counts(t, ended, "infer digits", "cancelled"); got["infer"] != 0 {
		t.Errorf("got %v", got)
	}
	if status := ended[len(ended)-1].Status(); status.Code != codes.Error {
		t.Errorf("got %v, want an error", status)
	}
}

func TestEveryCodeHasAName(t *testing.T) {
	names := make(map[string]bool)
	for c := range oip.Codes {
		names[c.String()] = true
	}
	if len(names) != int(oip.Deadline)+1 || names["unknown"] || names[""] || oip.Codes.String() != "unknown" {
		t.Errorf("got %v", names)
	}
}
