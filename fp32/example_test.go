package f32_test

import (
	"encoding/binary"
	"fmt"
	"log"
	"math"

	f32 "github.com/octet-ml/octet/fp32"
	"github.com/octet-ml/octet/internal/cpu"
)

// A dense layer of two outputs with a Relu: a convolution of a 1x1 image by a 1x1 kernel.
func Example() {
	k, err := f32.Select(cpu.Generic)
	if err != nil {
		log.Fatal(err)
	}
	weights, err := k.PackConv(f32.Weights{Data: []float32{1, 2, 3, -1, -2, -3}, OC: 2, KH: 1, KW: 1, IC: 3, Groups: 1})
	if err != nil {
		log.Fatal(err)
	}
	one := [2]int{1, 1}
	plan, err := weights.Plan(
		f32.Geometry{N: 1, H: 1, W: 1, Strides: one, Dilations: one, OH: 1, OW: 1},
		f32.Epilogue{Bias: []float32{0.5, 0.5}, Lo: 0, Hi: float32(math.Inf(1))},
	)
	if err != nil {
		log.Fatal(err)
	}
	arena := make([]byte, 64+64+f32.Slack)
	src, dst := arena[:12], arena[64:72]
	for i, x := range []float32{10, 20, 30} {
		binary.LittleEndian.PutUint32(src[4*i:], math.Float32bits(x))
	}
	step, err := plan.Bind(f32.ConvArgs{Src: src, Dst: dst})
	if err != nil {
		log.Fatal(err)
	}
	step.Run(make([]byte, plan.Scratch()), 0, step.Tiles())
	for i := range 2 {
		fmt.Println(math.Float32frombits(binary.LittleEndian.Uint32(dst[4*i:])))
	}
	// Output:
	// 140.5
	// 0
}
