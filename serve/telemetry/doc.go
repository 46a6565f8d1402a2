// Package telemetry tells what a server does: metrics for Prometheus, traces by OpenTelemetry and logs by log/slog.
//
// Nothing here is global: there is a registry for each Metrics, a tracer provider is a value that is handed on, and a logger is what the
// caller gives. Middleware for HTTP and interceptors for gRPC are to be put in this order, from the outside: traces, logs, what checks
// tokens, handlers. A line of the log then carries the id of the trace, and what is refused is logged, too.
package telemetry
