package telemetry

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"
)

// HTTPLog returns middleware that gives each request an id, the caller's X-Request-Id where it has a good one, in its context and the
// response; logs a line when it is through; and answers a panic with 500.
func HTTPLog(o LogOptions) func(http.Handler) http.Handler {
	o = o.withDefaults()
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { o.serve(w, r, next) })
	}
}

// serve answers a request and logs it.
func (o LogOptions) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	start := time.Now()
	id := requestID(r.Header.Get(idHeader))
	ctx := context.WithValue(r.Context(), idKey{}, id)
	w.Header().Set(idHeader, id)
	rec := &recorder{ResponseWriter: w}
	inner := r.WithContext(ctx)
	defer func() {
		// Those further out want to know, too: tracing the route, net/http the files that it is to remove.
		r.Pattern, r.MultipartForm = inner.Pattern, inner.MultipartForm
		p := recover()
		aborted := p == http.ErrAbortHandler
		if p != nil && !aborted {
			o.panicked(ctx, r.Method, p, debug.Stack())
			aborted = !rec.fail()
		}
		o.lineHTTP(ctx, inner, rec, aborted, time.Since(start))
		if aborted {
			panic(http.ErrAbortHandler) // the client is to see that the response is not whole
		}
	}()
	next.ServeHTTP(rec, inner)
}

// lineHTTP writes the line of a request.
func (o LogOptions) lineHTTP(ctx context.Context, r *http.Request, rec *recorder, aborted bool, took time.Duration) {
	out := outcome{took: took, remote: r.RemoteAddr, err: errorOf(rec.failure), level: o.Succeeded.Level()}
	status := rec.status
	if status == 0 {
		status = http.StatusOK // as net/http answers for a handler that writes nothing
	}
	if aborted && out.err == "" {
		out.err = "aborted"
	}
	switch {
	case status == http.StatusInternalServerError:
		out.level = slog.LevelError
	case status >= 400 || aborted:
		out.level = o.Failed.Level()
	}
	route := slog.String("route", r.Pattern)
	if r.Pattern == "" {
		route = slog.String("path", cut(r.URL.Path))
	}
	o.line(ctx, out, slog.String("method", cut(r.Method)), route, slog.Int("status", status), slog.Int64("bytes", rec.bytes))
}

// cut bounds what a client has sent.
func cut(s string) string { return s[:min(len(s), 200)] }

// mostFailure is how many bytes of a response that reports a failure are kept to find its reason.
const mostFailure = 4 << 10

// recorder is a ResponseWriter that notes what becomes of a response.
type recorder struct {
	http.ResponseWriter
	status  int // 0: nothing has been written
	bytes   int64
	failure []byte // the beginning of the body of a response that reports a failure
}

// Unwrap is for http.ResponseController: flushing and deadlines.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// WriteHeader sends the status.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write sends a part of the body.
func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	if room := mostFailure - len(r.failure); r.status >= 400 && room > 0 {
		r.failure = append(r.failure, p[:min(len(p), room)]...)
	}
	n, err := r.ResponseWriter.Write(p)
	r.bytes += int64(n)
	return n, err
}

// Flush sends what is buffered; it does nothing where that cannot be done.
func (r *recorder) Flush() { _ = r.FlushError() }

// FlushError is Flush for http.ResponseController.
func (r *recorder) FlushError() error {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return http.NewResponseController(r.ResponseWriter).Flush()
}

// fail answers with 500 unless a response has begun already, which it reports as false.
func (r *recorder) fail() bool {
	if r.status != 0 {
		return false
	}
	h := r.Header()
	for _, name := range []string{"Content-Length", "Content-Encoding", "Cache-Control", "Etag", "Last-Modified"} {
		h.Del(name)
	}
	h.Set("Content-Type", "application/json")
	r.WriteHeader(http.StatusInternalServerError)
	_, _ = io.WriteString(r, `{"error":"internal error"}`)
	return true
}
