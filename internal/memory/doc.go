// Package memory makes the buffers that kernels read and write: aligned, with room to over-read, and on large pages where they
// are large.
//
// Weights are read once a run from beginning to end, so that most of what a large layer costs besides its products is finding
// its pages. Where Linux gives huge pages to those who ask (transparent_hugepage "madvise", the usual setting), buffers of
// [HugePage] bytes and more ask; elsewhere they are ordinary memory. Buffers belong to the collector like any other.
package memory
