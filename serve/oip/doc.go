// Package oip is the Open Inference Protocol, version 2, without a transport: requests and responses as values, and a Service that
// answers them with the models of a repository. Packages rest and rpc put it on HTTP and gRPC, package pictures serves files with
// pictures through it.
//
// Tensors are held as little-endian bytes in row-major order, as the protocol's raw and binary forms are; elements of type BYTES are
// each preceded by their length as a 4-byte little-endian number.
//
// Errors are those of the packages that they come from, wrapped; CodeOf sorts them into the few kinds that a transport has numbers for.
package oip
