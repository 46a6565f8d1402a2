// Package conformance holds the tests that run whole models and ONNX's node tests against reference results: the golden
// outputs of other runtimes, bit-equality across instruction-set levels, thread counts and batch sizes, and accuracy counts.
// It has no code outside its tests.
package conformance
