package qat_test

import (
	"fmt"
	"math/rand/v2"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/octet-ml/octet/quantize"
	"github.com/octet-ml/octet/quantize/qat"
	"github.com/octet-ml/octet/runtime"
)

// A network of real numbers becomes one of 4 bits, whose integer model runs without Gorgonia. Training, which is left out, comes after
// each Output.
func Example() {
	params := qat.NewParams(rand.New(rand.NewPCG(1, 1)))
	build := func(c qat.Config) *qat.Network {
		g := G.NewGraph()
		x := G.NewTensor(g, tensor.Float32, 4, G.WithShape(batch, 2, side, side), G.WithName("picture"))
		n := qat.New(g, params, c)
		t := n.Conv(n.Input(x), "conv", qat.Conv{Out: 4, Kernel: 3, Relu: true, BatchNorm: true})
		n.Output(n.Dense(n.GlobalAverage(t, "mean"), "logits", qat.Dense{Out: 3, Real: true}))
		return n
	}
	float, err := build(qat.Config{Weights: quantize.Float}).Graph()
	if err != nil {
		fmt.Println(err)
		return
	}
	seen, err := quantize.Observe(float, pictures(20), quantize.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	params.Calibrate(seen)
	four := build(qat.Config{Weights: quantize.Int4, Activations: 4})
	fmt.Println(len(four.Parameters()), "parameters,", len(four.Steps()), "steps to learn")
	g, err := four.Graph()
	if err != nil {
		fmt.Println(err)
		return
	}
	program, err := runtime.Compile(g)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("layers on floats:", program.RequireInteger())
	// Output:
	// 5 parameters, 4 steps to learn
	// layers on floats: <nil>
}
