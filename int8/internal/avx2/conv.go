//go:build amd64 && !noasm

package avx2

import "github.com/octet-ml/octet/int8/internal/kernel"

func conv(*kernel.Set) {}
