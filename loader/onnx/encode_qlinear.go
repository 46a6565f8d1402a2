package onnx

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// quantizedNode reports whether the first two inputs, as far as a node has them, and its output are 8-bit values quantized per
// tensor.
func (e *encoder) quantizedNode(n *graph.Node) bool {
	list := append(n.Inputs[:min(2, len(n.Inputs)):min(2, len(n.Inputs))], n.Outputs[0])
	for _, v := range list {
		if v == nil || v.Quant == nil || !v.Quant.IsPerTensor() || v.Quant.Table != nil || v.DType != graph.Int8 && v.DType != graph.Uint8 {
			return false
		}
	}
	return true
}

// idle reports whether an interval cuts nothing off a result that the type of y, quantized per tensor to 8 bits, does not cut off
// anyway: rounding is monotonic, so that it is enough to look at the bounds. Integer operators have no other clamp.
func idle(c ops.Clamp, y *graph.Value) bool {
	if !c.On {
		return true
	}
	least, most := float32(0), float32(255)
	if y.DType == graph.Int8 {
		least, most = -128, 127
	}
	at := func(bound float32) float32 {
		return ops.RoundHalfEven(bound/y.Quant.Scale[0]) + float32(y.Quant.ZeroAt(0))
	}
	return at(c.Lo) <= least && at(c.Hi) >= most
}

// triple returns the names of an operand, its scale and its zero point; of the output without its own.
func (e *encoder) triple(v *graph.Value, output bool) ([]string, error) {
	in, _, err := e.parameters(v, v.Quant)
	if output || err != nil {
		return in, err
	}
	return append([]string{e.ref(v)}, in...), nil
}

// writeQLinear writes an integer operator: the quantized inputs with their parameters, the output's parameters, and a bias,
// which QLinearConv has at the end and QGemm before the output's.
func (e *encoder) writeQLinear(n *graph.Node, domain, op string, attrs ...attribute) error {
	var in []string
	data := n.Inputs[:min(2, len(n.Inputs))]
	for _, v := range data {
		t, err := e.triple(v, false)
		if err != nil {
			return err
		}
		in = append(in, t...)
	}
	out, err := e.triple(n.Outputs[0], true)
	if err != nil {
		return err
	}
	bias := e.ref(n.Input(2))
	if op == "QGemm" {
		in = append(in, bias)
	}
	in = append(in, out...)
	if op == "QLinearConv" {
		in = append(in, bias)
	}
	e.emitIn(domain, op, n.Name, in, outputs(n), attrs...)
	return nil
}
