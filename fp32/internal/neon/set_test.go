//go:build arm64 && !noasm

package neon

import (
	"testing"

	"github.com/octet-ml/octet/fp32/internal/kerneltest"
)

func TestSet(t *testing.T) { kerneltest.Set(t, Set()) }
