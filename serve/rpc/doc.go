// Package rpc puts an oip.Service on gRPC: inference.GRPCInferenceService with Triton's extensions, grpc.health.v1.Health and server
// reflection.
//
// Data go in as raw_input_contents or as typed contents and come out as raw_output_contents. Requests of a ModelStreamInfer stream run
// side by side and are answered in their order. Errors have the status codes that oip.Code names; one that it makes sense to try again
// carries a google.rpc.RetryInfo and, for clients with a retry policy, the trailer grpc-retry-pushback-ms.
//
// A message is weighed before it is decoded: what it will take in memory comes from the service's budget, and the model is asked
// whether it has room. Before a message is even read, calls beyond Options.MaxCalls are refused. What gRPC has received of
// messages that are not complete is not in the budget; MaxCalls times MaxMessage bounds it.
package rpc
