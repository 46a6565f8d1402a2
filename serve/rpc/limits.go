package rpc

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"

	"github.com/octet-ml/octet/serve/inference"
	"github.com/octet-ml/octet/serve/oip"
)

// probe reports whether a method only asks how the server is: a busy server must answer it.
func probe(method string) bool {
	return method == inference.GRPCInferenceService_ServerLive_FullMethodName ||
		method == inference.GRPCInferenceService_ServerReady_FullMethodName ||
		strings.HasPrefix(method, "/"+grpc_health_v1.Health_ServiceDesc.ServiceName+"/")
}

// incoming is the context of a call whose message may still be on its way.
type incoming struct {
	context.Context
	timer   *time.Timer
	expired atomic.Bool // before the message had come
}

// incomingKey is the key under which an *incoming has itself as a value.
type incomingKey struct{}

// Value returns the *incoming itself, or a value of its parent.
func (in *incoming) Value(key any) any {
	if key == (incomingKey{}) {
		return in
	}
	return in.Context.Value(key)
}

// Err tells why the context has ended: gRPC makes a status of it where it still reads.
func (in *incoming) Err() error {
	if err := in.Context.Err(); err == nil || !in.expired.Load() {
		return err
	}
	return context.DeadlineExceeded
}

// tap counts a call in, before anything but its header is read, and bounds the time until its message is there. The call is counted
// out when its context ends.
func (s *Server) tap(ctx context.Context, info *tap.Info) (context.Context, error) {
	if s.options.Tap != nil {
		var err error
		if ctx, err = s.options.Tap(ctx, info); err != nil {
			return ctx, err
		}
	}
	if probe(info.FullMethodName) {
		return ctx, nil
	}
	budget := s.service.Budget()
	if n := s.calls.Add(1); n > int64(s.options.MaxCalls) {
		s.calls.Add(-1)
		return ctx, statusOf(fmt.Errorf("%w: the limit is %d", oip.ErrBusy, s.options.MaxCalls)).Err()
	} else if used, limit := budget.Used(), budget.Limit(); limit > 0 && used > limit-limit/16 {
		s.calls.Add(-1)
		return ctx, statusOf(fmt.Errorf("%w: they hold %d bytes", oip.ErrBusy, used)).Err()
	}
	ctx, cancel := context.WithCancel(ctx)
	in := &incoming{Context: ctx}
	in.timer = time.AfterFunc(s.options.ReadTimeout, func() {
		in.expired.Store(true)
		cancel()
	})
	context.AfterFunc(ctx, func() {
		in.timer.Stop()
		s.calls.Add(-1)
	})
	return in, nil
}

// received says that a call's message has come.
func received(ctx context.Context) {
	if in, ok := ctx.Value(incomingKey{}).(*incoming); ok {
		in.timer.Stop()
	}
}

// recoverUnary turns a panic into an error.
func (s *Server) recoverUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (res any, err error) {
	received(ctx)
	defer s.recover(info.FullMethod, &err)
	return handler(ctx, req)
}

// recoverStream turns a panic into an error, and lets streams of reflection end when the server closes.
func (s *Server) recoverStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) (err error) {
	received(stream.Context())
	defer s.recover(info.FullMethod, &err)
	if strings.HasPrefix(info.FullMethod, "/grpc.reflection.") {
		stream = &idleStream{stream, s.done}
	}
	return handler(srv, stream)
}

// idleStream is a stream that ends while it waits for a message once done is closed.
type idleStream struct {
	grpc.ServerStream
	done latch
}

// RecvMsg reads a message into m, which is not the caller's any more after an error.
func (s *idleStream) RecvMsg(m any) error {
	received := make(chan error, 1)
	go func() { received <- s.ServerStream.RecvMsg(m) }() // ends with the stream at the latest
	select {
	case err := <-received:
		return err
	case <-s.done.c:
		return statusOf(oip.ErrDraining).Err()
	}
}

// recover is deferred: it logs a panic and returns it as an error without what it says, which is not for clients.
func (s *Server) recover(method string, err *error) {
	if p := recover(); p != nil {
		s.options.Logger.Error("panic", "method", method, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		*err = status.Error(codes.Internal, "internal error")
	}
}
