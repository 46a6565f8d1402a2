package gorgonia

import (
	"fmt"
	"slices"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// builder makes an expression graph of a network.
type builder struct {
	*network
	graph *gorgonia.ExprGraph
	nodes map[*graph.Value]*gorgonia.Node
	where string // what is being built, for messages
}

// leaf adds data that nobody computes. Gorgonia takes leaves of one name and shape for one another.
func (b *builder) leaf(name string, data []float32, shape []int) *gorgonia.Node {
	value := tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))
	return gorgonia.NewTensor(b.graph, tensor.Float32, len(shape), gorgonia.WithShape(shape...), gorgonia.WithName(name), gorgonia.WithValue(value))
}

// input returns input i of a node in the given shape, which a constant takes without being computed with; nil keeps the shape.
func (b *builder) input(n *graph.Node, i int, shape []int) *gorgonia.Node {
	v := n.Inputs[i]
	if x := b.nodes[v]; x != nil {
		return x
	}
	if shape == nil {
		shape = v.Shape
	}
	b.nodes[v] = b.leaf(v.Name, b.weights[v], shape)
	return b.nodes[v]
}

// constant returns a copy of the constant input i of a node: in the order in which Gorgonia multiplies it.
func constant(n *graph.Node, i int) []float32 {
	v := n.Inputs[i]
	data := v.Const.Floats()
	if a, ok := n.Attrs.(*ops.Gemm); ok && i == 1 && a.TransB {
		return transpose(data, v.Shape[0], v.Shape[1])
	}
	return data
}

// transpose returns a matrix with rows and columns exchanged. It goes in squares, so that lines of the cache serve more than once.
func transpose(data []float32, rows, columns int) []float32 {
	const side = 32
	out := make([]float32, len(data))
	for r0 := 0; r0 < rows; r0 += side {
		for c0 := 0; c0 < columns; c0 += side {
			for r := r0; r < min(r0+side, rows); r++ {
				for c := c0; c < min(c0+side, columns); c++ {
					out[c*rows+r] = data[r*columns+c]
				}
			}
		}
	}
	return out
}

// binary is a function of two nodes of one shape, and the same with broadcasting.
type binary struct {
	plain     func(x, y *gorgonia.Node) (*gorgonia.Node, error)
	broadcast func(x, y *gorgonia.Node, left, right []byte) (*gorgonia.Node, error)
}

var (
	sum     = binary{gorgonia.Add, gorgonia.BroadcastAdd}
	product = binary{gorgonia.HadamardProd, gorgonia.BroadcastHadamardProd}
)

// apply returns f of two nodes with as many axes, each repeated where it has size 1 and the other has not.
func (f binary) apply(x, y *gorgonia.Node) (*gorgonia.Node, error) {
	s, t := x.Shape(), y.Shape()
	if len(s) != len(t) {
		return nil, fmt.Errorf("shapes %v and %v", s, t)
	}
	var left, right []byte
	for axis := range s {
		switch {
		case s[axis] < t[axis]:
			left = append(left, byte(axis))
		case s[axis] > t[axis]:
			right = append(right, byte(axis))
		}
	}
	if left == nil && right == nil {
		return f.plain(x, y)
	}
	return f.broadcast(x, y, left, right)
}

// full returns a constant of the shape of x. Bounds are such: Gorgonia compares tensors of one shape.
func (b *builder) full(x *gorgonia.Node, value float32) *gorgonia.Node {
	shape := slices.Clone(x.Shape())
	data := slices.Repeat([]float32{value}, shape.TotalSize())
	return b.leaf(fmt.Sprintf("%g everywhere", value), data, shape)
}

// clip returns min(max(x, lo), hi).
func (b *builder) clip(x *gorgonia.Node, lo, hi float32) (*gorgonia.Node, error) {
	var err error
	if lo == 0 {
		x, err = gorgonia.Rectify(x)
	} else {
		x, err = gorgonia.MaxBetween(x, b.full(x, lo))
	}
	if err != nil {
		return nil, err
	}
	return gorgonia.MinBetween(x, b.full(x, hi))
}

// hardSigmoid returns min(max(alpha x + beta, 0), 1).
func (b *builder) hardSigmoid(x *gorgonia.Node, alpha, beta float32) (*gorgonia.Node, error) {
	x, err := gorgonia.HadamardProd(x, gorgonia.NewConstant(alpha))
	if err != nil {
		return nil, err
	}
	if x, err = gorgonia.Add(x, gorgonia.NewConstant(beta)); err != nil {
		return nil, err
	}
	return b.clip(x, 0, 1)
}
