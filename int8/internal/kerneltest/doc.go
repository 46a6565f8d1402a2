// Package kerneltest holds what the tests of kernels share: buffers that make a kernel fail as soon as it strays from the
// bytes that its contract names.
//
// It is imported by tests only.
package kerneltest
