// Package load sends requests to an inference server and measures what becomes of them.
//
// In an open loop, requests fall due by a clock, whether earlier ones have been answered or not, as those of many independent users
// do. Latency counts from the time at which a request was due, so that whatever keeps the generator from sending it, a server that
// has stalled first of all, is part of the latency (what is otherwise called coordinated omission). In a closed loop, a number of
// clients send each the next request when the last one is answered: that finds what the server can do at most.
//
// Nothing is sent again: each request has one outcome, an answer's status or what went wrong on the way. A request that would exceed
// the bound on requests in flight is not sent, and counted as that.
//
// The package speaks the Open Inference Protocol over HTTP (tensors in the binary form, in JSON, pictures as BYTES) and over gRPC,
// and Octet's own endpoint for pictures. Bodies are made once; the server under test often shares the processor with the generator.
package load
