package tflite_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/loader/tflite"
	"github.com/octet-ml/octet/ops"
)

// decode returns the graph of a model that must load.
func decode(t *testing.T, m model) *graph.Graph {
	t.Helper()
	g, err := tflite.Decode(m.bytes(), tflite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// nodes returns the operators of a graph.
func nodes(g *graph.Graph) []string {
	var out []string
	for _, n := range g.Nodes {
		out = append(out, n.Op)
	}
	return out
}

func wantNodes(t *testing.T, g *graph.Graph, want ...string) {
	t.Helper()
	if got := nodes(g); !slices.Equal(got, want) {
		t.Fatalf("got nodes %v, want %v", got, want)
	}
}

// tensorOf is a tensor of 8-bit data per tensor.
func quantized(kind byte, shape []int32, scale float32, zero int64) tensor {
	return tensor{kind: kind, shape: shape, scale: []float32{scale}, zero: []int64{zero}}
}

// convModel is a depthwise convolution of two channels with the given data, weights, bias and result.
func convModel(x, w, b, y tensor) model {
	x.name, w.name, b.name, y.name = "x", "w", "b", "y"
	return model{tensors: []tensor{x, w, b, y}, in: []int32{0}, out: []int32{3}, operators: []operator{{
		code: 4, kind: 2, options: fields{1: int32(1), 2: int32(1), 3: int32(1), 4: byte(1)}, in: []int32{0, 1, 2}, out: []int32{3},
	}}}
}

var (
	perChannel = tensor{kind: typeInt8, shape: dims(1, 1, 2, 2), data: i8(1, 2, 3, 4), scale: []float32{0.5, 0.25}, zero: []int64{0, 0}, axis: 3}
	bias       = tensor{kind: typeInt32, shape: dims(2), data: i32(7, 8), scale: []float32{0.25, 0.125}, zero: []int64{0, 0}}
)

func TestDepthwiseWeightsAreTurned(t *testing.T) {
	g := decode(t, convModel(quantized(typeInt8, dims(1, 4, 4, 2), 0.5, 3), perChannel, bias, quantized(typeInt8, dims(1, 4, 4, 2), 2, -128)))
	wantNodes(t, g, "Conv")
	n := g.Nodes[0]
	w, y := n.Inputs[1], n.Outputs[0]
	if !w.Shape.Equal(graph.Shape{2, 1, 2, 1}) || !bytes.Equal(w.Const.Data, i8(1, 3, 2, 4)) {
		t.Errorf("weights %v %v", w.Shape, w.Const.Data)
	}
	if want := (&graph.Quant{Scale: []float32{0.5, 0.25}}); !w.Quant.Equal(want) {
		t.Errorf("weights: got %v axis %d, want axis 0", w.Quant, w.Quant.Axis)
	}
	if y.DType != graph.Int8 || !y.Quant.Equal(graph.PerTensor(2, -128)) {
		t.Errorf("output %v %v", y.DType, y.Quant)
	}
	a := n.Attrs.(*ops.Conv)
	if a.Group != 2 || a.Layout != ops.NHWC || a.AutoPad != ops.SameUpper || a.Clamp.Lo != 0 || !a.Clamp.On {
		t.Errorf("attributes %+v", a)
	}
}

func TestInt4WeightsAreTurned(t *testing.T) {
	w := perChannel
	w.kind, w.data = typeInt4, []byte{0x21, 0xf3}
	g := decode(t, convModel(quantized(typeInt8, dims(1, 4, 4, 2), 0.5, 3), w, bias, quantized(typeInt8, dims(1, 4, 4, 2), 2, -128)))
	got, err := g.Nodes[0].Inputs[1].Const.Ints()
	if err != nil || !slices.Equal(got, []int64{1, 3, 2, -1}) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestBiasOfPersonDetectIsAccepted(t *testing.T) {
	b := bias
	b.axis = 3
	g := decode(t, convModel(quantized(typeInt8, dims(1, 4, 4, 2), 0.5, 3), perChannel, b, quantized(typeInt8, dims(1, 4, 4, 2), 2, -128)))
	wantNodes(t, g, "Conv")
}

func TestOutputsOfConvolutionsFitTheirData(t *testing.T) {
	data, plain := quantized(typeInt8, dims(1, 4, 4, 2), 0.5, 3), tensor{kind: typeInt8, shape: dims(1, 4, 4, 2)}
	float := tensor{kind: typeFloat32, shape: dims(1, 4, 4, 2)}
	for name, m := range map[string]model{
		"plain integers from quantized": convModel(data, perChannel, bias, plain),
		"floats from quantized":         convModel(data, perChannel, bias, float),
		"quantized from floats":         convModel(float, perChannel, bias, data),
	} {
		if _, err := tflite.Decode(m.bytes(), tflite.Options{}); !errors.Is(err, tflite.ErrFormat) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// unary is a model of one operator on one tensor.
func unary(code int, x, y tensor) model {
	x.name, y.name = "x", "y"
	return model{tensors: []tensor{x, y}, in: []int32{0}, out: []int32{1}, operators: []operator{{code: code, in: []int32{0}, out: []int32{1}}}}
}

func TestQuantizeAndDequantizeTellTheirForms(t *testing.T) {
	s := dims(1, 2)
	float, half := tensor{kind: typeFloat32, shape: s}, tensor{kind: typeFloat16, shape: s}
	signed, unsigned := quantized(typeInt8, s, 0.5, -3), quantized(typeUint8, s, 0.5, 125)
	for _, c := range []struct {
		code int
		x, y tensor
		want string
	}{
		{114, float, signed, "Quantize"}, {114, unsigned, signed, "Requantize"}, {6, unsigned, float, "Dequantize"}, {6, half, float, "Cast"},
	} {
		g := decode(t, unary(c.code, c.x, c.y))
		wantNodes(t, g, c.want)
		if c.y.scale != nil && g.Outputs[0].Quant == nil {
			t.Errorf("%s: the output has no quantization", c.want)
		}
	}
	for _, m := range []model{unary(114, float, float), unary(6, tensor{kind: typeInt8, shape: s}, float)} {
		if _, err := tflite.Decode(m.bytes(), tflite.Options{}); !errors.Is(err, tflite.ErrFormat) {
			t.Errorf("without quantization: got %v", err)
		}
	}
}

func TestViewsThatChangeTheQuantizationKeepTheBytes(t *testing.T) {
	m := unary(22, quantized(typeInt8, dims(1, 2), 0.5, 0), quantized(typeInt8, dims(2), 0.25, 1))
	m.operators[0].kind, m.operators[0].options = 17, fields{0: []int32{2}}
	g := decode(t, m)
	wantNodes(t, g, "Reshape", "Reinterpret")
	if q := g.Nodes[0].Outputs[0].Quant; !q.Equal(graph.PerTensor(0.5, 0)) {
		t.Errorf("between: %v", q)
	}
}

func TestCompositesOfQuantizedDataRoundOnce(t *testing.T) {
	g := decode(t, unary(76, quantized(typeInt8, dims(1, 2), 0.5, 0), quantized(typeInt8, dims(1, 2), 0.25, 1)))
	wantNodes(t, g, "Dequantize", "Sqrt", "Reciprocal", "Quantize")
	if y := g.Outputs[0]; y.Name != "y" || !y.Quant.Equal(graph.PerTensor(0.25, 1)) {
		t.Errorf("output %v %v", y, y.Quant)
	}
}

func TestQuantizationOfPlainNumbersIsPassedOver(t *testing.T) {
	for _, x := range []tensor{
		quantized(typeFloat32, dims(1, 2), 0.5, 0), quantized(typeInt32, dims(1, 2), 0.5, 0), quantized(typeInt8, dims(1, 2), 0, 0),
	} {
		if g := decode(t, unary(101, x, x)); g.Inputs[0].Quant != nil {
			t.Errorf("type %d: %v", x.kind, g.Inputs[0].Quant)
		}
	}
}
