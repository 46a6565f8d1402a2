package serve

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/octet-ml/octet/serve/batch"
	"github.com/octet-ml/octet/serve/guard"
	"github.com/octet-ml/octet/serve/oip"
	"github.com/octet-ml/octet/serve/pictures"
	"github.com/octet-ml/octet/serve/repository"
	"github.com/octet-ml/octet/serve/rpc"
	"github.com/octet-ml/octet/serve/telemetry"
)

// Server is an inference server with its models loaded and its ports open. It is made by New and used up by Run or Close.
type Server struct {
	options  Options
	models   *repository.Repository
	service  *oip.Service
	metrics  *telemetry.Metrics
	observer *pictures.Observer
	access   *guard.Access // to HTTP and gRPC
	rpc      *rpc.Server
	grpc     *grpc.Server
	handler  http.Handler // of the HTTP port
	ports    []*port
	synced   atomic.Pointer[rpc.Server]  // s.rpc, for a repository that changes before it is made
	flush    func(context.Context) error // sends the spans that are left
}

// port is something that listens.
type port struct {
	name     string
	listener net.Listener
	http     *http.Server // nil for gRPC
}

// New loads the models and opens the ports. What is wrong with single models is logged; an error means that nothing was opened.
func New(ctx context.Context, o Options) (_ *Server, err error) {
	o = o.withDefaults()
	s := &Server{options: o, observer: new(pictures.Observer), access: newAccess(o)}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	provider, flush, err := telemetry.NewTracing(ctx, o.Trace)
	if err != nil {
		return nil, err
	}
	s.flush = flush
	level, err := o.level()
	if err != nil {
		return nil, err
	}
	s.metrics = telemetry.NewMetrics(telemetry.MetricsOptions{Version: o.Version, Level: level, Triton: o.TritonMetrics, Logger: o.Logger})
	if err := s.load(ctx); err != nil {
		return nil, err
	}
	s.service = oip.NewService(s.models, oip.Options{
		Budget: oip.NewBudget(o.MaxBytes), MaxPixels: o.MaxPixels, MaxTimeout: o.MaxTimeout, AllowChange: o.AllowChange,
		Tracer: provider.Tracer("github.com/octet-ml/octet/serve"),
		Observe: func(ob oip.Observation) {
			s.metrics.Observe(ob)
			s.observer.Observe(ob)
			if o.Observe != nil {
				o.Observe(ob)
			}
		},
	})
	s.metrics.Watch(s.service)
	s.rpc = rpc.New(s.service, rpc.Options{
		Version: o.Version, MaxMessage: int(min(o.MaxRequestBytes, math.MaxInt32)), MaxCalls: o.maxCalls(), Logger: o.Logger, Tap: s.tap,
	})
	s.grpc = grpc.NewServer(s.rpc.ServerOptions(s.rpcOptions(provider)...)...)
	s.rpc.Register(s.grpc)
	s.handler = s.newHandler(provider)
	s.synced.Store(s.rpc)
	s.rpc.Sync()
	return s, s.listen(ctx)
}

// load opens the repository.
func (s *Server) load(ctx context.Context) (err error) {
	o := s.options.Models
	o.Cores, o.Logger = batch.NewCores(s.options.Cores), s.options.Logger
	o.OnBatch = func(v *repository.Version, b batch.Batch) {
		s.metrics.OnBatch(v, b)
		s.observer.ObserveBatch(v, b)
	}
	o.OnChange = func() {
		if r := s.synced.Load(); r != nil {
			r.Sync()
		}
	}
	if s.models, err = repository.Open(ctx, o); err != nil {
		return err
	}
	if s.options.Prepare == nil {
		return nil
	}
	return s.options.Prepare(s.models)
}

// listen opens the ports.
func (s *Server) listen(ctx context.Context) error {
	o := s.options
	for _, p := range []struct {
		name, address string
		handler       http.Handler // nil: gRPC
	}{
		{"http", o.HTTP, s.handler},
		{"grpc", o.GRPC, nil},
		{"metrics", o.Metrics, s.metricsHandler()},
		{"admin", o.Admin, s.adminHandler()},
	} {
		if p.address == "" {
			continue
		}
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", p.address)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		l = guard.Listener(l, guard.ListenerOptions{Max: o.MaxConnections, PerIP: o.MaxPerClient})
		next := &port{name: p.name, listener: l}
		if p.handler != nil {
			next.http = guard.Server(p.handler, guard.ServerOptions{Logger: o.Logger})
			if p.name == "http" {
				next.http.TLSConfig = o.TLS.Clone() // net/http changes it
			}
		}
		s.ports = append(s.ports, next)
	}
	return nil
}

// Address returns the address of a port, "http", "grpc", "metrics" or "admin"; nil where it is not open.
func (s *Server) Address(name string) net.Addr {
	for _, p := range s.ports {
		if p.name == name {
			return p.listener.Addr()
		}
	}
	return nil
}

// Service returns what answers requests, whatever port they come to.
func (s *Server) Service() *oip.Service { return s.service }

// Handler returns what answers on the HTTP port, for a server of the caller's own.
func (s *Server) Handler() http.Handler { return s.handler }

// Run answers requests until the context ends, drains, and closes everything. It returns nil once all requests that were taken have been
// answered, and an error where Options.DrainTimeout was too short for that, or a port failed.
func (s *Server) Run(ctx context.Context) error {
	group, failed := errgroup.WithContext(context.WithoutCancel(ctx))
	for _, p := range s.ports {
		s.options.Logger.Info("listening", "port", p.name, "address", p.listener.Addr().String())
		group.Go(func() error { return s.serve(p) })
	}
	watching, unwatch := context.WithCancel(context.WithoutCancel(ctx))
	defer unwatch()
	var watch errgroup.Group
	if s.options.Watch {
		watch.Go(func() error {
			if err := s.models.Watch(watching); err != nil && watching.Err() == nil {
				s.options.Logger.Error("changes of models are not taken up any more", "error", err)
			}
			return nil
		})
	}
	select {
	case <-ctx.Done():
	case <-failed.Done():
	}
	err := s.drain()
	err = errors.Join(err, group.Wait())
	unwatch()
	_ = watch.Wait()
	return errors.Join(err, s.Close())
}

// serve answers at a port until it is closed.
func (s *Server) serve(p *port) error {
	var err error
	switch {
	case p.http == nil:
		err = s.grpc.Serve(p.listener)
	case p.http.TLSConfig != nil:
		err = p.http.ServeTLS(p.listener, "", "")
	default:
		err = p.http.Serve(p.listener)
	}
	if err == nil || errors.Is(err, http.ErrServerClosed) || errors.Is(err, grpc.ErrServerStopped) {
		return nil
	}
	return fmt.Errorf("%s: %w", p.name, err)
}

// drain takes leave: for a while the server is not ready but answers, so that those who choose servers turn away; then ports are
// closed, and what was taken is answered.
func (s *Server) drain() error {
	s.options.Logger.Info("draining", "delay", s.options.DrainDelay, "timeout", s.options.DrainTimeout)
	s.service.Leave()
	s.rpc.Sync()
	time.Sleep(s.options.DrainDelay)
	ctx, cancel := context.WithTimeout(context.Background(), s.options.DrainTimeout)
	defer cancel()
	var group errgroup.Group
	for _, p := range s.ports {
		group.Go(func() error {
			if p.http != nil {
				if p.name == "http" {
					return p.http.Shutdown(ctx)
				}
				return nil // metrics and profiles are there until the end
			}
			s.rpc.Close() // streams end once what they have read is answered: GracefulStop waits for them
			stopped := make(chan struct{})
			go func() {
				s.grpc.GracefulStop()
				close(stopped)
			}()
			select {
			case <-stopped:
				return nil
			case <-ctx.Done():
				s.grpc.Stop()
				<-stopped
				return ctx.Err()
			}
		})
	}
	err := errors.Join(group.Wait(), s.service.Drain(ctx))
	for _, p := range s.ports {
		if p.http != nil {
			err = errors.Join(err, p.http.Close())
		}
	}
	if err != nil {
		return fmt.Errorf("drain: %w", err)
	}
	return nil
}

// closing is how long Close waits for runs and for spans to be sent.
const closing = 5 * time.Second

// Close closes everything at once; requests under way are cut off. Run does that itself.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	var errs []error
	for _, p := range s.ports {
		if p.http != nil {
			errs = append(errs, p.http.Close())
		}
		if err := p.listener.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if s.grpc != nil {
		s.grpc.Stop()
	}
	if s.models != nil {
		errs = append(errs, s.models.Close(ctx))
	}
	if s.flush != nil {
		if err := s.flush(ctx); err != nil {
			s.options.Logger.Warn("spans were lost", "error", err)
		}
	}
	return errors.Join(errs...)
}

// rpcOptions returns the options of the gRPC server besides those of package rpc.
func (s *Server) rpcOptions(provider trace.TracerProvider) []grpc.ServerOption {
	o := s.options
	log := s.logOptions()
	list := []grpc.ServerOption{
		grpc.StatsHandler(telemetry.RPCTracing(provider)),
		grpc.ChainUnaryInterceptor(telemetry.UnaryLog(log)), grpc.ChainStreamInterceptor(telemetry.StreamLog(log)),
	}
	if o.TLS != nil {
		list = append(list, grpc.Creds(credentials.NewTLS(o.TLS)))
	}
	return list
}
