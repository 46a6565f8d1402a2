package oip_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/octet-ml/octet/serve/internal/servetest"
	"github.com/octet-ml/octet/serve/oip"
	"github.com/octet-ml/octet/serve/repository"
)

// panicky is a tracer that panics where a span of a certain name begins.
type panicky struct {
	noop.Tracer
	at string
}

// Start returns a span that records nothing but says that it does.
func (p panicky) Start(ctx context.Context, name string, _ ...trace.SpanStartOption) (context.Context, trace.Span) {
	if name == p.at {
		panic(name)
	}
	return ctx, recording{}
}

// recording is a span.
type recording struct{ noop.Span }

// IsRecording makes the service begin further spans.
func (recording) IsRecording() bool { return true }

// A request that panics, wherever it does, is counted as one that failed by a fault of ours, and leaves nothing behind: neither bytes, nor
// the model, nor itself.
func TestPanicsLeaveNothingBehind(t *testing.T) {
	seven := servetest.Digit(t, "7")
	pictures := func(ctx context.Context, s *oip.Service) error {
		x := blank(t, s, 1)
		x.Datatype, x.Shape, x.Data = oip.Bytes, []int64{1}, oip.AppendBytes(nil, string(seven))
		_, err := s.Infer(ctx, &oip.Request{Model: "digits", Inputs: []oip.Tensor{x}})
		return err
	}
	classify := func(ctx context.Context, s *oip.Service) error {
		_, err := s.Classify(ctx, &oip.ClassifyRequest{Model: "digits", Pictures: [][]byte{seven}})
		return err
	}
	for _, c := range []struct {
		name, at string
		request  func(context.Context, *oip.Service) error
		observer bool // panics, too
	}{
		{"run", "queue", pictures, false},
		{"decoder", "decode", pictures, false},
		{"decoder of classify", "decode", classify, false},
		{"run of classify", "queue", classify, false},
		{"observer", "", pictures, true},
		{"run and observer", "queue", pictures, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var code oip.Code
			budget := oip.NewBudget(1 << 20)
			s := oip.NewService(servetest.Repository(t, repository.Options{Dir: servetest.Folder(t, "digits")}), oip.Options{
				Budget: budget, AllowChange: true, Tracer: panicky{at: c.at},
				Observe: func(o oip.Observation) {
					code = o.Code
					if c.observer {
						panic("observer")
					}
				},
			})
			v := s.Repository().Serving()[0]
			func() {
				defer func() { // as transports do
					if p := fmt.Sprint(recover()); !strings.Contains(p, "observer") && !strings.Contains(p, c.at) {
						t.Errorf("recovered %v", p)
					}
				}()
				err := c.request(context.Background(), s)
				t.Errorf("no panic but %v", err)
			}()
			if internal := c.at != ""; (code == oip.Internal) != internal || (v.Stats.Snapshot().Internal == 1) != internal {
				t.Errorf("observed %v, counted %+v", code, v.Stats.Snapshot())
			}
			if n := budget.Used(); n != 0 {
				t.Errorf("%d bytes are taken", n)
			}
			if err := s.Unload("digits"); err != nil {
				t.Error(err)
			}
			servetest.Settled(t, s) // it waits for who uses the model
			if err := s.Drain(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
}
