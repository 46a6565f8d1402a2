package probe

import (
	"math/rand/v2"

	i8 "github.com/octet-ml/octet/int8"
	"github.com/octet-ml/octet/internal/cpu"
)

// A 1x1 convolution of these sizes touches 16 KiB of input, 12 KiB of weights and 3 KiB of output.
const (
	pixels = 64
	inner  = 256
	outer  = 48
)

// kernelWork returns a convolution by the best kernels that the machine has.
func kernelWork() (work, string, error) {
	level, err := cpu.Best()
	if err != nil {
		return nil, "", err
	}
	kernels, err := i8.Select(level)
	if err != nil {
		return nil, "", err
	}
	random := rand.New(rand.NewPCG(1, 1))
	bytes := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		return b
	}
	w, err := kernels.PackConv(i8.Weights{Data: bytes(outer * inner), Bits: 8, OC: outer, KH: 1, KW: 1, IC: inner, Groups: 1})
	if err != nil {
		return nil, "", err
	}
	one := [2]int{1, 1}
	plan, err := w.Plan(i8.Geometry{N: 1, H: 1, W: pixels, Strides: one, Dilations: one, OH: 1, OW: pixels},
		i8.Epilogue{InZero: 128, Multiplier: []float32{1.0 / 4096}, OutZero: 128, Lo: 0, Hi: 255})
	if err != nil {
		return nil, "", err
	}
	step, err := plan.Bind(i8.ConvArgs{Src: bytes(pixels*inner + i8.Slack)[:pixels*inner], Dst: make([]byte, pixels*outer)})
	if err != nil {
		return nil, "", err
	}
	scratch := make([]byte, plan.Scratch())
	return func() int {
		step.Run(scratch, 0, step.Tiles())
		return pixels * inner * outer
	}, plan.Kernel() + " from the level-1 cache", nil
}
