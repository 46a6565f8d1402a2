//go:build amd64 && !noasm

package avx512vnni

import "github.com/octet-ml/octet/int8/internal/kernel"

func conv(*kernel.Set) {}
