package gorgonia_test

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/octet-ml/octet/loader/gorgonia"
	"github.com/octet-ml/octet/runtime"
)

// A network that is built, and would be trained, for a hundred images becomes a program that answers for one.
func ExampleFromExprGraph() {
	g := G.NewGraph()
	x := G.NewMatrix(g, tensor.Float32, G.WithShape(100, 2), G.WithName("x"))
	w := G.NewMatrix(g, tensor.Float32, G.WithName("w"), G.WithShape(2, 3),
		G.WithValue(tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]float32{1, 0, -1, 0, 2, 1}))))
	y := G.Must(G.Rectify(G.Must(G.Mul(x, w))))

	model, err := gorgonia.FromExprGraph(g, G.Nodes{x}, G.Nodes{y})
	if err != nil {
		fmt.Println(err)
		return
	}
	program, err := runtime.Compile(model)
	if err != nil {
		fmt.Println(err)
		return
	}
	answer, err := gorgonia.Run(program, tensor.New(tensor.WithShape(1, 2), tensor.WithBacking([]float32{3, 4})))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(model.Inputs[0].Shape, answer[0].Data())
	// Output: [N 2] [3 8 1]
}
