// Command asmgen writes the float32 assembly: that of the x86 instruction sets from one source for vectors of 8 and of 16
// lanes, that of arm64 from the files neon_*.go.
//
//	go generate ./fp32/internal/...
//
// It writes the families of kernels as *_GOARCH.s and their Go declarations as stubs_GOARCH.go into each set's folder. Its
// test fails when a file there is not what it would write.
package main
