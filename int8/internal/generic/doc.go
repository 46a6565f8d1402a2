// Package generic has every kernel of the contract in portable Go.
//
// It is what other architectures and builds with the noasm tag run, and what assembly is compared with to the bit. It never
// reads beyond the bytes that a result depends on.
package generic
