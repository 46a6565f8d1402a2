package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/octet-ml/octet/serve/inference"
)

// dial returns the transport that the options ask for.
func dial(o *Options, address *url.URL) (transport, error) {
	if o.Protocol == GRPC {
		return newCaller(o, address)
	}
	return newClient(o, address), nil
}

// caller is the transport of gRPC: one connection, as a client has.
type caller struct {
	options *Options
	conn    *grpc.ClientConn
	inputs  []mem.BufferSlice // encoded requests
}

// maxMessage bounds the bytes of an answer.
const maxMessage = 256 << 20

func newCaller(o *Options, address *url.URL) (*caller, error) {
	if address.Port() == "" {
		return nil, fmt.Errorf("%w: URL %q: want a port", ErrOption, o.URL)
	}
	security := insecure.NewCredentials()
	if schemes[address.Scheme].secure {
		security = credentials.NewTLS(o.TLS)
	}
	// Retries stay off but for requests that never left: those count as sent once.
	conn, err := grpc.NewClient("passthrough:///"+address.Host, grpc.WithTransportCredentials(security), grpc.WithDisableRetry(),
		grpc.WithNoProxy(), grpc.WithDisableServiceConfig(), grpc.WithStatsHandler(trailers{}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxTensor)),
		grpc.WithConnectParams(grpc.ConnectParams{MinConnectTimeout: dialTimeout,
			Backoff: backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second}}))
	if err != nil {
		return nil, fmt.Errorf("%w: URL %q: %w", ErrOption, o.URL, err)
	}
	return &caller{options: o, conn: conn}, nil
}

func (c *caller) close() { c.conn.Close() }

// withHeader returns a context with the headers of the options as metadata.
func (c *caller) withHeader(ctx context.Context) context.Context {
	for name, values := range c.options.Header {
		for _, v := range values {
			ctx = metadata.AppendToOutgoingContext(ctx, name, v)
		}
	}
	return ctx
}

func (c *caller) describe(ctx context.Context) ([]port, error) {
	ctx, cancel := context.WithTimeout(c.withHeader(ctx), c.options.Timeout)
	defer cancel()
	res, err := inference.NewGRPCInferenceServiceClient(c.conn).ModelMetadata(ctx,
		&inference.ModelMetadataRequest{Name: c.options.Model, Version: c.options.Version})
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrServer, c.options.URL, err)
	}
	if len(res.GetInputs()) == 0 {
		return nil, fmt.Errorf("%w: %s: no inputs", ErrServer, c.options.URL)
	}
	var ports []port
	for _, in := range res.GetInputs() {
		ports = append(ports, port{in.GetName(), in.GetDatatype(), in.GetShape()})
	}
	return ports, nil
}

func (c *caller) prepare(in input) error {
	req := &inference.ModelInferRequest{ModelName: c.options.Model, ModelVersion: c.options.Version}
	for _, t := range in.tensors {
		req.Inputs = append(req.Inputs, &inference.ModelInferRequest_InferInputTensor{Name: t.name, Datatype: t.Datatype, Shape: t.Shape})
		req.RawInputContents = append(req.RawInputContents, t.Data)
	}
	data, err := proto.Marshal(req)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInput, err)
	}
	c.inputs = append(c.inputs, mem.BufferSlice{mem.SliceBuffer(data)})
	return nil
}

func (c *caller) send(ctx context.Context, input int, body *bytes.Buffer) answer {
	req := c.inputs[input]
	var answered atomic.Bool
	ctx = context.WithValue(c.withHeader(ctx), trailers{}, &answered)
	options := []grpc.CallOption{grpc.ForceCodecV2(encoded{})}
	var header, trailer metadata.MD
	if c.options.OnResponse != nil {
		options = append(options, grpc.Header(&header), grpc.Trailer(&trailer))
	}
	err := c.conn.Invoke(ctx, inference.GRPCInferenceService_ModelInfer_FullMethodName, req, body, options...)
	a := answer{code: status.Code(err).String(), good: err == nil, sent: req.Len()}
	if c.options.OnResponse != nil {
		a.header = headerOf(header, trailer)
	}
	switch {
	case err == nil:
	case answered.Load():
		body.WriteString(status.Convert(err).Message()) // what stands in the body of an answer in HTTP
	default:
		a.code, a.err, a.header = localFailure(err), err, nil
	}
	return a
}

// headerOf returns metadata as a header.
func headerOf(parts ...metadata.MD) http.Header {
	h := make(http.Header)
	for _, md := range parts {
		for name, values := range md {
			for _, v := range values {
				h.Add(name, v)
			}
		}
	}
	return h
}

// localFailure returns the outcome of a call that ended without the server's status. gRPC keeps only the texts of errors.
func localFailure(err error) string {
	text := status.Convert(err).Message()
	for _, f := range failures {
		var number syscall.Errno
		if errors.As(f.err, &number) && strings.Contains(text, number.Error()) {
			return f.code
		}
	}
	switch status.Code(err) {
	case codes.Unavailable:
		return Closed
	case codes.DeadlineExceeded: // the server's clock was first: it knows the deadline, too
		return Timeout
	}
	return Failed
}

// same compares encoded answers, by their meaning where the bytes differ: the entries of a map have no order.
func (c *caller) same(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var x, y inference.ModelInferResponse
	return proto.Unmarshal(a, &x) == nil && proto.Unmarshal(b, &y) == nil && proto.Equal(&x, &y)
}

// encoded is a codec for requests that are encoded already, and answers that stay so.
type encoded struct{}

// Name is that of the codec whose messages these are.
func (encoded) Name() string { return "proto" }

// Marshal returns a request, a mem.BufferSlice.
func (encoded) Marshal(v any) (mem.BufferSlice, error) { return v.(mem.BufferSlice), nil }

// Unmarshal appends an answer to a *bytes.Buffer.
func (encoded) Unmarshal(data mem.BufferSlice, v any) error {
	for _, part := range data {
		v.(*bytes.Buffer).Write(part.ReadOnlyData())
	}
	return nil
}

// trailers is a stats handler that notes, in the *atomic.Bool that a call's context has under the key trailers{}, that the server
// answered: gRPC gives its own errors the same codes as a server's.
type trailers struct{}

// HandleRPC notes the server's trailers.
func (trailers) HandleRPC(ctx context.Context, s stats.RPCStats) {
	if _, ok := s.(*stats.InTrailer); !ok {
		return
	}
	if answered, ok := ctx.Value(trailers{}).(*atomic.Bool); ok {
		answered.Store(true)
	}
}

// TagRPC returns the context as it is.
func (trailers) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

// TagConn returns the context as it is.
func (trailers) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn does nothing.
func (trailers) HandleConn(context.Context, stats.ConnStats) {}
