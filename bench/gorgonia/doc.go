// Package gorgonia runs the convolutions of benchmark models on Gorgonia's virtual machine, to compare it with Octet.
//
//	GOMAXPROCS=1 go test ./bench/gorgonia -run '^$' -bench . -benchtime 7x
//
// It is a package of its own because the octet command must not link Gorgonia. Gorgonia has no grouped convolutions, so depthwise
// layers are left out, on both sides.
package gorgonia
