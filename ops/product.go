package ops

import (
	"math"

	"github.com/octet-ml/octet/graph"
)

// operands are what a product reads and makes; what it has not is nil.
type operands struct {
	x, w, bias, residual *graph.Value
	xZero, wZero         *graph.Value // zero points of integers quantized at run time
	y                    *graph.Value
	rows, columns        int // of the product; columns are the output channels
	axis                 int // of the output channels in w
	clamp                Clamp
	sum                  *SumQuant
	function             *ByteFunction
}

// infer sets the output to shape s and returns an error unless the operands go together, so that neither Reference nor
// kernels meet any that do not.
func (o *operands) infer(n *graph.Node, s graph.Shape) error {
	o.y = n.Outputs[0]
	switch {
	case o.x.DType.IsFloat() && o.w.DType == o.x.DType:
		setOutput(n, 0, o.x.DType, s, nil)
		return o.checkFloats()
	case o.x.DType.IsInteger() && o.w.DType.IsInteger():
		setOutput(n, 0, graph.Int32, s, nil)
		return o.checkIntegers()
	}
	return typeErrorf("data %v and weights %v", o.x.DType, o.w.DType)
}

func (o *operands) checkFloats() error {
	switch {
	case o.y.DType != o.x.DType:
		return typeErrorf("output %q: want %v like the data, got %v", o.y.Name, o.x.DType, o.y.DType)
	case o.bias != nil && !o.bias.DType.IsFloat():
		return typeErrorf("bias of float data: got %v", o.bias.DType)
	case o.residual != nil && o.residual.DType != o.x.DType:
		return typeErrorf("residual: want %v like the data, got %v", o.x.DType, o.residual.DType)
	case o.xZero != nil || o.wZero != nil:
		return typeErrorf("zero point of float data")
	case o.sum != nil:
		return typeErrorf("quantization of the sum of float data")
	case o.function != nil:
		return typeErrorf("function of bytes on float data")
	}
	return nil
}

func (o *operands) checkIntegers() error {
	for _, v := range []*graph.Value{o.x, o.residual, o.y} {
		if v != nil && v.Quant != nil && v.Quant.Table != nil {
			return unsupportedf("%q has a codebook, which only weights may have", v.Name)
		}
	}
	if q := o.w.Quant; q != nil && !q.IsPerTensor() && (q.Block > 0 || q.Axis != o.axis) {
		return unsupportedf("weights %q: scales are along axis %d (block %d): want axis %d, the output channels", o.w.Name, q.Axis, q.Block, o.axis)
	}
	if err := checkZero(o.xZero, o.x, o.rows); err != nil {
		return err
	}
	if err := checkZero(o.wZero, o.w, o.columns); err != nil {
		return err
	}
	if o.sum != nil {
		if err := o.checkSum(); err != nil {
			return err
		}
	}
	_, err := newContraction(o.x, o.w, o.bias, o.residual, o.y, o.columns, o.clamp, o.sum, o.function)
	return err
}

// checkSum returns an error unless the intermediate result can be rounded and added to the residual.
func (o *operands) checkSum() error {
	if o.residual == nil {
		return typeErrorf("quantization of a sum without a residual")
	}
	own := graph.PerTensor(o.sum.Scale, 0)
	if err := own.Check(graph.Int8, nil); err != nil {
		return typeErrorf("intermediate result: %w", err)
	}
	if err := checkRatios(o.function.argument(o.y), &graph.Value{Quant: own}, o.residual); err != nil {
		return err
	}
	if o.y.DType.Bits() != 8 || o.residual.DType.Bits() != 8 || o.sum.Zero < math.MinInt8 || o.sum.Zero > math.MaxUint8 {
		return typeErrorf("sum with %q of type %v as %v, intermediate zero point %d: want bytes", o.residual.Name, o.residual.DType, o.y.DType, o.sum.Zero)
	}
	return nil
}

// checkZero returns an error unless zero, perhaps nil, is a zero point of v, or one for each of several indices.
func checkZero(zero, v *graph.Value, several int) error {
	if zero == nil {
		return nil
	}
	count, err := zero.Shape.Elements()
	if err != nil || count != 1 && count != several {
		return shapeErrorf("zero point %q of %q: got shape %v", zero.Name, v.Name, zero.Shape)
	}
	if zero.DType != v.DType || zero.Quant != nil {
		return typeErrorf("zero point %q of %q: want plain %v, got %v", zero.Name, v.Name, v.DType, zero.DType)
	}
	return nil
}
