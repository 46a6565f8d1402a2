package onnx

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// writeMatMul writes MatMul: of int32 accumulators as MatMulInteger, of quantized values as QLinearMatMul where that is
// wanted, else as the float operator.
func writeMatMul(e *encoder, n *graph.Node) error {
	y := n.Outputs[0]
	if y.DType == graph.Int32 && y.Quant == nil {
		in := []string{e.ref(n.Inputs[0]), e.ref(n.Inputs[1]), e.zeroPoint(n.Inputs[0], n.Input(2)), e.zeroPoint(n.Inputs[1], n.Input(3))}
		return e.writeAs(n, "MatMulInteger", in, nil)
	}
	if n.Input(2) != nil || n.Input(3) != nil {
		return unsupportedf("a zero point at run time with an output that is not int32")
	}
	if e.qop && quantizedProduct(n) {
		return e.writeQLinear(n, "", "QLinearMatMul")
	}
	return e.writeReal(n, nil)
}

// gemmAttrs writes the attributes of Gemm.
func gemmAttrs(a *ops.Gemm) []attribute {
	return []attribute{{"alpha", a.Alpha}, {"beta", a.Beta}, {"transA", number(a.TransA)}, {"transB", number(a.TransB)}}
}

// writeGemm writes Gemm, of quantized values as com.microsoft QGemm where that is wanted.
func writeGemm(e *encoder, n *graph.Node) error {
	a := &ops.Gemm{Alpha: 1, Beta: 1}
	if own, ok := n.Attrs.(*ops.Gemm); ok && own != nil {
		a = own
	}
	if e.qop && quantizedProduct(n) && a.Alpha == 1 && a.Beta == 1 {
		attrs := gemmAttrs(a)
		return e.writeQLinear(n, microsoft, "QGemm", attrs[0], attrs[2], attrs[3])
	}
	in, err := e.realInputs(n)
	if err != nil {
		return err
	}
	if len(in) > 2 {
		if in[2], err = e.bias(n, number(!a.TransB)); err != nil {
			return err
		}
	}
	return e.writeAs(n, "Gemm", in, nil, gemmAttrs(a)...)
}

// writeDense writes Dense: as Gemm where the data have two axes, else as MatMul and Add.
func writeDense(e *encoder, n *graph.Node) error {
	a, x, w := attrsOf[ops.Dense](n), n.Inputs[0], n.Inputs[1]
	if n.Input(4) != nil || n.Outputs[0].DType == graph.Int32 && n.Outputs[0].Quant == nil {
		return unsupportedf("dense int32 accumulators")
	}
	data, err := e.real(x)
	if err != nil {
		return err
	}
	bias, err := e.bias(n, 0)
	if err != nil {
		return err
	}
	stages, err := e.residual(n, a.Sum, ops.NCHW)
	if err != nil {
		return err
	}
	stages = append(stages, e.clamp(a.Clamp), e.function(n.Outputs[0], a.Function))
	if a.Flatten {
		data = e.step("Flatten", x.Name+"_rows", []string{data}, attribute{"axis", 1})
	}
	if a.Flatten || len(x.Shape) == 2 {
		weights, err := e.real(w)
		if err != nil {
			return err
		}
		return e.writeAs(n, "Gemm", []string{data, weights, bias}, stages, gemmAttrs(&ops.Gemm{Alpha: 1, Beta: 1, TransB: true})...)
	}
	weights, err := e.transposed(w, []int{1, 0})
	if err != nil {
		return err
	}
	if bias != "" {
		add := func(in, out string) error {
			e.emit("Add", out, []string{in, bias}, []string{out})
			return nil
		}
		stages = append([]stage{add}, stages...)
	}
	return e.writeAs(n, "MatMul", []string{data, weights}, stages)
}
