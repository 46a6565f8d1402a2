// Package kerneltest is the suite that every set of float32 kernels must pass.
//
// Set checks each kernel of a set against the loop in its argument struct's comment: every tile height, every number of
// columns and channels about the vector widths, rows from Alt, residuals, clamps, and that nothing is written outside.
// It is imported by tests only.
package kerneltest
