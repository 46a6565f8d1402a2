//go:build !gorgonia

package main

import "github.com/octet-ml/octet/bench"

// otherEngines returns the engines besides Octet that the command is built with: none, because Gorgonia is more than 10 MB.
func otherEngines() []bench.Engine { return nil }
