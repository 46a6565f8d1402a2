// Asmgen writes the generated assembly of the project: families of kernels that differ only in the size of their tile.
//
//	go run ./internal/asmgen          # rewrites every generated file
//	go test ./internal/asmgen         # fails if a generated file is stale
//
// A family is one file here and one row in the table outputs. What a kernel must compute is stated where its argument
// struct is (int8/internal/kernel); here is only how.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// output is a generated file: its path from the module's root and the function that makes its text.
type output struct {
	path string
	make func() []byte
}

var outputs = []output{
	{"int8/internal/avx2/gemm_amd64.s", gemmAVX2.make},
	{"int8/internal/avxvnni/gemm_amd64.s", gemmAVXVNNI.make},
	{"int8/internal/evexvnni/gemm_amd64.s", gemmEVEX.make},
	{"int8/internal/avx2/depthwise_amd64.s", depthwiseAVX2},
	{"int8/internal/avx2/peak_amd64.s", peakAVX2.make},
	{"int8/internal/avxvnni/peak_amd64.s", peakAVXVNNI.make},
	{"int8/internal/evexvnni/peak_amd64.s", peakEVEX.make},
	{"int8/internal/avx512vnni/peak_amd64.s", peakAVX512.make},
	{"int8/internal/avx512vnni/gemm_amd64.s", gemmAVX512},
	{"int8/internal/avx512vnni/gemm_amd64.go", gemmAVX512Stubs},
	{"int8/internal/avx512vnni/depthwise_amd64.s", depthwiseAVX512},
	{"int8/internal/neon/gemm_arm64.s", gemmNEON.make},
	{"int8/internal/neon/depthwise_arm64.s", depthwiseNEON},
	{"int8/internal/neon/eltwise_arm64.s", eltwiseNEON},
	{"int8/internal/neon/pool_arm64.s", poolNEON},
	{"int8/internal/neon/transpose_arm64.s", transposeNEON},
	{"int8/internal/dotprod/gemm_arm64.s", gemmDotProd.make},
	{"int8/internal/dotprod/depthwise_arm64.s", depthwiseDotProd},
}

func main() {
	for _, o := range outputs {
		if err := os.WriteFile(filepath.Join(root(), o.path), o.make(), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "asmgen:", err)
			os.Exit(1)
		}
	}
}

// root returns the module's root folder.
func root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(filepath.Dir(filepath.Dir(file)))
}
