package load

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/octet-ml/octet/serve/inference"
)

// service is a gRPC server that describes model "a/b" with an input "x" of INT8 and leaves inference to a function.
type service struct {
	inference.UnimplementedGRPCInferenceServiceServer
	n     atomic.Int64
	infer func(ctx context.Context, n int, r *inference.ModelInferRequest) (*inference.ModelInferResponse, error)
}

func (s *service) ModelMetadata(_ context.Context, r *inference.ModelMetadataRequest) (*inference.ModelMetadataResponse, error) {
	if r.GetName() != "a/b" {
		return nil, status.Error(codes.NotFound, "no such model")
	}
	return &inference.ModelMetadataResponse{Name: "a/b", Inputs: []*inference.ModelMetadataResponse_TensorMetadata{{Name: "x", Datatype: "INT8", Shape: []int64{-1, 3}}}}, nil
}

func (s *service) ModelInfer(ctx context.Context, r *inference.ModelInferRequest) (*inference.ModelInferResponse, error) {
	return s.infer(ctx, int(s.n.Add(1)), r)
}

// listen starts the server.
func (s *service) listen(t *testing.T) (url string, server *grpc.Server) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server = grpc.NewServer()
	inference.RegisterGRPCInferenceServiceServer(server, s)
	done := make(chan error)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return "grpc://" + l.Addr().String(), server
}

func TestRequestsOverGRPC(t *testing.T) {
	pictures := [][]byte{[]byte("one"), []byte("picture two")}
	for name, c := range map[string]struct {
		o        Options
		datatype string
		want     []byte
	}{
		"a tensor": {Options{Tensors: []Tensor{{"INT8", []int64{2, 3}, []byte("abcdef")}}, Batch: 2}, "INT8", []byte("abcdef")},
		"pictures": {Options{Pictures: pictures, Batch: 2, Requests: 1}, "BYTES", []byte("\x03\x00\x00\x00one\x0b\x00\x00\x00picture two")},
	} {
		s := &service{infer: func(ctx context.Context, _ int, r *inference.ModelInferRequest) (*inference.ModelInferResponse, error) {
			md, _ := metadata.FromIncomingContext(ctx)
			_, limited := ctx.Deadline()
			in := r.GetInputs()[0]
			if r.GetModelName() != "a/b" || r.GetModelVersion() != "3" || in.GetName() != "x" || in.GetDatatype() != c.datatype || in.GetShape()[0] != 2 ||
				!bytes.Equal(r.GetRawInputContents()[0], c.want) || len(md.Get("x-test")) != 1 || !limited {
				t.Errorf("%s: %v with %v, deadline %v", name, r, md, limited)
			}
			return &inference.ModelInferResponse{ModelName: "a/b"}, grpc.SetHeader(ctx, metadata.Pairs("x-served", "yes"))
		}}
		c.o.URL, _ = s.listen(t)
		c.o.Version, c.o.Header = "3", http.Header{"X-Test": {"yes"}}
		c.o.OnResponse = func(r Response) {
			if r.Header.Get("X-Served") != "yes" || !bytes.Contains(r.Body, []byte("a/b")) {
				t.Errorf("%s: %v, %q", name, r.Header, r.Body)
			}
		}
		setDefault(&c.o.Requests, 5)
		if r := run(t, c.o); r.Good != int64(c.o.Requests) || r.Outcomes[0].Code != "OK" || r.BytesReceived == 0 || r.Batch != 2 {
			t.Errorf("%s: %s", name, brief(r))
		}
	}
}

func TestTheServersCodeIsToldFromTheClientsOwn(t *testing.T) {
	var server *grpc.Server
	stopped := make(chan struct{})
	s := &service{infer: func(ctx context.Context, n int, _ *inference.ModelInferRequest) (*inference.ModelInferResponse, error) {
		switch n {
		case 2:
			return nil, status.Error(codes.ResourceExhausted, "queue is full")
		case 3:
			return nil, status.Error(codes.Unavailable, "draining")
		case 4:
			go func() { server.Stop(); close(stopped) }() // and this call with it
			<-ctx.Done()
		}
		return &inference.ModelInferResponse{}, nil
	}}
	var url string
	url, server = s.listen(t)
	r := run(t, Options{URL: url, Requests: 5, OnResponse: func(r Response) {
		if r.Index == 3 {
			<-stopped
		}
	}})
	for code, answer := range map[string]bool{"OK": true, "ResourceExhausted": true, "Unavailable": true, Closed: false, Refused: false} {
		if o := r.Of(code); o.Latency.Count != 1 || o.Answer != answer || o.Good != (code == "OK") {
			t.Errorf("%s: %+v", code, o)
		}
	}
	if r.Of("ResourceExhausted").Example != "queue is full" || r.Answered != 3 || s.n.Load() != 4 {
		t.Errorf("%d requests came: %s", s.n.Load(), brief(r))
	}
}

func TestCallsThatTakeTooLongAreGivenUp(t *testing.T) {
	over := make(chan struct{}) // not the call's context: an answer at its deadline may be in time for the client
	s := &service{infer: func(context.Context, int, *inference.ModelInferRequest) (*inference.ModelInferResponse, error) {
		<-over
		return &inference.ModelInferResponse{}, nil
	}}
	url, _ := s.listen(t)
	defer close(over)
	r := run(t, Options{URL: url, Requests: 1, Timeout: 50 * time.Millisecond})
	if r.Good != 0 || r.Sent != 1 || r.Of(Timeout).Latency.Count+r.Of("DeadlineExceeded").Latency.Count != 1 {
		t.Errorf("%s", brief(r))
	}
}

// The bytes of equal messages may differ: those of a map's entries have no order.
func TestAnswersOverGRPCAreComparedByMeaning(t *testing.T) {
	s := &service{infer: func(_ context.Context, n int, _ *inference.ModelInferRequest) (*inference.ModelInferResponse, error) {
		r := &inference.ModelInferResponse{ModelName: "a/b", Parameters: make(map[string]*inference.InferParameter)}
		for i := range 20 {
			r.Parameters[strconv.Itoa(i)] = &inference.InferParameter{}
		}
		if n == 7 {
			r.ModelVersion = "2"
		}
		return r, nil
	}}
	url, _ := s.listen(t)
	r := run(t, Options{URL: url, Requests: 10, Inputs: 1, Check: true})
	if r.Checked != 10 || r.Mismatches != 1 {
		t.Errorf("%d of %d differ: %s", r.Mismatches, r.Checked, r.Mismatch)
	}
}
