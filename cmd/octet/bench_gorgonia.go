//go:build gorgonia

package main

import (
	"github.com/octet-ml/octet/bench"
	"github.com/octet-ml/octet/bench/gorgonia"
)

// otherEngines returns the engines besides Octet that the command is built with.
func otherEngines() []bench.Engine { return []bench.Engine{gorgonia.Engine{}} }
