package telemetry

import (
	"context"
	"log/slog"
	"runtime/debug"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
)

// UnaryLog returns an interceptor that does for a call what HTTPLog does for a request; the id is in the metadata x-request-id.
func UnaryLog(o LogOptions) grpc.UnaryServerInterceptor {
	o = o.withDefaults()
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (res any, err error) {
		ctx = identify(ctx)
		_ = grpc.SetHeader(ctx, metadata.Pairs(idHeader, RequestID(ctx)))
		defer o.ended(ctx, info.FullMethod, time.Now(), &err)
		return handler(ctx, req)
	}
}

// StreamLog returns an interceptor that does for a stream what UnaryLog does for a call; its line comes when the stream ends.
func StreamLog(o LogOptions) grpc.StreamServerInterceptor {
	o = o.withDefaults()
	return func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) (err error) {
		ctx := identify(ss.Context())
		_ = ss.SetHeader(metadata.Pairs(idHeader, RequestID(ctx)))
		defer o.ended(ctx, info.FullMethod, time.Now(), &err)
		return handler(srv, &stream{ss, ctx})
	}
}

// stream is a stream with another context.
type stream struct {
	grpc.ServerStream
	ctx context.Context
}

// Context returns the context with the id.
func (s *stream) Context() context.Context { return s.ctx }

// identify puts a call's id into its context.
func identify(ctx context.Context) context.Context {
	given := ""
	if list := metadata.ValueFromIncomingContext(ctx, idHeader); len(list) > 0 {
		given = list[0]
	}
	return context.WithValue(ctx, idKey{}, requestID(given))
}

// ended logs a call; a panic becomes its error. It is deferred.
func (o LogOptions) ended(ctx context.Context, method string, start time.Time, err *error) {
	if p := recover(); p != nil {
		o.panicked(ctx, method, p, debug.Stack())
		*err = status.Error(codes.Internal, "internal error")
	}
	s := status.Convert(*err)
	out := outcome{took: time.Since(start), err: s.Message(), level: o.Succeeded.Level()}
	switch s.Code() {
	case codes.OK:
		out.err = ""
	case codes.Internal, codes.Unknown:
		out.level = slog.LevelError
	default:
		out.level = o.Failed.Level()
	}
	if p, ok := peer.FromContext(ctx); ok {
		out.remote = p.Addr.String()
	}
	o.line(ctx, out, slog.String("method", method), slog.String("code", s.Code().String()))
}
