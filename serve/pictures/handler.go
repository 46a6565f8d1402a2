package pictures

import (
	"fmt"
	"net/http"

	"github.com/octet-ml/octet/serve/oip"
	"github.com/octet-ml/octet/serve/rest"
	"github.com/octet-ml/octet/vision"
)

// Options says what a handler takes and shows. Zero fields mean the defaults.
type Options struct {
	MaxBody     int64 // bytes of a request's body; default DefaultMaxBody
	MaxPicture  int64 // bytes of a file in it; default vision.DefaultMaxBytes, 32 MiB
	MaxPictures int   // files in a request; default DefaultMaxPictures
	// Observer has what the last minute brought; nil: the status has none of it.
	Observer *Observer
	// Sample is a file with a picture that the page offers to try; nil: none.
	Sample []byte
}

// The default limits of a request.
const (
	DefaultMaxBody     = 64 << 20 // bytes
	DefaultMaxPictures = 64
)

// handler is what New returns.
type handler struct {
	service *oip.Service
	options Options
}

// New returns the handler of the package's paths; any other path is answered with 404. Errors are answered as {"error": "..."}, with the
// status of rest.Status.
func New(s *oip.Service, o Options) http.Handler {
	if o.MaxBody <= 0 {
		o.MaxBody = DefaultMaxBody
	}
	if o.MaxPicture <= 0 {
		o.MaxPicture = vision.DefaultMaxBytes
	}
	if o.MaxPictures <= 0 {
		o.MaxPictures = DefaultMaxPictures
	}
	h := &handler{service: s, options: o}
	mux := http.NewServeMux()
	mux.HandleFunc("/v1/classify/{model}", only(h.classify, http.MethodPost))
	mux.HandleFunc("/v1/classify/{model}/{version}", only(h.classify, http.MethodPost))
	mux.HandleFunc("/v1/status", only(h.status, http.MethodGet, http.MethodHead))
	for path, f := range pageFiles(o.Sample) {
		mux.HandleFunc(path, only(f.serve, http.MethodGet, http.MethodHead))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		rest.WriteError(w, r, fmt.Errorf("%w: %.200q", rest.ErrRoute, r.URL.Path))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for key, value := range headers {
			w.Header().Set(key, value)
		}
		mux.ServeHTTP(w, r)
	})
}

// headers are sent with every answer: the page may load and ask its own server, and nobody may frame it.
var headers = map[string]string{
	"Content-Security-Policy":      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	"Cross-Origin-Resource-Policy": "same-origin",
	"X-Content-Type-Options":       "nosniff",
	"Referrer-Policy":              "no-referrer",
	"Cache-Control":                "no-store",
}

// only refuses other methods than those that are given.
func only(f http.HandlerFunc, methods ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for _, m := range methods {
			if r.Method == m {
				f(w, r)
				return
			}
		}
		for _, m := range methods {
			w.Header().Add("Allow", m)
		}
		rest.WriteError(w, r, fmt.Errorf("%w: %.20q for %.200q, want %v", rest.ErrMethod, r.Method, r.URL.Path, methods))
	}
}
