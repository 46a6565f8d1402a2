package rest

import (
	"context"
	"fmt"
	"net/http"
	"path"
	"strings"

	"github.com/octet-ml/octet/serve/oip"
)

// Options says how a handler answers.
type Options struct {
	Version string // of the server, for its metadata
	MaxBody int64  // bytes of a request, decompressed; default DefaultMaxBody
}

// DefaultMaxBody is how many bytes a request may have by default.
const DefaultMaxBody = 64 << 20

// maxControl is how many bytes a request to the repository may have: a config.json and what is around it.
const maxControl = 33 << 20

// face is the protocol on HTTP.
type face struct {
	service *oip.Service
	options Options
}

// method answers requests. An error is answered by WriteError.
type method func(w http.ResponseWriter, r *http.Request) error

// New returns a handler for all paths of the protocol, which are under /v2. It is safe for concurrent use.
func New(s *oip.Service, o Options) http.Handler {
	if o.MaxBody <= 0 {
		o.MaxBody = DefaultMaxBody
	}
	f := &face{service: s, options: o}
	mux := http.NewServeMux()
	for _, r := range []struct {
		method  string
		pattern string
		answer  method
	}{
		{"GET", "/v2", f.server},
		{"GET", "/v2/{$}", f.server},
		{"GET", "/v2/health/live", f.live},
		{"GET", "/v2/health/ready", f.ready},
		{"GET", "/v2/models/{model}", f.model},
		{"GET", "/v2/models/{model}/versions/{version}", f.model},
		{"GET", "/v2/models/{model}/ready", f.modelReady},
		{"GET", "/v2/models/{model}/versions/{version}/ready", f.modelReady},
		{"GET", "/v2/models/{model}/config", f.modelConfig},
		{"GET", "/v2/models/{model}/versions/{version}/config", f.modelConfig},
		{"GET", "/v2/models/stats", f.statistics},
		{"GET", "/v2/models/{model}/stats", f.statistics},
		{"GET", "/v2/models/{model}/versions/{version}/stats", f.statistics},
		{"POST", "/v2/models/{model}/infer", f.infer},
		{"POST", "/v2/models/{model}/versions/{version}/infer", f.infer},
		{"POST", "/v2/repository/index", f.index},
		{"POST", "/v2/repository/models/{model}/load", f.load},
		{"POST", "/v2/repository/models/{model}/unload", f.unload},
	} {
		mux.Handle(r.pattern, handle(only(r.method, r.answer)))
	}
	mux.Handle("/", handle(nowhere))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isClean(r.URL.EscapedPath()) {
			handle(nowhere)(w, r) // the mux would send the client elsewhere
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// handle returns a handler whose requests end when their clients' timeouts say.
func handle(m method) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		limit, err := Timeout(r)
		if limit > 0 {
			ctx, cancel := context.WithTimeout(r.Context(), limit)
			defer cancel()
			r = r.WithContext(ctx)
		}
		if err == nil {
			err = m(w, r)
		}
		if err != nil {
			WriteError(w, r, err)
		}
	}
}

// only returns a method that answers one method of HTTP, and HEAD with GET.
func only(verb string, m method) method {
	allow := verb
	if verb == http.MethodGet {
		allow = "GET, HEAD"
	}
	return func(w http.ResponseWriter, r *http.Request) error {
		if r.Method != verb && (r.Method != http.MethodHead || verb != http.MethodGet) {
			w.Header().Set("Allow", allow)
			return fmt.Errorf("%w: %.20s %s: want %s", ErrMethod, r.Method, shown(r), allow)
		}
		return m(w, r)
	}
}

// nowhere answers requests for paths that there are not.
func nowhere(_ http.ResponseWriter, r *http.Request) error {
	return fmt.Errorf("%w: %s", ErrRoute, shown(r))
}

// shown returns the path of a request for a message.
func shown(r *http.Request) string { return fmt.Sprintf("%.200q", r.URL.EscapedPath()) }

// isClean reports whether a path has no empty, "." or ".." segment.
func isClean(p string) bool {
	c := path.Clean(p)
	return strings.HasPrefix(p, "/") && (p == c || c != "/" && p == c+"/")
}
