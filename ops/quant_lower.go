package ops

import (
	"github.com/octet-ml/octet/graph"
	i8 "github.com/octet-ml/octet/int8"
)

// perTensorByte reports whether v holds bytes quantized per tensor.
func perTensorByte(v *graph.Value) bool {
	return v.DType.Bits() == 8 && v.DType.IsInteger() && v.Quant != nil && v.Quant.IsPerTensor() && v.Quant.Table == nil
}

func lowerQuantize(t *Target, n *graph.Node) (*Lowered, error) {
	y := n.Outputs[0]
	if n.Inputs[0].DType != graph.Float32 || !perTensorByte(y) {
		return lowerReference(t, n)
	}
	plan := t.I8.Quantize(quantizeParams(y))
	return &Lowered{Kernel: plan.Kernel(), Bind: func(b Buffers) (Step, error) { return plan.Bind(b.In[0], b.Out[0]) }}, nil
}

// quantizeParams returns the way from float32 to y, bytes quantized per tensor, as package i8 takes it.
func quantizeParams(y *graph.Value) i8.QuantizeParams {
	lo, hi := y.DType.IntRange()
	return i8.QuantizeParams{Scale: y.Quant.Scale[0], Zero: y.Quant.ZeroAt(0), Lo: int32(lo), Hi: int32(hi)}
}

func lowerDequantize(t *Target, n *graph.Node) (*Lowered, error) {
	if !perTensorByte(n.Inputs[0]) || n.Outputs[0].DType != graph.Float32 {
		return lowerReference(t, n)
	}
	var table [256]float32
	if err := tabulate(n, graph.NewTensor(graph.Float32, 256), func(i int, y *graph.Tensor) { table[i] = float32(y.Float(i)) }); err != nil {
		return nil, err
	}
	plan := t.I8.LookupF32(&table)
	return &Lowered{Kernel: plan.Kernel(), Bind: func(b Buffers) (Step, error) { return plan.Bind(b.In[0], b.Out[0]) }}, nil
}

func lowerRequantize(t *Target, n *graph.Node) (*Lowered, error) {
	if !perTensorByte(n.Inputs[0]) || !perTensorByte(n.Outputs[0]) {
		return lowerReference(t, n)
	}
	return lowerTable(t, n)
}

// tabulate runs the node's Reference on all 256 bytes as input 0, with the result in y, and calls visit for each.
func tabulate(n *graph.Node, y *graph.Tensor, visit func(i int, y *graph.Tensor)) error {
	op, err := Lookup(n.Op)
	if err != nil {
		return err
	}
	x := graph.NewTensor(n.Inputs[0].DType, 256)
	for i := range x.Data {
		x.Data[i] = byte(i)
	}
	in := make([]*graph.Tensor, len(n.Inputs))
	in[0] = x
	for i := 1; i < len(in); i++ {
		if v := n.Inputs[i]; v != nil {
			in[i] = v.Const
		}
	}
	if err := op.Reference(n, in, []*graph.Tensor{y}); err != nil {
		return err
	}
	for i := range 256 {
		visit(i, y)
	}
	return nil
}

// lowerTable lowers an elementwise operator of one byte-sized quantized input, its other inputs constant scalars, to a
// table of 256 bytes.
func lowerTable(t *Target, n *graph.Node) (*Lowered, error) {
	var table [256]byte
	y := graph.NewTensor(n.Outputs[0].DType, 256)
	if err := tabulate(n, y, func(i int, y *graph.Tensor) { table[i] = y.Data[i] }); err != nil {
		return nil, err
	}
	plan := t.I8.Lookup(&table)
	return &Lowered{Kernel: plan.Kernel(), Bind: func(b Buffers) (Step, error) { return plan.Bind(b.In[0], b.Out[0]) }}, nil
}

// lowerDynamicQuantize takes the tensor as one row.
func lowerDynamicQuantize(t *Target, n *graph.Node) (*Lowered, error) {
	return lowerRows(t, n, 1, func(lo, hi float32) i8.RowQuant {
		scale, zero := dynamicParameters(lo, hi)
		return i8.RowQuant{Params: i8.QuantizeParams{Scale: scale, Zero: zero, Hi: 255}, Scale: scale, Zero: uint8(zero)}
	}), nil
}
