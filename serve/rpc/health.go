package rpc

import (
	"context"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/octet-ml/octet/serve/inference"
	"github.com/octet-ml/octet/serve/oip"
)

// healthServer is grpc.health.v1.Health: the server as a whole under the empty name and that of the inference service, and each model
// under its own.
type healthServer struct {
	*health.Server // Watch, told by sync
	service        *oip.Service
	done           latch // watching ends

	draining atomic.Bool
	mu       sync.Mutex      // held while statuses are told, so that none overtakes a later one
	known    map[string]bool // names that sync has told about
}

func newHealthServer(service *oip.Service, done latch) *healthServer {
	return &healthServer{Server: health.NewServer(), service: service, done: done, known: make(map[string]bool)}
}

// servingStatus is grpc.health.v1's SERVING or NOT_SERVING.
func servingStatus(serving bool) grpc_health_v1.HealthCheckResponse_ServingStatus {
	if serving {
		return grpc_health_v1.HealthCheckResponse_SERVING
	}
	return grpc_health_v1.HealthCheckResponse_NOT_SERVING
}

// statuses returns how everything is.
func (h *healthServer) statuses() map[string]grpc_health_v1.HealthCheckResponse_ServingStatus {
	taking := !h.draining.Load() && !h.service.Leaving()
	out := make(map[string]grpc_health_v1.HealthCheckResponse_ServingStatus)
	for _, e := range h.service.Index(false) {
		out[e.Name] = servingStatus(taking && h.service.ModelReady(e.Name, "") == nil)
	}
	all := servingStatus(taking && h.service.Ready())
	out[""], out[inference.GRPCInferenceService_ServiceDesc.ServiceName] = all, all
	return out
}

// sync tells those who watch.
func (h *healthServer) sync() {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.statuses()
	for name := range h.known {
		if _, ok := now[name]; !ok {
			delete(h.known, name)
			h.SetServingStatus(name, grpc_health_v1.HealthCheckResponse_SERVICE_UNKNOWN)
		}
	}
	for name, s := range now {
		h.known[name] = true
		h.SetServingStatus(name, s)
	}
}

// drain tells that nothing serves any more, for good.
func (h *healthServer) drain() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.draining.Store(true)
	h.Shutdown()
}

// Check tells how the server or a model is now.
func (h *healthServer) Check(_ context.Context, req *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	s, ok := h.statuses()[req.GetService()]
	if !ok {
		return nil, status.Errorf(codes.NotFound, "no model %.140q", req.GetService())
	}
	return &grpc_health_v1.HealthCheckResponse{Status: s}, nil
}

// List tells how everything is now.
func (h *healthServer) List(context.Context, *grpc_health_v1.HealthListRequest) (*grpc_health_v1.HealthListResponse, error) {
	out := &grpc_health_v1.HealthListResponse{Statuses: make(map[string]*grpc_health_v1.HealthCheckResponse)}
	for name, s := range h.statuses() {
		out.Statuses[name] = &grpc_health_v1.HealthCheckResponse{Status: s}
	}
	return out, nil
}

// Watch tells how the server or a model is, now and whenever Sync finds it changed, until Close.
func (h *healthServer) Watch(req *grpc_health_v1.HealthCheckRequest, stream grpc.ServerStreamingServer[grpc_health_v1.HealthCheckResponse]) error {
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	go func() {
		select {
		case <-h.done.c:
			cancel()
		case <-ctx.Done():
		}
	}()
	w := &watch{ServerStreamingServer: stream, ctx: ctx}
	err := h.Server.Watch(req, w)
	select {
	case <-h.done.c:
	default:
		return err
	}
	// Whether the last status got through before the stream ended is a matter of chance.
	if w.last != grpc_health_v1.HealthCheckResponse_NOT_SERVING && w.last != grpc_health_v1.HealthCheckResponse_SERVICE_UNKNOWN {
		if err := stream.Send(&grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_NOT_SERVING}); err != nil {
			return err
		}
	}
	return statusOf(oip.ErrDraining).Err()
}

// watch is a stream that ends with ctx, and knows what was sent last.
type watch struct {
	grpc.ServerStreamingServer[grpc_health_v1.HealthCheckResponse]
	ctx  context.Context
	last grpc_health_v1.HealthCheckResponse_ServingStatus
}

// Context returns the context with which the stream ends.
func (w *watch) Context() context.Context { return w.ctx }

// Send sends a status.
func (w *watch) Send(res *grpc_health_v1.HealthCheckResponse) error {
	w.last = res.GetStatus()
	return w.ServerStreamingServer.Send(res)
}
