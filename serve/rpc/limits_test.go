package rpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"

	"github.com/octet-ml/octet/serve/batch"
	"github.com/octet-ml/octet/serve/inference"
	"github.com/octet-ml/octet/serve/internal/servetest"
	"github.com/octet-ml/octet/serve/oip"
	"github.com/octet-ml/octet/serve/repository"
)

// retryOf returns what a status says about trying again, 0 for nothing.
func retryOf(st *status.Status) time.Duration {
	for _, d := range st.Details() {
		if r, ok := d.(*errdetails.RetryInfo); ok {
			return r.GetRetryDelay().AsDuration()
		}
	}
	return 0
}

// Each kind of error has its status code, its message, and when to try again where that makes sense.
func TestErrorsHaveStatuses(t *testing.T) {
	for _, c := range []struct {
		err   error
		code  codes.Code
		retry time.Duration
	}{
		{oip.ErrInvalid, codes.InvalidArgument, 0},
		{oip.ErrUnauthenticated, codes.Unauthenticated, 0},
		{oip.ErrForbidden, codes.PermissionDenied, 0},
		{repository.ErrNotFound, codes.NotFound, 0},
		{oip.ErrTooLarge, codes.ResourceExhausted, 0},
		{&batch.FullError{Wait: 30 * time.Millisecond}, codes.ResourceExhausted, 30 * time.Millisecond},
		{fmt.Errorf("model: %w", &batch.FullError{Wait: 3 * time.Second}), codes.ResourceExhausted, 3 * time.Second},
		{oip.ErrBusy, codes.ResourceExhausted, defaultRetry},
		{oip.ErrCancelled, codes.Canceled, 0},
		{oip.ErrDraining, codes.Unavailable, defaultRetry},
		{repository.ErrNotReady, codes.Unavailable, defaultRetry},
		{context.DeadlineExceeded, codes.DeadlineExceeded, 0},
		{errors.New("other"), codes.Internal, 0},
		{status.Error(codes.Unimplemented, "status"), codes.Unimplemented, 0},
	} {
		st := statusOf(c.err)
		if st.Code() != c.code || !strings.Contains(c.err.Error(), st.Message()) || retryOf(st) != c.retry {
			t.Errorf("%v: got %v, %v, want %v, %v", c.err, st, retryOf(st), c.code, c.retry)
		}
	}
	if fail(context.Background(), nil) != nil {
		t.Error("no error is one")
	}
}

// Connections that do not begin are closed: those that send nothing, and those that send the preface and no more.
func TestSilentConnectionsEnd(t *testing.T) {
	ctx := testContext(t)
	f := start(t, servetest.Service(t), Options{Handshake: time.Millisecond})
	for _, begin := range []string{"", "PRI * HTTP", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"} {
		c, err := f.dial(ctx)
		if err != nil {
			t.Fatal(err)
		}
		stop := context.AfterFunc(ctx, func() { c.Close() })
		if _, err := io.WriteString(c, begin); err != nil && !errors.Is(err, io.ErrClosedPipe) {
			t.Error(err)
		}
		if _, err := io.Copy(io.Discard, c); err != nil && !errors.Is(err, io.ErrClosedPipe) || ctx.Err() != nil {
			t.Errorf("%q: %v, %v", begin, err, ctx.Err())
		}
		stop()
		c.Close()
	}
}

// Calls beyond the limit are refused before their message is read, probes are answered all the same, and calls that have ended make room.
func TestCallsAreBounded(t *testing.T) {
	ctx, g := testContext(t), newGate()
	service := g.service(t, oip.Options{})
	f := start(t, service, Options{MaxCalls: 1})
	first := make(chan error, 1)
	go func() {
		_, err := f.client.ModelInfer(ctx, request(t, service, "", 1))
		first <- err
	}()
	<-g.ran
	// The message never comes: the refusal does not wait for it.
	stream, err := f.conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true}, inference.GRPCInferenceService_ModelInfer_FullMethodName)
	if err != nil {
		t.Fatal(err)
	}
	err = stream.RecvMsg(new(inference.ModelInferResponse))
	if st := status.Convert(err); st.Code() != codes.ResourceExhausted || retryOf(st) == 0 {
		t.Errorf("got %v", err)
	}
	if _, err := f.client.ServerLive(ctx, new(inference.ServerLiveRequest)); err != nil {
		t.Errorf("live: %v", err)
	}
	if _, err := grpc_health_v1.NewHealthClient(f.conn).Check(ctx, new(grpc_health_v1.HealthCheckRequest)); err != nil {
		t.Errorf("health: %v", err)
	}
	close(g.open)
	if err := <-first; err != nil {
		t.Error(err)
	}
	for err = errors.New("none yet"); err != nil && ctx.Err() == nil; { // a call is counted out a little after its client has the answer
		_, err = f.client.ModelInfer(ctx, request(t, service, "", 1))
	}
	if err != nil {
		t.Error(err)
	}
}

// Streams on which nothing is asked leave room for other calls.
func TestSilentStreamsLeaveRoom(t *testing.T) {
	ctx := testContext(t)
	service := servetest.Service(t)
	f := start(t, service, Options{MaxCalls: 4})
	open := func() grpc.ClientStream {
		s, err := f.client.ModelStreamInfer(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	first, second := open(), open()
	for _, s := range []grpc.ClientStream{first, second} {
		if err := s.SendMsg(request(t, service, "", 1)); err != nil {
			t.Fatal(err)
		}
		if err := s.RecvMsg(new(inference.ModelStreamInferResponse)); err != nil {
			t.Error(err)
		}
	}
	third := open()
	if err := third.RecvMsg(new(inference.ModelStreamInferResponse)); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("a stream too many: %v", err)
	}
	if _, err := f.client.ModelInfer(ctx, request(t, service, "", 1)); err != nil {
		t.Error(err)
	}
	if err := first.CloseSend(); err != nil {
		t.Error(err)
	}
	for err := errors.New("none yet"); err != nil; { // a call is counted out a little after its client has the end
		if ctx.Err() != nil {
			t.Fatal(err)
		}
		s := open()
		if err = s.SendMsg(request(t, service, "", 1)); err == nil || errors.Is(err, io.EOF) {
			err = s.RecvMsg(new(inference.ModelStreamInferResponse))
		}
	}
}

// Calls are refused unread while requests hold nearly all bytes that they may, and tell a client when to try again.
func TestCallsKeepToTheBudget(t *testing.T) {
	ctx := testContext(t)
	budget := oip.NewBudget(100000)
	service := oip.NewService(servetest.Repository(t, repository.Options{Dir: servetest.Folder(t, "digits")}), oip.Options{Budget: budget})
	f := start(t, service, Options{})
	for _, c := range []struct {
		taken int64
		code  codes.Code
		says  string
	}{
		{0, codes.OK, ""},
		{92000, codes.OK, ""},                     // room for a request
		{93000, codes.OK, ""},                     // likewise
		{99000, codes.ResourceExhausted, "99000"}, // by the tap
	} {
		if err := budget.Take(c.taken); err != nil {
			t.Fatal(err)
		}
		_, err := f.client.ModelInfer(ctx, request(t, service, "", 1))
		if st := status.Convert(err); st.Code() != c.code || !strings.Contains(st.Message(), c.says) {
			t.Errorf("%d bytes taken: got %v, want %v", c.taken, err, c.code)
		}
		budget.Give(c.taken)
	}
	// Not nearly used up, but no room for four requests in one: refused once read.
	if err := budget.Take(90000); err != nil {
		t.Fatal(err)
	}
	large := request(t, service, "", 1)
	large.RawInputContents[0] = make([]byte, 4*28*28*4)
	var trailer metadata.MD
	_, err := f.client.ModelInfer(ctx, large, grpc.Trailer(&trailer))
	if st := status.Convert(err); st.Code() != codes.ResourceExhausted || retryOf(st) != defaultRetry || !strings.Contains(st.Message(), "digits") || len(trailer.Get(pushback)) != 1 || trailer.Get(pushback)[0] != "1000" {
		t.Errorf("got %v, trailer %v", err, trailer)
	}
	budget.Give(90000)
	if n := budget.Used(); n != 0 {
		t.Errorf("%d bytes are still taken", n)
	}
}

// A call whose message does not come ends, and makes room for another.
func TestMessagesMustCome(t *testing.T) {
	ctx := testContext(t)
	f := start(t, servetest.Service(t), Options{ReadTimeout: time.Millisecond})
	stream, err := f.conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true}, inference.GRPCInferenceService_ModelInfer_FullMethodName)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.RecvMsg(new(inference.ModelInferResponse)); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("got %v", err)
	}
}

// What the caller asks of a call before it is read decides.
func TestTapIsAskedFirst(t *testing.T) {
	ctx := testContext(t)
	f := start(t, servetest.Service(t), Options{Tap: func(ctx context.Context, info *tap.Info) (context.Context, error) {
		if len(info.Header.Get("authorization")) == 0 {
			return ctx, status.Error(codes.Unauthenticated, "no token")
		}
		return ctx, nil
	}})
	if _, err := f.client.ServerLive(ctx, new(inference.ServerLiveRequest)); status.Code(err) != codes.Unauthenticated {
		t.Errorf("got %v", err)
	}
	if _, err := f.client.ServerLive(metadata.AppendToOutgoingContext(ctx, "authorization", "yes"), new(inference.ServerLiveRequest)); err != nil {
		t.Error(err)
	}
}

// A panic ends a call and not the process; the log has it, the client does not. Interceptors of the caller are covered.
func TestPanicsAreErrors(t *testing.T) {
	ctx, service := testContext(t), servetest.Service(t)
	var log strings.Builder
	f := start(t, service, Options{Logger: slog.New(slog.NewTextHandler(&log, nil))},
		grpc.ChainUnaryInterceptor(func(context.Context, any, *grpc.UnaryServerInfo, grpc.UnaryHandler) (any, error) { panic("secret") }),
		grpc.ChainStreamInterceptor(func(any, grpc.ServerStream, *grpc.StreamServerInfo, grpc.StreamHandler) error { panic("secret") }))
	check := func(name string, err error) {
		t.Helper()
		if status.Code(err) != codes.Internal || strings.Contains(err.Error(), "secret") || !strings.Contains(log.String(), "secret") || !strings.Contains(log.String(), name) {
			t.Errorf("got %v, log %s", err, log.String())
		}
		log.Reset()
	}
	_, err := f.client.ModelInfer(ctx, request(t, service, "", 1))
	check("ModelInfer", err)
	_, err = f.client.ModelReady(ctx, new(inference.ModelReadyRequest))
	check("ModelReady", err)
	stream, err := f.client.ModelStreamInfer(ctx)
	if err != nil {
		t.Fatal(err)
	}
	_, err = stream.Recv()
	check("ModelStreamInfer", err)
}

// A panic in a request of a stream fails that request.
func TestPanicsInStreamsAreErrors(t *testing.T) {
	var log strings.Builder
	s := &Server{options: Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}} // no service to ask
	m := &message{buffer: mem.SliceBuffer("\x0a\x06digits\x1a\x02id")}
	res := s.answerStreamed(context.Background(), m)
	if res.GetErrorMessage() != "internal error" || res.GetInferResponse().GetId() != "id" || !strings.Contains(log.String(), "nil pointer") || m.buffer != nil {
		t.Errorf("got %v, log %s", res, log.String())
	}
}
