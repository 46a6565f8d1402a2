//go:build amd64 && !noasm

package i8

import (
	"github.com/octet-ml/octet/int8/internal/avx2"
	"github.com/octet-ml/octet/int8/internal/avx512vbmi"
	"github.com/octet-ml/octet/int8/internal/avx512vnni"
	"github.com/octet-ml/octet/int8/internal/avxvnni"
	"github.com/octet-ml/octet/int8/internal/kernel"
	"github.com/octet-ml/octet/internal/cpu"
)

var overlays = map[cpu.Level]func(*kernel.Set){
	cpu.AVX2:       avx2.Overlay,
	cpu.AVXVNNI:    avxvnni.Overlay,
	cpu.AVX512VNNI: avx512vnni.Overlay,
	cpu.AVX512VBMI: avx512vbmi.Overlay,
}
