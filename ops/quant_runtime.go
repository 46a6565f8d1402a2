package ops

import (
	"github.com/octet-ml/octet/graph"
)

// checkParameters returns an error unless scale and zero point (perhaps nil) fit a tensor of shape s.
func checkParameters(s graph.Shape, scale, zero *graph.Value, a *QuantizeLinear) (axis int, err error) {
	if a.Block < 0 || a.Block > graph.MaxElements {
		return 0, shapeErrorf("block %d", a.Block)
	}
	if !scale.DType.IsFloat() || zero != nil && !zero.DType.IsInteger() {
		return 0, typeErrorf("scale of type %v: want a float type, and an integer zero point", scale.DType)
	}
	if zero != nil && !zero.Shape.Equal(scale.Shape) {
		nz, _ := zero.Shape.Elements()
		if ns, err := scale.Shape.Elements(); err != nil || ns != 1 || nz != 1 {
			return 0, shapeErrorf("scale %v and zero point %v", scale.Shape, zero.Shape)
		}
	}
	if n, err := scale.Shape.Elements(); err != nil || n == 1 && a.Block == 0 {
		return 0, err
	}
	if axis, err = s.Axis(a.Axis); err != nil {
		return 0, shapeErrorf("%w", err)
	}
	want := graph.Shape{s[axis]}
	if a.Block > 0 {
		want = s.Clone()
		want[axis] = (s[axis] + a.Block - 1) / a.Block
	}
	if !want.Equal(scale.Shape) {
		return 0, shapeErrorf("scale: want %v, got %v", want, scale.Shape)
	}
	return axis, nil
}

func inferQuantizeLinear(n *graph.Node) error {
	a := attrs[QuantizeLinear](n)
	to := a.To
	zero := n.Input(2)
	switch {
	case zero != nil:
		to = zero.DType
	case to == graph.Invalid:
		to = graph.Uint8
	}
	if !to.IsInteger() {
		return typeErrorf("output type %v", to)
	}
	if _, err := checkParameters(n.Inputs[0].Shape, n.Inputs[1], zero, a); err != nil {
		return err
	}
	if !n.Inputs[0].DType.IsFloat() {
		return typeErrorf("input type %v", n.Inputs[0].DType)
	}
	return setExactly(n, 0, to, n.Inputs[0].Shape)
}

func referenceQuantizeLinear(n *graph.Node, in, out []*graph.Tensor) error {
	a := attrs[QuantizeLinear](n)
	axis, err := checkParameters(in[0].Shape, n.Inputs[1], n.Input(2), a)
	if err != nil {
		return err
	}
	index := scaleIndex(in[0].Shape, in[1].Len(), axis, a.Block)
	zero := optional(in, 2)
	lo, hi := out[0].DType.IntRange()
	for i := range out[0].Len() {
		k := index(i)
		var z int32
		if zero != nil {
			z = int32(zero.Int(k))
		}
		out[0].SetInt(i, quantizeReal(float32(in[0].Float(i)), float32(in[1].Float(k)), z, lo, hi))
	}
	return nil
}

func inferDequantizeLinear(n *graph.Node) error {
	if !n.Inputs[0].DType.IsInteger() {
		return typeErrorf("input type %v", n.Inputs[0].DType)
	}
	if _, err := checkParameters(n.Inputs[0].Shape, n.Inputs[1], n.Input(2), attrs[QuantizeLinear](n)); err != nil {
		return err
	}
	if z := n.Input(2); z != nil && z.DType != n.Inputs[0].DType {
		return typeErrorf("zero point %q is %v, the data are %v", z.Name, z.DType, n.Inputs[0].DType)
	}
	setOutput(n, 0, n.Inputs[1].DType, n.Inputs[0].Shape, nil)
	if y := n.Outputs[0]; y != nil && !y.DType.IsFloat() {
		return typeErrorf("output %q is declared as %v: want a float type", y.Name, y.DType)
	}
	return nil
}

func referenceDequantizeLinear(n *graph.Node, in, out []*graph.Tensor) error {
	a := attrs[QuantizeLinear](n)
	axis, err := checkParameters(in[0].Shape, n.Inputs[1], n.Input(2), a)
	if err != nil {
		return err
	}
	index := scaleIndex(in[0].Shape, in[1].Len(), axis, a.Block)
	zero := optional(in, 2)
	for i := range out[0].Len() {
		k := index(i)
		v := in[0].Int(i)
		if zero != nil {
			v -= zero.Int(k)
		}
		out[0].SetFloat(i, float64(float32(v)*float32(in[1].Float(k))))
	}
	return nil
}

func inferDynamicQuantize(n *graph.Node) error {
	if n.Inputs[0].DType != graph.Float32 {
		return typeErrorf("input: want f32, got %v", n.Inputs[0].DType)
	}
	if err := setExactly(n, 0, graph.Uint8, n.Inputs[0].Shape); err != nil {
		return err
	}
	if err := setExactly(n, 1, graph.Float32, nil); err != nil {
		return err
	}
	return setExactly(n, 2, graph.Uint8, nil)
}

// dynamicParameters returns scale and zero point of ONNX DynamicQuantizeLinear for data from lo <= 0 to hi >= 0.
func dynamicParameters(lo, hi float32) (scale float32, zero int32) {
	scale = (finite(hi) - finite(lo)) / 255
	if scale == 0 {
		return 1, 0
	}
	return scale, int32(saturate(float64(RoundHalfEven(-finite(lo)/scale)), 0, 255))
}

func referenceDynamicQuantize(n *graph.Node, in, out []*graph.Tensor) error {
	scale, zero := dynamicParameters(extent(in[0].Floats()))
	for i := range out[0].Len() {
		out[0].SetInt(i, quantizeReal(float32(in[0].Float(i)), scale, zero, 0, 255))
	}
	if t := optional(out, 1); t != nil {
		t.SetFloat(0, float64(scale))
	}
	if t := optional(out, 2); t != nil {
		t.SetInt(0, int64(zero))
	}
	return nil
}
