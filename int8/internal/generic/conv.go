package generic

import "github.com/octet-ml/octet/int8/internal/kernel"

func conv(*kernel.Set) {}
