package rpc

import (
	"log/slog"
	"math"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/tap"

	"github.com/octet-ml/octet/serve/inference"
	"github.com/octet-ml/octet/serve/oip"
)

// Options are the limits of a Server. The zero value means the defaults.
type Options struct {
	Version    string // of the server, in its metadata
	MaxMessage int    // bytes of a message that comes in; default DefaultMaxMessage
	// MaxCalls is how many calls there may be at once, those that only ask how the server is left aside; half of them may be streams that
	// last: of ModelStreamInfer and of reflection. Default DefaultMaxCalls.
	MaxCalls int
	// MaxStreams is how many calls a connection may have at once; default DefaultMaxStreams.
	MaxStreams uint32
	// MaxStreamRequests is how many requests of one ModelStreamInfer stream are worked on at once; the next is read when the oldest has
	// been answered. Default DefaultMaxStreamRequests.
	MaxStreamRequests int
	Handshake         time.Duration // until a connection has begun, with TLS and HTTP/2; default DefaultHandshake
	ReadTimeout       time.Duration // until a call's only message has come; default DefaultReadTimeout
	MinPing           time.Duration // between keepalive pings of a client, which may ping without calls; default DefaultMinPing
	MaxConnectionAge  time.Duration // after which a client is asked to connect anew, within a tenth more or less; default: never
	MaxConnectionIdle time.Duration // after which a connection without calls is closed; default: never
	Logger            *slog.Logger  // of panics; default: nowhere
	// Tap is asked before anything of a call is read but its header; an error refuses it. It must be quick. Nil: all may call.
	Tap tap.ServerInHandle
}

// Defaults of Options.
const (
	DefaultMaxMessage        = 64 << 20
	DefaultMaxCalls          = 1024
	DefaultMaxStreams        = 256
	DefaultMaxStreamRequests = 32
	DefaultHandshake         = 10 * time.Second
	DefaultReadTimeout       = time.Minute
	DefaultMinPing           = 10 * time.Second
)

// or returns the value, the default where it is not positive.
func or[T int | uint32 | time.Duration](v, d T) T {
	if v > 0 {
		return v
	}
	return d
}

// Server answers gRPC calls with a Service. It is safe for concurrent use.
type Server struct {
	inference.UnimplementedGRPCInferenceServiceServer
	service *oip.Service
	options Options
	calls   places // all but probes
	lasting places // those of them that last
	watches places
	health  *healthServer
	stop    latch // ModelStreamInfer takes no more requests
	done    latch // streams that only ask end
}

// New returns a server on a service. The caller makes a *grpc.Server with ServerOptions and hands it to Register.
func New(service *oip.Service, o Options) *Server {
	o.MaxMessage = or(o.MaxMessage, DefaultMaxMessage)
	o.MaxCalls = or(o.MaxCalls, DefaultMaxCalls)
	o.MaxStreams = or(o.MaxStreams, DefaultMaxStreams)
	o.MaxStreamRequests = or(o.MaxStreamRequests, DefaultMaxStreamRequests)
	o.Handshake = or(o.Handshake, DefaultHandshake)
	o.ReadTimeout = or(o.ReadTimeout, DefaultReadTimeout)
	o.MinPing = or(o.MinPing, DefaultMinPing)
	o.MaxConnectionAge = or(o.MaxConnectionAge, math.MaxInt64)
	o.MaxConnectionIdle = or(o.MaxConnectionIdle, math.MaxInt64)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{service: service, options: o, stop: newLatch(), done: newLatch()}
	s.calls.most, s.lasting.most, s.watches.most = int64(o.MaxCalls), int64(o.MaxCalls+1)/2, maxWatches
	s.health = newHealthServer(service, s.done)
	s.Sync()
	return s
}

// ServerOptions returns the options of a *grpc.Server for Register: limits, the codec and interceptors that turn panics into errors,
// and then those of the caller: credentials, chained interceptors, stats handlers. Interceptors get the message of ModelInfer as it came, not decoded.
// A caller's InTapHandle belongs into Options.Tap.
func (s *Server) ServerOptions(more ...grpc.ServerOption) []grpc.ServerOption {
	o := s.options
	return append([]grpc.ServerOption{
		grpc.ConnectionTimeout(o.Handshake),
		grpc.MaxRecvMsgSize(o.MaxMessage),
		grpc.MaxConcurrentStreams(o.MaxStreams),
		grpc.MaxHeaderListSize(maxHeader),
		grpc.InTapHandle(s.tap),
		grpc.ForceServerCodecV2(newCodec()),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: o.MinPing, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionAge: o.MaxConnectionAge, MaxConnectionIdle: o.MaxConnectionIdle}),
		grpc.ChainUnaryInterceptor(s.recoverUnary),
		grpc.ChainStreamInterceptor(s.recoverStream),
	}, more...)
}

// maxHeader bounds the header of a call in bytes.
const maxHeader = 64 << 10

// Register registers the services on g, which was made with ServerOptions.
func (s *Server) Register(g *grpc.Server) {
	desc := inference.GRPCInferenceService_ServiceDesc
	desc.Methods = append([]grpc.MethodDesc(nil), desc.Methods...)
	for i := range desc.Methods {
		if desc.Methods[i].MethodName == "ModelInfer" {
			desc.Methods[i].Handler = s.inferHandler
		}
	}
	g.RegisterService(&desc, s)
	grpc_health_v1.RegisterHealthServer(g, s.health)
	reflection.Register(g)
}

// Sync tells those who watch health what has become of the models. It is to be called when the repository has changed and when the
// service leaves or drains; health that is asked for is always as it is.
func (s *Server) Sync() { s.health.sync() }

// Drain tells those who watch health that nothing serves any more, and ends ModelStreamInfer streams once what they have read is
// answered. It is to be called when the service drains; calls of other kinds end by themselves.
func (s *Server) Drain() {
	s.health.drain()
	s.stop.close()
}

// Close ends the streams that watch health or ask reflection, so that grpc.Server.GracefulStop need not wait for their clients. It drains
// first.
func (s *Server) Close() {
	s.Drain()
	s.done.close()
}
