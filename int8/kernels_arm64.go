//go:build arm64 && !noasm

package i8

import (
	"github.com/octet-ml/octet/int8/internal/dotprod"
	"github.com/octet-ml/octet/int8/internal/kernel"
	"github.com/octet-ml/octet/int8/internal/neon"
	"github.com/octet-ml/octet/internal/cpu"
)

var overlays = map[cpu.Level]func(*kernel.Set){
	cpu.NEON:    neon.Overlay,
	cpu.DotProd: dotprod.Overlay,
}
