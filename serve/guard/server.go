package guard

import (
	"io"
	"log"
	"log/slog"
	"net/http"
	"time"
)

// ServerOptions bounds how long a server waits for a client.
type ServerOptions struct {
	ReadHeader time.Duration // for the header of a request, with the handshake of TLS; default 10s
	Idle       time.Duration // between requests; default 2m
	Stall      time.Duration // for a client to take the part of a response that is being written; default 30s
	MaxHeader  int           // bytes; default 64 KiB
	Logger     *slog.Logger  // told what goes wrong with connections, at slog.LevelDebug; default: nowhere
}

// Server returns a server for a handler in which nothing waits for a client without an end.
//
// ReadTimeout and WriteTimeout are not set, as they bound whole requests: a time in which a slow upload is possible would be one for
// which a client that sends nothing is borne. In their place are times within which something has to happen. Each write, flush and the
// end of a response must be taken within Stall. What reads bodies sets a deadline for each part (package rest does); what is left of a
// body when the handler is through must come within Stall.
func Server(h http.Handler, o ServerOptions) *http.Server {
	for _, d := range []struct {
		value   *time.Duration
		setting time.Duration
	}{{&o.ReadHeader, 10 * time.Second}, {&o.Idle, 2 * time.Minute}, {&o.Stall, 30 * time.Second}} {
		if *d.value <= 0 {
			*d.value = d.setting
		}
	}
	if o.MaxHeader <= 0 {
		o.MaxHeader = 64 << 10
	}
	logs := log.New(io.Discard, "", 0)
	if o.Logger != nil {
		logs = slog.NewLogLogger(o.Logger.Handler(), slog.LevelDebug)
	}
	return &http.Server{
		Handler: stallHandler{h, o.Stall}, ReadHeaderTimeout: o.ReadHeader, IdleTimeout: o.Idle, MaxHeaderBytes: o.MaxHeader, ErrorLog: logs,
	}
}

// stallHandler bounds the time that a client may take for each write.
type stallHandler struct {
	next  http.Handler
	stall time.Duration
}

// ServeHTTP answers a request.
func (h stallHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := &stallWriter{w, http.NewResponseController(w), h.stall}
	s.clear() // that of the request before on the connection
	defer func() {
		s.set()
		_ = s.control.SetReadDeadline(time.Now().Add(h.stall))
	}()
	h.next.ServeHTTP(s, r)
}

// stallWriter is a ResponseWriter whose writes have deadlines. Between writes there is none: HTTP/2 ends a stream when one passes, and a
// stream of events may be silent for long. Errors of setting deadlines are those of a writer without a connection, in tests.
type stallWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	stall   time.Duration
}

func (w *stallWriter) set()   { _ = w.control.SetWriteDeadline(time.Now().Add(w.stall)) }
func (w *stallWriter) clear() { _ = w.control.SetWriteDeadline(time.Time{}) }

// Unwrap is for http.ResponseController.
func (w *stallWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Write sends a part of the body.
func (w *stallWriter) Write(p []byte) (int, error) {
	w.set()
	defer w.clear()
	return w.ResponseWriter.Write(p)
}

// Flush sends what is buffered.
func (w *stallWriter) Flush() { _ = w.FlushError() }

// FlushError is Flush for http.ResponseController.
func (w *stallWriter) FlushError() error {
	w.set()
	defer w.clear()
	return w.control.Flush()
}
