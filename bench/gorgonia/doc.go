// Package gorgonia is Gorgonia as an engine of package bench: it builds a float network as an expression graph, in NCHW, and runs it on
// the tape machine.
//
//	go run -tags gorgonia ./cmd/octet bench --arch resnet50 --engine fp32,int8,gorgonia
//	GOMAXPROCS=1 go test ./bench/gorgonia -run '^$' -bench . -benchtime 7x
//
// The first compares whole networks, the second convolutions one by one. It is a package of its own because the octet command must
// not link Gorgonia unless its user asks for it.
//
// What Gorgonia is given is what its users write: Conv2d, a broadcast bias, Rectify. Weights of dense layers are transposed once, when
// the network is opened. Its version 0.9.18 has no grouped convolutions, so networks with depthwise layers are refused, and pads
// windows alike on opposite sides only. Its threads are those of the process.
package gorgonia
