// Package f32 computes convolutions, dense layers, pools and element-wise operations on float32 activations.
//
// It serves the float parts of partly quantized models, and float models as a baseline. It knows nothing of graphs or
// threads: a plan (ConvPlan, PoolPlan, BinaryPlan, UnaryPlan) is work for given sizes, immutable and shared; Bind ties
// it to buffers and gives a Step; the caller runs the step's tiles, on as many goroutines as it likes.
//
// Activations are dense NHWC float32 in byte buffers, in the machine's own order, which is little endian wherever
// Select succeeds. Buffers must start at a multiple of 4 bytes, and at least 64 bytes past the end of each source must
// be readable memory (Slack): vector kernels may read there, they never write past an end and never read before a start.
//
// Invariants:
//   - Steps allocate nothing when they run.
//   - A result depends on the layer's sizes and the level only: not on the batch, the tiles of a Run or the threads.
//   - Between levels, sums of products differ in the last bits (FMA rounds once): by at most Tolerance times the sum of
//     the absolute products. Pools, binary operations and functions give the same bits on all levels
//     and architectures, but for the payload of a NaN.
//   - A NaN passes through every clamp.
//
// The scalar functions (Exp, Tanh, Sigmoid ...) are pure Go with explicit rounding, so that they give the same bits
// everywhere; package math has assembly of its own on some architectures.
//
// To add an instruction set: fill a kernel.Set in internal/ISA, have it pass internal/kerneltest, and name it in isaSet.
package f32
