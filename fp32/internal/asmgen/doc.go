// Command asmgen writes the float32 assembly of the x86 instruction sets, one source for vectors of 8 and of 16 lanes.
//
//	go generate ./fp32/internal/...
//
// It writes gemm, depthwise, pool and eltwise as *_amd64.s and their Go declarations as stubs_amd64.go into each set's
// folder. Its test fails when a file there is not what it would write.
package main
