package telemetry

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"regexp"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// NewLogger returns a logger that writes an object of JSON a line.
func NewLogger(w io.Writer, level slog.Leveler) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level}))
}

// LogOptions says what is logged of requests: a line each, with neither bodies nor tokens.
type LogOptions struct {
	Logger *slog.Logger
	// Succeeded is the level of requests that are answered, default slog.LevelDebug; Failed that of the others, default slog.LevelInfo.
	// What is our own fault, such as a panic, is slog.LevelError in any case.
	Succeeded slog.Leveler
	Failed    slog.Leveler
}

// withDefaults fills in what is open.
func (o LogOptions) withDefaults() LogOptions {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Succeeded == nil {
		o.Succeeded = slog.LevelDebug
	}
	if o.Failed == nil {
		o.Failed = slog.LevelInfo
	}
	return o
}

// idHeader is the header, in gRPC the metadata, that carries a request's id.
const idHeader = "X-Request-Id"

// idForm is what the id of a caller may look like: short, and harmless wherever it is written.
var idForm = regexp.MustCompile(`^[A-Za-z0-9._~:+/=@-]{1,128}$`)

// requestID returns the caller's id of a request if it is one, and else a random one.
func requestID(given string) string {
	if idForm.MatchString(given) {
		return given
	}
	return rand.Text()
}

// idKey is the key of a request's id in its context.
type idKey struct{}

// RequestID returns the id of the request whose context it is, "" where that has none.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(idKey{}).(string)
	return id
}

// outcome is what all transports log.
type outcome struct {
	took   time.Duration
	remote string
	err    string // empty: none is known
	level  slog.Level
}

// line writes the line of a request.
func (o LogOptions) line(ctx context.Context, out outcome, attributes ...slog.Attr) {
	if !o.Logger.Enabled(ctx, out.level) {
		return
	}
	attributes = append(attributes, slog.Float64("seconds", out.took.Seconds()), slog.String("remote", out.remote), slog.String("request_id", RequestID(ctx)))
	if span := trace.SpanContextFromContext(ctx); span.HasTraceID() {
		attributes = append(attributes, slog.String("trace_id", span.TraceID().String()))
	}
	if out.err != "" {
		attributes = append(attributes, slog.String("error", out.err))
	}
	o.Logger.LogAttrs(ctx, out.level, "request", attributes...)
}

// panicked logs a panic of a handler.
func (o LogOptions) panicked(ctx context.Context, method string, value any, stack []byte) {
	o.Logger.LogAttrs(ctx, slog.LevelError, "bug: a handler panicked", slog.String("method", method),
		slog.Any("panic", value), slog.String("request_id", RequestID(ctx)), slog.String("stack", string(stack)))
}

// errorOf returns the text of an error of the protocol's form, {"error": text}; "" for anything else.
func errorOf(body []byte) string {
	var e struct {
		Error string `json:"error"`
	}
	_ = json.Unmarshal(body, &e)
	return e.Error
}
