package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet/loader"
	"github.com/octet-ml/octet/serve"
	"github.com/octet-ml/octet/serve/oip"
	"github.com/octet-ml/octet/serve/repository"
	"github.com/octet-ml/octet/serve/telemetry"
)

// serveFlags are those of octet serve.
type serveFlags struct {
	options  serve.Options
	defaults repository.Config
	maxDelay time.Duration
	timeout  time.Duration
	logLevel string
	compat   string
	strict   bool
	guards   guardFlags
}

func (a *app) serveCommand() *cobra.Command {
	f := new(serveFlags)
	c := &cobra.Command{
		Use:   "serve [--repository DIR]",
		Short: "Answer inference requests over HTTP and gRPC",
		Long: "Serves the models of a folder by the Open Inference Protocol (version 2) on HTTP and gRPC, as clients of KServe and Triton speak\n" +
			"it, pictures by POST /v1/classify/MODEL, and a page to try a picture at /. The folder holds MODEL/VERSION/model.onnx or model.tflite and,\n" +
			"optionally, MODEL/config.json and MODEL/labels.txt; what changes there is taken up while requests run. Without --repository the models\n" +
			"inside the command are served: " + sampleNames() + ". See docs/serving.md.\n\n" +
			"SIGTERM and SIGINT stop the server once it has answered what it has taken; a second one stops it at once.",
		Args: arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return a.serve(c.Context(), f) },
	}
	o, flags := &f.options, c.Flags()
	flags.StringVar(&o.Models.Dir, "repository", "", "folder of models (default: the models inside the command)")
	flags.BoolVar(&o.Models.Explicit, "explicit", false, "load no model but what the API names")
	flags.BoolVar(&f.strict, "strict-readiness", false, "be not ready while any model fails to load (default: while none of them serves)")
	flags.BoolVar(&o.Watch, "watch", true, "take up changes of the folder")
	flags.DurationVar(&o.Models.Poll, "poll", 0, "look for changes so often, too, for file systems that tell nothing (default: never)")
	flags.StringVar(&o.Models.Kernels, "kernels", "", "instruction-set level (default: the best available; see octet cpu)")
	flags.IntVar(&o.Cores, "cores", 0, "cores that run models (default: all that the process may use)")
	flags.StringVar(&o.HTTP, "http", ":8000", "address for HTTP, off for none")
	flags.StringVar(&o.GRPC, "grpc", ":8001", "address for gRPC, off for none")
	flags.StringVar(&o.Metrics, "metrics", ":8002", "address for /metrics, off for none")
	flags.StringVar(&o.Admin, "admin", "off", "address for /debug/pprof, off for none")
	flags.BoolVar(&o.AllowChange, "allow-change", false, "let clients load and unload models")
	flags.IntVar(&f.defaults.MaxBatch, "max-batch", 0, "examples of a batch of models whose config.json says nothing (default 8)")
	flags.DurationVar(&f.maxDelay, "max-delay", 0, "how long their requests may wait for others (default 0: batches form while cores are busy)")
	flags.IntVar(&f.defaults.MaxQueue, "max-queue", 0, "how many of their examples may wait (default 256)")
	flags.DurationVar(&f.timeout, "timeout", 0, "time of their requests that say nothing else (default 30s)")
	flags.BoolVar(&f.defaults.Integer, "require-int8", false, "refuse models whose convolutions or dense layers would run in float")
	flags.BoolVar(&f.defaults.Digest, "check-digest", false, "refuse models that carry no digest; one that is carried is checked in any case")
	flags.DurationVar(&o.MaxTimeout, "max-timeout", 0, "most time that a request may ask for (default 5m)")
	flags.Int64Var(&o.MaxRequestBytes, "max-request-bytes", serve.DefaultMaxRequestBytes, "bytes of a request")
	flags.Int64Var(&o.MaxBytes, "max-bytes-in-flight", serve.DefaultMaxBytes, "bytes of all requests together")
	flags.Int64Var(&o.MaxPixels, "max-pixels", oip.DefaultMaxPixels, "pixels of a picture, and of all that are decoded at once")
	flags.IntVar(&o.MaxConnections, "max-connections", serve.DefaultMaxConnections, "connections to each port")
	flags.IntVar(&o.MaxPerClient, "max-per-client", 0, "connections of one address to each port (default: no bound but that)")
	flags.DurationVar(&o.DrainDelay, "drain-delay", 0, "how long a server that is told to stop answers while it says that it is not ready")
	flags.DurationVar(&o.DrainTimeout, "drain-timeout", serve.DefaultDrainTimeout, "how long it answers what it has taken")
	flags.StringVar(&f.compat, "metrics-compat", "", "triton: metrics of the nv_inference_* family, too")
	flags.StringVar(&o.Trace.Endpoint, "otlp-endpoint", "", "collector of traces, OTLP over HTTP (default: OTEL_EXPORTER_OTLP_ENDPOINT, or none)")
	flags.Float64Var(&o.Trace.Ratio, "trace-ratio", 0, "share of requests to trace, where the caller does not decide (default: all)")
	flags.StringVar(&f.logLevel, "log-level", "info", "debug, info, warn or error")
	flags.BoolVar(&o.LogRequests, "log-requests", false, "log requests that succeed, too")
	f.guards.add(flags)
	return c
}

// serve runs a server until a signal comes.
func (a *app) serve(ctx context.Context, f *serveFlags) error {
	o := f.options
	level, err := f.check()
	if err != nil {
		return usageError{err}
	}
	for _, address := range []*string{&o.HTTP, &o.GRPC, &o.Metrics, &o.Admin} {
		if *address == "off" {
			*address = ""
		}
	}
	o.TritonMetrics = f.compat == "triton"
	o.Logger = telemetry.NewLogger(a.stderr, level)
	o.Trace.Logger = o.Logger
	o.Version = version()
	o.Trace.Version = o.Version
	f.defaults.MaxDelay, f.defaults.Timeout = repository.Duration(f.maxDelay), repository.Duration(f.timeout)
	o.Models.Defaults, o.Models.Tolerant = f.defaults, !f.strict
	if o.Models.Dir == "" {
		o.Watch = false
		o.Prepare = addSamples
		o.Sample = samples[0].picture()
	}
	signalled, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	ctx, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	context.AfterFunc(signalled, func() {
		stop() // before anything ends: the second signal is the system's, which ends the process
		end()
	})
	closeGuards, err := f.guards.set(&o)
	if err != nil {
		return err
	}
	defer closeGuards()
	if os.Getenv("GOGC") == "" {
		defer debug.SetGCPercent(debug.SetGCPercent(collectAt))
	}
	s, err := serve.New(ctx, o)
	if err != nil {
		return err
	}
	return s.Run(ctx)
}

// check returns the level of the log, and an error for flags that make no sense.
func (f *serveFlags) check() (level slog.Level, err error) {
	o, d := &f.options, &f.defaults
	if err := level.UnmarshalText([]byte(f.logLevel)); err != nil {
		return level, fmt.Errorf("--log-level %s: want debug, info, warn or error", f.logLevel)
	}
	if f.compat != "" && f.compat != "triton" {
		return level, fmt.Errorf("--metrics-compat %s: want triton", f.compat)
	}
	if o.HTTP == "off" && o.GRPC == "off" {
		return level, errors.New("--http and --grpc: want an address for one of them at least")
	}
	if o.Models.Explicit && (o.Models.Dir == "" || !o.AllowChange) {
		return level, errors.New("--explicit: want --repository and --allow-change, too: nothing could be loaded")
	}
	for _, n := range []struct {
		flag string
		v    int64
	}{
		{"poll", int64(o.Models.Poll)}, {"cores", int64(o.Cores)}, {"max-batch", int64(d.MaxBatch)}, {"max-delay", int64(f.maxDelay)},
		{"max-queue", int64(d.MaxQueue)}, {"timeout", int64(f.timeout)}, {"max-timeout", int64(o.MaxTimeout)}, {"max-request-bytes", o.MaxRequestBytes},
		{"max-bytes-in-flight", o.MaxBytes}, {"max-pixels", o.MaxPixels}, {"max-connections", int64(o.MaxConnections)},
		{"max-per-client", int64(o.MaxPerClient)}, {"drain-delay", int64(o.DrainDelay)}, {"drain-timeout", int64(o.DrainTimeout)},
	} {
		if n.v < 0 {
			return level, fmt.Errorf("--%s: want no negative value", n.flag)
		}
	}
	return level, nil
}

// collectAt is by how many percent of what is in use garbage may grow, where GOGC does not say. Bodies of requests are most of what is
// in use under load, and hold nothing that a collection would have to look at: collecting often costs little, and keeps memory flat.
const collectAt = 20

// addSamples adds the models inside the command to a repository.
func addSamples(r *repository.Repository) error {
	for _, s := range samples {
		g, err := loader.Decode(s.model())
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if err := r.Add(s.name, 1, g, nil, repository.Config{}); err != nil {
			return err
		}
	}
	return nil
}
