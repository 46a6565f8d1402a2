package gorgonia

import (
	"errors"
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// ErrUnsupported is returned for a convolution that Gorgonia does not have: with groups or with different padding on two sides.
var ErrUnsupported = errors.New("unsupported by Gorgonia")

// Conv is a convolution of one picture, f32[1 IC H W] to f32[1 OC OH OW], without bias, as an expression graph on a tape machine. It is
// not safe for concurrent use.
type Conv struct {
	machine gorgonia.VM
	x       *tensor.Dense
	y       gorgonia.Value
}

// NewConv returns the convolution of a Conv node in NCHW layout, whose shapes are known but for the batch, with the given weights
// f32[OC IC KH KW]. Close ends it.
func NewConv(n *graph.Node, weights []float32) (*Conv, error) {
	a, ok := n.Attrs.(*ops.Conv)
	if !ok {
		return nil, fmt.Errorf("%s: not a convolution", n.Where())
	}
	x, w := n.Inputs[0].Shape.Bind(1), n.Inputs[1].Shape
	if a.Group > 1 || a.Pads[0] != a.Pads[2] || a.Pads[1] != a.Pads[3] {
		return nil, fmt.Errorf("%s: %w", n.Where(), ErrUnsupported)
	}
	c := &Conv{x: tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(x...))}
	g := gorgonia.NewGraph()
	in := gorgonia.NewTensor(g, tensor.Float32, 4, gorgonia.WithShape(x...), gorgonia.WithName("x"), gorgonia.WithValue(c.x))
	filter := gorgonia.NewTensor(g, tensor.Float32, 4, gorgonia.WithShape(w...), gorgonia.WithName("w"),
		gorgonia.WithValue(tensor.New(tensor.WithShape(w...), tensor.WithBacking(weights))))
	out, err := gorgonia.Conv2d(in, filter, tensor.Shape{w[2], w[3]}, []int{a.Pads[0], a.Pads[1]}, []int{max(a.Strides[0], 1), max(a.Strides[1], 1)},
		[]int{max(a.Dilations[0], 1), max(a.Dilations[1], 1)})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", n.Where(), err)
	}
	gorgonia.Read(out, &c.y)
	c.machine = gorgonia.NewTapeMachine(g)
	return c, nil
}

// Input returns the picture, which the caller writes.
func (c *Conv) Input() []float32 { return c.x.Data().([]float32) }

// Run computes the output.
func (c *Conv) Run() error {
	defer c.machine.Reset()
	return c.machine.RunAll()
}

// Output returns the output of the last Run.
func (c *Conv) Output() []float32 { return c.y.Data().([]float32) }

// Close frees the machine.
func (c *Conv) Close() error { return c.machine.Close() }
