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

// lasts reports whether a call may last as long as its client likes, without a request that is worked on.
func lasts(method string) bool {
	return method == inference.GRPCInferenceService_ModelStreamInfer_FullMethodName || strings.HasPrefix(method, "/grpc.reflection.")
}

// maxWatches is how many Watch calls there may be at once: one for each connection, as clients that balance load have them.
const maxWatches = 4096

// places counts calls of a kind. It is safe for concurrent use.
type places struct {
	most  int64
	taken atomic.Int64
}

// enter takes a place; an error wraps oip.ErrBusy.
func (p *places) enter() error {
	if p.taken.Add(1) > p.most {
		p.taken.Add(-1)
		return fmt.Errorf("%w: the limit is %d", oip.ErrBusy, p.most)
	}
	return nil
}

// leave gives a place back.
func (p *places) leave() { p.taken.Add(-1) }

// enter counts a call in and returns what it has taken. Calls that last have half of the places at most, so that clients that are silent
// leave room for requests; those that only ask how the server is have other places, or need none. An error wraps oip.ErrBusy.
func (s *Server) enter(method string) ([]*places, error) {
	var want []*places
	switch {
	case method == grpc_health_v1.Health_Watch_FullMethodName:
		want = []*places{&s.watches}
	case probe(method):
	case lasts(method):
		want = []*places{&s.lasting, &s.calls}
	default:
		want = []*places{&s.calls}
	}
	for i, p := range want {
		if err := p.enter(); err != nil {
			leave(want[:i])
			return nil, err
		}
	}
	budget := s.service.Budget()
	if used, limit := budget.Used(), budget.Limit(); !probe(method) && limit > 0 && used > limit-limit/16 {
		leave(want)
		return nil, fmt.Errorf("%w: they hold %d bytes", oip.ErrBusy, used)
	}
	return want, nil
}

// leave counts a call out of what it has taken.
func leave(list []*places) {
	for _, p := range list {
		p.leave()
	}
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
	taken, err := s.enter(info.FullMethodName)
	if err != nil {
		return ctx, statusOf(err).Err()
	}
	ctx, cancel := context.WithCancel(ctx)
	in := &incoming{Context: ctx}
	in.timer = time.AfterFunc(s.options.ReadTimeout, func() {
		in.expired.Store(true)
		cancel()
	})
	context.AfterFunc(ctx, func() {
		in.timer.Stop()
		leave(taken)
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
