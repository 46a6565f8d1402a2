//go:build !(amd64 || arm64) || noasm

package i8

import (
	"github.com/octet-ml/octet/int8/internal/kernel"
	"github.com/octet-ml/octet/internal/cpu"
)

var overlays map[cpu.Level]func(*kernel.Set)
