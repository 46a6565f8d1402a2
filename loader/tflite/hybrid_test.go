package tflite_test

import (
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// hybridNodes checks that g is a hybrid layer of the operator, and returns its three nodes.
func hybridNodes(t *testing.T, g *graph.Graph, op string) (quantize, product, scale *graph.Node) {
	t.Helper()
	wantNodes(t, g, "DynamicQuantize", op, "ScaleAccumulators")
	quantize, product, scale = g.Nodes[0], g.Nodes[1], g.Nodes[2]
	if product.Inputs[0] != quantize.Outputs[0] || scale.Inputs[0] != product.Outputs[0] || scale.Inputs[1] != quantize.Outputs[1] {
		t.Error("the nodes are not connected")
	}
	symmetric := quantize.Attrs.(*ops.DynamicQuantize).Symmetric
	if zero := product.Input(4); symmetric != (zero.Const != nil) || symmetric && zero.Const.Data[0] != 128 {
		t.Errorf("zero point %v", zero)
	}
	if product.Input(2) != nil {
		t.Error("the bias is added to the sums")
	}
	return quantize, product, scale
}

func TestHybridDepthwiseIsAsymmetric(t *testing.T) {
	float := tensor{kind: typeFloat32, shape: dims(1, 4, 4, 2)}
	g := decode(t, convModel(float, perChannel, tensor{kind: typeFloat32, shape: dims(2), data: f32(1, 2)}, float))
	quantize, conv, scale := hybridNodes(t, g, "Conv")
	if a := quantize.Attrs.(*ops.DynamicQuantize); a.Symmetric || a.Axes != 1 {
		t.Errorf("data: %+v", a)
	}
	if a := conv.Attrs.(*ops.Conv); a.Group != 2 || a.Clamp.On {
		t.Errorf("convolution: %+v", a)
	}
	if a := scale.Attrs.(*ops.ScaleAccumulators); !a.Clamp.On || a.Clamp.Lo != 0 {
		t.Errorf("scaling: %+v", a)
	}
	if w, b := scale.Inputs[2].Const.Floats(), scale.Inputs[3].Const.Floats(); w[0] != 0.5 || w[1] != 0.25 || b[1] != 2 {
		t.Errorf("scales %v, bias %v", w, b)
	}
}

// denseModel is a hybrid dense layer with the weights' scales and options.
func denseModel(x, y []int32, options fields, scales ...float32) model {
	w := tensor{name: "w", kind: typeInt8, shape: dims(2, 4), data: i8(1, 2, 3, 4, 5, 6, 7, 8), scale: scales, zero: make([]int64, len(scales))}
	return model{
		tensors: []tensor{{name: "x", kind: typeFloat32, shape: x}, w, {name: "y", kind: typeFloat32, shape: y}}, in: []int32{0}, out: []int32{2},
		operators: []operator{{code: 9, kind: 8, options: options, in: []int32{0, 1}, out: []int32{2}}},
	}
}

func TestHybridDenseQuantizesRows(t *testing.T) {
	for _, c := range []struct {
		what      string
		model     model
		axes      int
		symmetric bool
	}{
		{"rows", denseModel(dims(3, 4), dims(3, 2), fields{}, 0.5), 1, true},
		{"a scale for each output", denseModel(dims(3, 4), dims(3, 2), fields{}, 0.5, 0.25), 1, true},
		{"asymmetric", denseModel(dims(3, 4), dims(3, 2), fields{3: true}, 0.5), 1, false},
		{"all axes kept", denseModel(dims(2, 3, 4), dims(2, 3, 2), fields{2: true}, 0.5), 2, true},
		{"flattened", denseModel(dims(3, 2, 2), dims(3, 2), fields{}, 0.5), 1, true},
	} {
		quantize, _, _ := hybridNodes(t, decode(t, c.model), "Dense")
		if a := quantize.Attrs.(*ops.DynamicQuantize); a.Symmetric != c.symmetric || a.Axes != c.axes {
			t.Errorf("%s: data %+v", c.what, a)
		}
	}
}

func TestConvolutionWithOneScaleIsSymmetric(t *testing.T) {
	float := tensor{kind: typeFloat32, shape: dims(1, 4, 4, 2)}
	w := tensor{kind: typeInt8, shape: dims(2, 1, 1, 2), data: i8(1, 2, 3, 4), scale: []float32{0.5}, zero: []int64{0}}
	m := convModel(float, w, tensor{kind: typeFloat32, shape: dims(2), data: f32(1, 2)}, float)
	m.operators[0].code, m.operators[0].kind, m.operators[0].options = 3, 1, fields{1: int32(1), 2: int32(1)}
	quantize, _, _ := hybridNodes(t, decode(t, m), "Conv")
	if !quantize.Attrs.(*ops.DynamicQuantize).Symmetric {
		t.Error("data are quantized asymmetrically")
	}
}

// TestOtherQuantizedWeightsAreDequantized: only int8 weights about 0 are multiplied as they are beside float data.
func TestOtherQuantizedWeightsAreDequantized(t *testing.T) {
	float := tensor{kind: typeFloat32, shape: dims(1, 4, 4, 2)}
	b := tensor{kind: typeFloat32, shape: dims(2), data: f32(1, 2)}
	shifted, unsigned := perChannel, perChannel
	shifted.zero = []int64{0, 1}
	unsigned.kind = typeUint8
	for _, w := range []tensor{shifted, unsigned} {
		g := decode(t, convModel(float, w, b, float))
		wantNodes(t, g, "Dequantize", "Conv")
		if v := g.Nodes[0].Inputs[0]; v.Const == nil || v.Quant == nil || g.Nodes[1].Inputs[1] != g.Nodes[0].Outputs[0] {
			t.Errorf("weights %v", v)
		}
	}
}
