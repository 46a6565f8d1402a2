package tflite

import (
	"math"

	"github.com/octet-ml/octet/graph"
)

// constant returns tensor i as a constant that aliases the file.
func (r *reader) constant(i int) (*graph.Value, error) {
	t := r.tensors[i]
	d, err := dtypeOf(t.byte(tensorType))
	if err != nil {
		return nil, err
	}
	if t.has(tensorSparsity) {
		return nil, unsupportedf("sparse tensors")
	}
	data, err := r.buffer(t.uint(tensorBuffer))
	if err != nil {
		return nil, err
	}
	x := &graph.Tensor{DType: d, Shape: append(graph.Shape{}, t.shape...), Data: data}
	n, err := x.Shape.Elements()
	if err != nil {
		return nil, limitErrorf("%w", err)
	}
	if data == nil && n > 0 {
		return nil, formatErrorf("it is read before it is produced")
	}
	if err := x.Check(); err != nil {
		return nil, formatErrorf("%w", err)
	}
	v := graph.NewConst(r.labels[i], x)
	v.Quant, err = r.quant(t, d, true)
	return v, err
}

// quant returns the quantization of a tensor of type d, nil where it has none. Statistics on float tensors and scales of 0,
// which some converters write for "none", are passed over; so are those of plain integers such as shapes. Those of an int32
// bias say nothing that its operator does not know.
func (r *reader) quant(t tensorTable, d graph.DType, constant bool) (*graph.Quant, error) {
	q := t.table.table(tensorQuantization)
	if d.IsFloat() || !d.IsInteger() || d.Bits() > 32 || d == graph.Int32 && !constant {
		return nil, nil
	}
	scale, zero := q.floats(quantScale), q.longs(quantZeroPoint)
	if q.byte(quantDetails) != 0 {
		return nil, unsupportedf("quantization details of type %d", q.byte(quantDetails))
	}
	if len(scale) == 0 || len(scale) == 1 && scale[0] == 0 {
		return nil, nil
	}
	out := &graph.Quant{Scale: scale, Axis: q.int(quantDimension, 0)}
	var err error
	if out.Zero, err = zeroPoints(zero, len(scale)); err != nil {
		return nil, err
	}
	// Biases of person_detect, which TensorFlow Lite Micro accepts, carry the axis of the weights that they go with.
	if len(t.shape) == 1 || len(scale) == 1 {
		out.Axis = 0
	}
	if err := out.Check(d, t.shape); err != nil {
		if d == graph.Int32 {
			return nil, nil
		}
		return nil, formatErrorf("quantization: %w", err)
	}
	return out, nil
}

// zeroPoints returns n zero points, nil where all of several are 0. A file may state none, one for all, or each.
func zeroPoints(zero []int64, n int) ([]int32, error) {
	if len(zero) > 1 && len(zero) != n {
		return nil, formatErrorf("quantization: %d scales and %d zero points", n, len(zero))
	}
	out := make([]int32, n)
	some := n == 1
	for i := range out {
		if len(zero) == 0 {
			break
		}
		z := zero[min(i, len(zero)-1)]
		if z < math.MinInt32 || z > math.MaxInt32 {
			return nil, formatErrorf("quantization: zero point %d", z)
		}
		out[i] = int32(z)
		some = some || z != 0
	}
	if !some {
		return nil, nil
	}
	return out, nil
}

// turn returns depthwise weights w [1 kh kw oc], a constant, as [oc kh kw 1]. The copy is made once.
func (r *reader) turn(w *graph.Value) (*graph.Value, error) {
	if v := r.turned[w]; v != nil {
		return v, nil
	}
	x := w.Const
	if !r.spend(len(x.Data)) {
		return nil, r.err
	}
	y := graph.NewTensor(x.DType, x.Shape[3], x.Shape[1], x.Shape[2], x.Shape[0])
	rows, cols := x.Shape[1]*x.Shape[2], x.Shape[3]
	if size := x.DType.Bits() / 8; size > 0 {
		for i := range rows {
			for j := range cols {
				copy(y.Data[(j*rows+i)*size:][:size], x.Data[(i*cols+j)*size:])
			}
		}
	} else {
		for i := range rows {
			for j := range cols {
				y.SetInt(j*rows+i, x.Int(i*cols+j))
			}
		}
	}
	v := graph.NewConst(r.fresh(w.Name+"_turned"), y)
	v.Quant = moveAxis(w.Quant, turnPerm)
	r.turned[w], r.fixed[v] = v, true
	return v, nil
}

// turnPerm is the permutation that turn applies, as in Transpose.
var turnPerm = []int{3, 1, 2, 0}

// moveAxis returns q for a tensor whose axes are permuted by perm.
func moveAxis(q *graph.Quant, perm []int) *graph.Quant {
	if q == nil || q.IsPerTensor() {
		return q
	}
	moved := *q
	for to, from := range perm {
		if from == q.Axis {
			moved.Axis = to
		}
	}
	return &moved
}
