package gorgonia

import (
	"fmt"
	"math"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// rule is how an operator is said in Gorgonia.
type rule struct {
	// refuse returns why a node, whose shapes are known, cannot be said; "" where it can.
	refuse func(n *graph.Node) string
	// build appends the node and returns its output.
	build func(b *builder, n *graph.Node) (*gorgonia.Node, error)
}

// rules are the operators of float classifiers.
var rules = map[string]rule{
	"Conv":              {refuseConv, buildConv},
	"Gemm":              {refuseGemm, buildGemm},
	"Relu":              {nothing, buildRelu},
	"Clip":              {refuseClip, buildClip},
	"Add":               {refuseArithmetic, sum.build},
	"Mul":               {refuseArithmetic, product.build},
	"Concat":            {nothing, buildConcat},
	"MaxPool":           {refuseMaxPool, buildMaxPool},
	"GlobalAveragePool": {refuseGlobalPool, buildGlobalAveragePool},
	"Flatten":           {nothing, buildReshape},
	"Reshape":           {nothing, buildReshape},
	"HardSigmoid":       {nothing, buildHardSigmoid},
	"HardSwish":         {nothing, buildHardSwish},
}

func nothing(*graph.Node) string { return "" }

// refuseWindow returns what Gorgonia lacks of a window over x that makes y.
func refuseWindow(w ops.Window, kernel [2]int, ceil bool, x, y graph.Shape) string {
	if w.Layout != ops.NCHW || len(x) != 4 || len(y) != 4 {
		return "layout other than NCHW"
	}
	_, pads, err := w.Output([2]int{x[2], x[3]}, kernel, ceil)
	if err != nil {
		return err.Error()
	}
	for axis := range 2 {
		extent := (kernel[axis]-1)*max(w.Dilations[axis], 1) + 1
		if pads[axis] != pads[axis+2] {
			return fmt.Sprintf("padding %v, not alike on opposite sides", pads)
		}
		if floor := (x[2+axis]+2*pads[axis]-extent)/max(w.Strides[axis], 1) + 1; floor != y[2+axis] {
			return "output size rounded up"
		}
	}
	return ""
}

// geometry returns the padding, strides and dilations of a window that was not refused.
func geometry(w ops.Window, kernel [2]int, x graph.Shape) (pads, strides, dilations []int) {
	_, p, _ := w.Output([2]int{x[2], x[3]}, kernel, false)
	return p[:2], []int{max(w.Strides[0], 1), max(w.Strides[1], 1)}, []int{max(w.Dilations[0], 1), max(w.Dilations[1], 1)}
}

func refuseConv(n *graph.Node) string {
	a, w := n.Attrs.(*ops.Conv), n.Inputs[1]
	switch {
	case a.Group > 1:
		return fmt.Sprintf("%d groups", a.Group)
	case w.Const == nil || n.Input(2) != nil && n.Input(2).Const == nil:
		return "weights that are computed"
	case n.Input(3) != nil || a.Clamp.On:
		return "fused operators"
	}
	return refuseWindow(a.Window, [2]int{w.Shape[2], w.Shape[3]}, false, n.Inputs[0].Shape, n.Outputs[0].Shape)
}

func buildConv(b *builder, n *graph.Node) (*gorgonia.Node, error) {
	a, w := n.Attrs.(*ops.Conv), n.Inputs[1].Shape
	kernel := [2]int{w[2], w[3]}
	pads, strides, dilations := geometry(a.Window, kernel, n.Inputs[0].Shape)
	y, err := gorgonia.Conv2d(b.input(n, 0, nil), b.input(n, 1, nil), tensor.Shape(kernel[:]), pads, strides, dilations)
	if err != nil || n.Input(2) == nil {
		return y, err
	}
	return sum.apply(y, b.input(n, 2, []int{1, w[0], 1, 1}))
}

func refuseGemm(n *graph.Node) string {
	a := n.Attrs.(*ops.Gemm)
	switch {
	case a.Alpha != 1 || n.Input(2) != nil && a.Beta != 1 || a.TransA:
		return "other than A*B + C"
	case n.Inputs[1].Const == nil || n.Input(2) != nil && (n.Input(2).Const == nil || n.Input(2).Shape.Size() != n.Outputs[0].Shape[1]):
		return "weights that are computed, or no bias for each output"
	}
	return ""
}

func buildGemm(b *builder, n *graph.Node) (*gorgonia.Node, error) {
	x, y := n.Inputs[0].Shape, n.Outputs[0].Shape
	out, err := gorgonia.Mul(b.input(n, 0, nil), b.input(n, 1, []int{x[1], y[1]}))
	if err != nil || n.Input(2) == nil {
		return out, err
	}
	return sum.apply(out, b.input(n, 2, []int{1, y[1]}))
}

func buildRelu(b *builder, n *graph.Node) (*gorgonia.Node, error) {
	return gorgonia.Rectify(b.input(n, 0, nil))
}

func refuseClip(n *graph.Node) string {
	for i := 1; i < 3; i++ {
		if v := n.Input(i); v != nil && v.Const == nil {
			return "bounds that are computed"
		}
	}
	return ""
}

func buildClip(b *builder, n *graph.Node) (*gorgonia.Node, error) {
	bounds := [2]float32{-math.MaxFloat32, math.MaxFloat32}
	for i := range bounds {
		if v := n.Input(i + 1); v != nil {
			bounds[i] = float32(v.Const.Float(0))
		}
	}
	return b.clip(b.input(n, 0, nil), bounds[0], bounds[1])
}

func refuseArithmetic(n *graph.Node) string {
	x, y := n.Inputs[0].Shape, n.Inputs[1].Shape
	if len(x) != len(y) || len(x) > 4 || n.Attrs.(*ops.Arithmetic).Clamp.On {
		return fmt.Sprintf("operands %v and %v", x, y)
	}
	return ""
}

func (f binary) build(b *builder, n *graph.Node) (*gorgonia.Node, error) {
	return f.apply(b.input(n, 0, nil), b.input(n, 1, nil))
}

func buildConcat(b *builder, n *graph.Node) (*gorgonia.Node, error) {
	axis, err := n.Outputs[0].Shape.Axis(n.Attrs.(*ops.Concat).Axis)
	if err != nil {
		return nil, err
	}
	var parts gorgonia.Nodes
	for i := range n.Inputs {
		parts = append(parts, b.input(n, i, nil))
	}
	return gorgonia.Concat(axis, parts...)
}

func refuseMaxPool(n *graph.Node) string {
	a := n.Attrs.(*ops.Pool)
	switch {
	case len(n.Outputs) > 1 && n.Outputs[1] != nil:
		return "indices"
	case max(a.Dilations[0], a.Dilations[1]) > 1:
		return "dilations"
	case a.Clamp.On:
		return "fused operators"
	}
	return refuseWindow(a.Window, a.Kernel, a.Ceil, n.Inputs[0].Shape, n.Outputs[0].Shape)
}

func buildMaxPool(b *builder, n *graph.Node) (*gorgonia.Node, error) {
	a := n.Attrs.(*ops.Pool)
	pads, strides, _ := geometry(a.Window, a.Kernel, n.Inputs[0].Shape)
	return gorgonia.MaxPool2D(b.input(n, 0, nil), tensor.Shape(a.Kernel[:]), pads, strides)
}

func refuseGlobalPool(n *graph.Node) string {
	if n.Attrs.(*ops.GlobalPool).Layout != ops.NCHW || len(n.Inputs[0].Shape) != 4 {
		return "layout other than NCHW"
	}
	return ""
}

func buildGlobalAveragePool(b *builder, n *graph.Node) (*gorgonia.Node, error) {
	return gorgonia.GlobalAveragePool2D(b.input(n, 0, nil))
}

func buildReshape(b *builder, n *graph.Node) (*gorgonia.Node, error) {
	return gorgonia.Reshape(b.input(n, 0, nil), tensor.Shape(n.Outputs[0].Shape.Clone()))
}

func buildHardSigmoid(b *builder, n *graph.Node) (*gorgonia.Node, error) {
	a := n.Attrs.(*ops.HardSigmoid)
	return b.hardSigmoid(b.input(n, 0, nil), a.Alpha, a.Beta)
}

// buildHardSwish computes x * min(max(x/6 + 1/2, 0), 1).
func buildHardSwish(b *builder, n *graph.Node) (*gorgonia.Node, error) {
	x := b.input(n, 0, nil)
	gate, err := b.hardSigmoid(x, 1./6, 0.5)
	if err != nil {
		return nil, err
	}
	return gorgonia.HadamardProd(x, gate)
}
