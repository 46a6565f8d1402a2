// Package generic holds the float32 kernels in portable Go, with the contracts of package kernel.
//
// Products are rounded before they are added, on every architecture.
package generic
