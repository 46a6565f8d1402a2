package i8_test

import (
	"fmt"

	i8 "github.com/octet-ml/octet/int8"
	"github.com/octet-ml/octet/internal/cpu"
)

// A 1x1 convolution of a 1x2 image from two channels to one: 3*x0 - x1, requantized by 0.5.
func ExampleConvWeights_Plan() {
	kernels, err := i8.Select(cpu.Generic)
	if err != nil {
		fmt.Println(err)
		return
	}
	weights, err := kernels.PackConv(i8.Weights{Data: []byte{3, 0xff}, Bits: 8, OC: 1, KH: 1, KW: 1, IC: 2, Groups: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	plan, err := weights.Plan(
		i8.Geometry{N: 1, H: 1, W: 2, Strides: [2]int{1, 1}, Dilations: [2]int{1, 1}, OH: 1, OW: 2},
		i8.Epilogue{Multiplier: []float32{0.5}, Hi: 255},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	src, dst := make([]byte, 4, 4+i8.Slack), make([]byte, 2)
	copy(src, []byte{10, 4, 100, 1})
	step, err := plan.Bind(i8.ConvArgs{Src: src, Dst: dst})
	if err != nil {
		fmt.Println(err)
		return
	}
	step.Run(make([]byte, plan.Scratch()), 0, step.Tiles())
	fmt.Println(dst)
	// Output: [13 150]
}
