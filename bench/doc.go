// Package bench builds well-known image classifiers with synthetic weights and measures how fast programs run.
//
// Architectures are the published ones, layer by layer; weights are pseudo-random, the same on every machine, and scaled so
// that activations neither vanish nor saturate: speed does not depend on their values. Build gives a graph as a loader would
// return it, in float32, with int8 weights or with 4-bit weights, ready for runtime.Compile or for onnx.Write. They classify
// nothing.
//
// Measure runs cells (a model at one precision, number of threads and batch size) in turns, so that a drift of the machine
// meets all of them alike, and reports quiet medians: the median of the best quarter of time blocks. Virtual cores that now
// and then share a physical one make plain medians bimodal. A cell may name another Engine than Octet; it must then compute what
// Octet computes, or Measure fails.
//
// ProbePeak measures what the machine can do at most, on a convolution whose data stay in the caches.
//
// The package prints nothing and is not imported by any library package. Its functions may be called concurrently, but
// measurements that run at the same time disturb each other.
package bench
