// Package kernel is the contract between the drivers of package i8 and the kernels of each instruction set.
//
// A kernel is a leaf function of one pointer to an argument struct. It computes whole tiles, never blocks, allocates
// nothing, keeps no pointer, and ends within tens of microseconds because it cannot be preempted. Each argument struct's
// doc comment states its layout, alignment, over-read allowance and preconditions; the drivers guarantee them and the suite
// in kerneltest checks that a set keeps its side.
//
// A [Set] is the table of kernels of one level: rows of named kernels with the parameters that the drivers and packers
// need. A package of kernels (generic, avx2, avx512vnni) exports one function, Overlay, that replaces the rows it has
// something better for. Sets are built once by i8.Select and are values: nothing here is mutable state.
//
// Pointers in argument structs are real Go pointers to the first byte used, so the collector sees every buffer for the
// duration of a call. Addresses that may lie outside their object are uintptr or offsets.
package kernel
