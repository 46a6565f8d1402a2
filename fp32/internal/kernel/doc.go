// Package kernel is the contract between the float32 drivers and the kernels of each instruction set.
//
// A kernel is a function of one pointer to an argument struct. It allocates nothing, keeps nothing, checks nothing: the
// drivers in package f32 guarantee the preconditions that the structs state. Assembly reads only the base pointer of a
// slice; the portable kernels index the same slices, so the Go loop in a struct's comment is the normative meaning.
//
// Over-reads: a kernel may read up to 64 bytes past the last element that it needs of an activation buffer and of Alt,
// never before the first. Packed weights and bias are whole panels. Nothing is written outside the stated elements.
//
// Order: every output has one accumulator, which starts at the bias and takes the products in the order (tap, k). So a
// result does not depend on how rows are grouped into tiles. Whether a product is rounded before it is added (portable
// Go) or not (FMA) is a property of the instruction set: sets differ in the last bits.
package kernel
