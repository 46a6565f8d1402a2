package serve

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/runtime"
	"github.com/octet-ml/octet/serve/guard"
	"github.com/octet-ml/octet/serve/oip"
	"github.com/octet-ml/octet/serve/repository"
	"github.com/octet-ml/octet/serve/rpc"
	"github.com/octet-ml/octet/serve/telemetry"
)

// Options says what a Server serves, where, and within which limits. The zero value serves nothing.
type Options struct {
	// Models says where models are. New sets its Cores, Pool, Logger, OnBatch and OnChange.
	Models repository.Options
	// Prepare is called with the repository before ports are opened, to Add models that are in memory; nil: there are none.
	Prepare func(*repository.Repository) error
	Watch   bool   // take up changes of the folder as they happen
	Cores   int    // that run models; default GOMAXPROCS
	Sample  []byte // file with a picture that the page offers to try; nil: none

	// Addresses to listen at, as net.Listen takes them; empty: not at all.
	HTTP    string
	GRPC    string
	Metrics string
	Admin   string // profiles

	AllowChange     bool          // load and unload through the API
	MaxRequestBytes int64         // of a request; default DefaultMaxRequestBytes
	MaxBytes        int64         // of all requests together; default DefaultMaxBytes; messages that gRPC is still reading come on top
	MaxPixels       int64         // of a picture; default oip.DefaultMaxPixels
	MaxTimeout      time.Duration // most that a request may ask for; default 5m
	MaxConnections  int           // to each of the ports; default DefaultMaxConnections
	MaxPerClient    int           // connections of one address; 0: no bound but that
	DrainDelay      time.Duration // in which a server that is to stop is not ready, but answers
	DrainTimeout    time.Duration // in which it answers what it has taken; default DefaultDrainTimeout

	TLS *tls.Config // for HTTP and gRPC, see guard.TLS; nil: none
	// Tokens are of those who may ask, AdminTokens of those who may load and unload models, and take profiles; nil: everybody may.
	Tokens      *guard.Tokens
	AdminTokens *guard.Tokens

	TritonMetrics bool                   // the nv_inference_* family, too
	Trace         telemetry.TraceOptions // default: none
	Logger        *slog.Logger           // default: nowhere
	LogRequests   bool                   // those that succeed, too
	Version       string                 // of the program, in metadata and metrics
	// Observe is called after each request, from the goroutine that answered it; nil: nobody is told.
	Observe func(oip.Observation)
}

// Defaults of Options.
const (
	DefaultMaxRequestBytes = 32 << 20
	DefaultMaxBytes        = 512 << 20
	DefaultMaxConnections  = 4096
	DefaultDrainTimeout    = 30 * time.Second
)

// withDefaults returns o with zero values replaced.
func (o Options) withDefaults() Options {
	if o.MaxRequestBytes <= 0 {
		o.MaxRequestBytes = DefaultMaxRequestBytes
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	if o.MaxConnections <= 0 {
		o.MaxConnections = DefaultMaxConnections
	}
	if o.DrainTimeout <= 0 {
		o.DrainTimeout = DefaultDrainTimeout
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Bounds of maxCalls.
const (
	fewestCalls = 256
	mostCalls   = rpc.DefaultMaxCalls
)

// maxCalls returns how many calls gRPC takes at once. What it has received of a message is not in MaxBytes before the message is there
// as a whole, and any message may be as large as the largest: so many calls hold at most 16 times MaxBytes, where fewestCalls messages
// are no more than that, and only where all clients send the largest and none ends within the time for reading. Usual requests are a
// small part of the largest one; with the defaults 256 of them are taken at once.
func (o Options) maxCalls() int {
	return max(fewestCalls, 16*int(min(mostCalls/16, o.MaxBytes/o.MaxRequestBytes)))
}

// level returns the instruction-set level of the models: the one that is asked for, or the best of the processor.
func (o Options) level() (string, error) {
	best, err := cpu.Best()
	if o.Models.Kernels == "" || err != nil {
		return best.String(), err
	}
	l, err := cpu.ParseLevel(o.Models.Kernels)
	if err == nil && !slices.Contains(cpu.Available(), l) {
		err = fmt.Errorf("%w: level %s: this processor has not what it needs", runtime.ErrOption, l)
	}
	return l.String(), err
}
