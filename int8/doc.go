// Package i8 crunches quantized numbers: convolution, depthwise convolution and dense layers on int8 and int4 weights,
// and the byte operations between them (add, multiply, table look-up, pooling, quantization).
//
// It knows nothing of graphs or models. Work is described in three stages: packed weights ([Kernels.PackConv], shared by
// everything), a plan for one geometry ([ConvWeights.Plan], immutable), and a [Step] bound to buffers (once a session),
// whose Run allocates nothing and may be called concurrently for disjoint tile ranges. The package never starts a goroutine.
//
// Invariants:
//   - Activations are uint8, NHWC, dense: the pixel stride is the channel count.
//   - A source buffer may be read up to [Slack] bytes past its end, never before its start; nothing is written past the end
//     of a destination. Weights given by the caller are never over-read.
//   - Results are the same bytes at every level, for every partition into tiles: accumulation is exact in int32, and the one
//     requantization is y = clamp(roundHalfEven(float32(acc)*multiplier) + zero).
//   - A kernel (int8/internal) is a leaf that computes tiles from one argument struct. Everything else (geometry, padding,
//     groups, tails) is Go code here.
package i8
