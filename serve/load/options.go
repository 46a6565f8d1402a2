package load

import (
	"crypto/tls"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Protocol is how requests are put.
type Protocol string

// The protocols.
const (
	HTTP      Protocol = "http"       // Open Inference Protocol over HTTP, tensors in the binary form
	HTTPJSON  Protocol = "http-json"  // the same, tensors in JSON
	HTTPBytes Protocol = "http-bytes" // the same, pictures as a tensor of type BYTES in the binary form
	Classify  Protocol = "classify"   // Octet's POST /v1/classify: one picture as the body, several as multipart/form-data
	GRPC      Protocol = "grpc"       // Open Inference Protocol over gRPC, tensors or pictures as raw_input_contents
)

// Protocols lists the protocols.
func Protocols() []Protocol { return []Protocol{HTTP, HTTPJSON, HTTPBytes, Classify, GRPC} }

// Arrivals is how the times between requests of an open loop are distributed.
type Arrivals string

// The distributions of times between arrivals.
const (
	Constant Arrivals = "constant" // all the same
	Poisson  Arrivals = "poisson"  // exponential, as those of many independent users are
)

// The defaults of Options.
const (
	DefaultDuration    = 10 * time.Second
	DefaultMaxInFlight = 512
	DefaultTimeout     = 30 * time.Second
	DefaultInputs      = 8
)

// Options says what to send, how often, for how long.
type Options struct {
	// URL is where the server is: http://, https://, grpc:// or grpcs:// with host and port, for HTTP perhaps with a path.
	URL string
	// Protocol is by default GRPC for an URL of that scheme, else Classify with Pictures and HTTP without.
	Protocol Protocol
	Model    string
	Version  string // empty: the server's choice

	Batch    int      // examples of a request; default 1, or the model's where it takes no other number
	Pictures [][]byte // files; the requests take them in turn
	Tensors  []Tensor // of a model with one input, cut into batches along the first dimension; default random
	Inputs   int      // how many different random requests there are; default DefaultInputs
	Seed     uint64   // of random tensors and arrivals

	Rate        float64  // requests a second of an open loop; 0: a closed loop
	Arrivals    Arrivals // default Constant
	Clients     int      // of a closed loop; default 1
	MaxInFlight int      // requests of an open loop that may be without an answer; default DefaultMaxInFlight

	Warmup   time.Duration // requests in the beginning that do not count
	Duration time.Duration // after the warm-up; default DefaultDuration, without an end where Requests is set
	Requests int           // that fall due after the warm-up, at most; 0: any number
	Timeout  time.Duration // of one request, from when it is sent; default DefaultTimeout

	Header http.Header // sent with each request; with GRPC as metadata
	TLS    *tls.Config // nil: the system's

	// Check compares each good answer with the first good one to the same input, byte for byte but for the times that Classify
	// answers with. Server and model must not change their answers.
	Check bool
	// OnResponse is called after each request, warm-up included, from the goroutine that sent it; it delays the next request of a
	// client in a closed loop, and nothing in an open loop. It must be safe for concurrent use. Nil: nobody is told.
	OnResponse func(Response)
	// Progress is called about five times a second while requests are sent. Nil: nobody is told.
	Progress func(Progress)
}

// Response is what became of one request.
type Response struct {
	Index int       // of the request, counted from 0 in the order in which they fell due, those not sent included
	Input int       // which of the inputs it had
	Due   time.Time // when it should have been sent; in a closed loop when it was
	Sent  time.Time
	Done  time.Time
	Code  string // as Outcome.Code
	Err   error  // nil where an answer came, whatever its status
	// Header is the answer's header; nil without an answer. With GRPC it is the metadata.
	Header http.Header
	// Body is the answer's body, with GRPC the encoded ModelInferResponse. It is valid until the callback returns.
	Body []byte
}

// Progress is how far a run has come.
type Progress struct {
	Elapsed time.Duration // of Total, which is 0 where the number of requests ends the run
	Total   time.Duration
	Sent    int64 // requests, warm-up included
	Good    int64
	Other   int64 // answers that are not good, and requests without an answer
	Unsent  int64
}

// schemes maps schemes of URLs to whether they are gRPC and whether they are encrypted.
var schemes = map[string]struct{ grpc, secure bool }{
	"http": {false, false}, "https": {false, true}, "grpc": {true, false}, "grpcs": {true, true},
}

// check returns the options with defaults, and the address of the server.
func (o Options) check() (Options, *url.URL, error) {
	u, err := url.Parse(o.URL)
	if err != nil {
		return o, nil, fmt.Errorf("%w: URL: %w", ErrOption, err)
	}
	scheme, known := schemes[u.Scheme]
	if !known || u.Host == "" {
		return o, nil, fmt.Errorf("%w: URL %q: want http, https, grpc or grpcs, and a host", ErrOption, o.URL)
	}
	if o.Protocol == "" {
		switch {
		case scheme.grpc:
			o.Protocol = GRPC
		case len(o.Pictures) > 0:
			o.Protocol = Classify
		default:
			o.Protocol = HTTP
		}
	}
	if err := o.checkWhat(scheme.grpc); err != nil {
		return o, nil, err
	}
	if err := o.checkWhen(); err != nil {
		return o, nil, err
	}
	if o.Duration == 0 && o.Requests == 0 {
		o.Duration = DefaultDuration
	}
	if o.Rate == 0 && o.Clients == 0 {
		o.Clients = 1
	}
	setDefault(&o.Arrivals, Constant)
	setDefault(&o.MaxInFlight, DefaultMaxInFlight)
	setDefault(&o.Timeout, DefaultTimeout)
	setDefault(&o.Inputs, DefaultInputs)
	return o, u, nil
}

// setDefault gives a field that is zero its default.
func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// checkWhat returns an error where the options do not say what to send to a server that speaks gRPC or HTTP.
func (o *Options) checkWhat(grpc bool) error {
	switch {
	case !slices.Contains(Protocols(), o.Protocol):
		return fmt.Errorf("%w: protocol %q: want one of %v", ErrOption, o.Protocol, Protocols())
	case grpc != (o.Protocol == GRPC):
		return fmt.Errorf("%w: protocol %q does not go with URL %q", ErrOption, o.Protocol, o.URL)
	case o.Model == "":
		return fmt.Errorf("%w: no model", ErrOption)
	case len(o.Pictures) > 0 && len(o.Tensors) > 0:
		return fmt.Errorf("%w: pictures and tensors exclude each other", ErrOption)
	case len(o.Pictures) > 0 && (o.Protocol == HTTP || o.Protocol == HTTPJSON):
		return fmt.Errorf("%w: protocol %q sends tensors, not pictures", ErrOption, o.Protocol)
	case len(o.Pictures) == 0 && (o.Protocol == HTTPBytes || o.Protocol == Classify):
		return fmt.Errorf("%w: protocol %q needs pictures", ErrOption, o.Protocol)
	case o.Batch < 0, o.Inputs < 0:
		return fmt.Errorf("%w: batch %d, inputs %d: want positive numbers", ErrOption, o.Batch, o.Inputs)
	}
	return nil
}

// checkWhen returns an error where the options do not say when to send.
func (o *Options) checkWhen() error {
	switch {
	case o.Rate < 0 || o.Rate > maxRate || math.IsNaN(o.Rate):
		return fmt.Errorf("%w: rate %v: want 0 to %.0f requests a second", ErrOption, o.Rate, maxRate)
	case o.Rate > 0 && o.Clients != 0:
		return fmt.Errorf("%w: rate and clients exclude each other: an open loop has the one, a closed loop the other", ErrOption)
	case o.Rate == 0 && o.Arrivals != "", !slices.Contains([]Arrivals{"", Constant, Poisson}, o.Arrivals):
		return fmt.Errorf("%w: arrivals %q: want %s or %s, and a rate", ErrOption, o.Arrivals, Constant, Poisson)
	case o.Clients < 0 || o.Clients > maxClients, o.MaxInFlight < 0 || o.MaxInFlight > maxClients:
		return fmt.Errorf("%w: clients %d, in flight %d: want up to %d", ErrOption, o.Clients, o.MaxInFlight, maxClients)
	case o.Rate == 0 && o.MaxInFlight != 0:
		return fmt.Errorf("%w: in flight %d: the clients of a closed loop bound that", ErrOption, o.MaxInFlight)
	case o.Warmup < 0, o.Duration < 0, o.Requests < 0, o.Timeout < 0:
		return fmt.Errorf("%w: warm-up %v, duration %v, requests %d, timeout %v: want none negative", ErrOption, o.Warmup, o.Duration, o.Requests, o.Timeout)
	}
	return nil
}

// Bounds that only slips of the pen exceed.
const (
	maxRate    = 1e6
	maxClients = 1 << 16
)

// concurrent returns how many requests there may be at once.
func (o *Options) concurrent() int {
	if o.Rate > 0 {
		return o.MaxInFlight
	}
	return o.Clients
}

// base returns the URL without a slash at its end.
func base(u *url.URL) string { return strings.TrimRight(u.String(), "/") }
