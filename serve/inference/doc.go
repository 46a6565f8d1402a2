// Package inference is the gRPC form of the Open Inference Protocol, version 2: messages, client and server of the service
// inference.GRPCInferenceService, generated from inference.proto, which says how it relates to the protocol's and Triton's own files.
//
// A program that links another package generated from one of those files as well registers the same names twice, which package
// google.golang.org/protobuf refuses at the start.
package inference

//go:generate go run -C generate . ..
