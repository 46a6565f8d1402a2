package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// isa is an instruction set that assembly is written for.
type isa struct {
	name     string // folder and package
	arch     string // as in GOARCH
	reg      string // prefix of vector registers
	lanes    int    // float32 values of a vector
	regs     int    // vector registers
	maxMR    int    // rows of the tallest matrix tile (x86)
	blocks   []int  // vectors of a channel block, greatest first
	families []family
}

var isas = []isa{
	{name: "avx2", arch: "amd64", reg: "Y", lanes: 8, regs: 16, maxMR: 6, blocks: []int{2, 1}, families: x86},
	{name: "avx512", arch: "amd64", reg: "Z", lanes: 16, regs: 32, maxMR: 12, blocks: []int{4, 2, 1}, families: x86},
	{name: "neon", arch: "arm64", reg: "V", lanes: 4, regs: 32, blocks: []int{4, 2, 1}, families: arm},
}

// family is a generated file, by name without _GOARCH.s. One for which nothing is written is left out.
type family struct {
	name  string
	write func(e *emitter)
}

var (
	x86 = []family{
		{"gemm", writeGemm}, {"depthwise", writeDepthwise}, {"pool", writePool}, {"winograd", writeWinograd},
		{"interleave", writeInterleave}, {"eltwise", writeEltwise}, {"functions", writeFunctions},
	}
	arm = []family{
		{"gemm", neonGemms}, {"depthwise", neonDepthwises}, {"pool", neonPools}, {"winograd", neonWinograds},
		{"interleave", neonInterleave}, {"eltwise", neonEltwises}, {"functions", neonFunctions},
	}
)

// generate returns the files of one set by name.
func generate(set isa) map[string]string {
	files := map[string]string{}
	stubs := stubHeader(set)
	for _, f := range set.families {
		e := &emitter{isa: set}
		e.header()
		f.write(e)
		if e.stubs.Len() > 0 {
			files[f.name+"_"+set.arch+".s"] = e.text.String()
		}
		stubs += e.stubs.String()
	}
	files["stubs_"+set.arch+".go"] = stubs
	return files
}

func main() {
	root := ".."
	if len(os.Args) > 1 {
		root = os.Args[1]
	}
	for _, set := range isas {
		for name, text := range generate(set) {
			if err := os.WriteFile(filepath.Join(root, set.name, name), []byte(text), 0o644); err != nil {
				fmt.Fprintln(os.Stderr, "asmgen:", err)
				os.Exit(1)
			}
		}
	}
}
