// Package serve is an inference server for quantized image classifiers: the Open Inference Protocol on HTTP and gRPC, an endpoint
// and a page for pictures, metrics, traces and logs, in front of a repository of models that may be replaced while it runs.
//
// New loads the models and opens the ports; Server.Run answers until its context ends, and then drains: it reports that it is not
// ready, closes its ports, answers what it has taken, and returns. The parts are packages of their own, for who wants some of them:
// batch is a queue that makes batches, repository the models on disk, oip the protocol without a transport, rest and rpc its
// transports, pictures the endpoint and the page, telemetry and guard what operations need.
//
// Nothing here is global: a process may run several servers.
package serve
