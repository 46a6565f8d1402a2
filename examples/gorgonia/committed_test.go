package main

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/loader/onnx"
	"github.com/octet-ml/octet/vision"
)

// committed returns the bytes of the embedded model's file and what they say.
func committed(t *testing.T) ([]byte, *graph.Graph) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(testkit.Root(), "cmd", "octet", "internal", "digits", "digits.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	g, err := onnx.Decode(data, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return data, g
}

// rebuild returns the quantized network that a graph describes.
func rebuild(t *testing.T, g *graph.Graph) *quantNet {
	t.Helper()
	values := map[string]*graph.Value{}
	for _, n := range g.Nodes {
		for _, v := range slices.Concat(n.Inputs, n.Outputs) {
			values[v.Name] = v
		}
	}
	integers := func(name string, d graph.DType) *graph.Value {
		v := values[name+"_quantized"]
		if v == nil || v.DType != d || v.Quant == nil {
			t.Fatalf("%s: got %+v, want quantized %v", name, v, d)
		}
		return v
	}
	at := func(name string) affine {
		q := integers(name, graph.Uint8).Quant
		if !q.IsPerTensor() {
			t.Fatalf("%s: quantized as %v, want one scale", name, q)
		}
		return affine{q.Scale[0], uint8(q.ZeroAt(0))}
	}
	constant := func(name string, d graph.DType, shape ...int) *graph.Value {
		v := integers(name, d)
		want := &graph.Quant{Scale: v.Quant.Scale, Axis: 0}
		if v.Const == nil || !v.Shape.Equal(shape) || len(v.Quant.Scale) != shape[0] || !v.Quant.Equal(want) {
			t.Fatalf("%s: shape %v quantized as %v, want a constant %v with a scale per output channel", name, v.Shape, v.Quant, shape)
		}
		return v
	}
	q := quantNet{
		{name: "conv1", shape: []int{oc1, 1, kernel, kernel}, in: at("image"), out: at("relu1")},
		{name: "conv2", shape: []int{oc2, oc1, kernel, kernel}, in: at("pool1"), out: at("relu2")},
		{name: "dense", shape: []int{classes, hidden}, in: at("flatten"), out: at("dense")},
	}
	for i := range q {
		l := &q[i]
		weights := constant(l.name+"_weights", graph.Int8, l.shape...)
		bias := constant(l.name+"_bias", graph.Int32, l.shape[0])
		l.scale = weights.Quant.Scale
		l.weights = slices.Clone(graph.View[int8](weights.Const.Data))
		for o, biasScale := range bias.Quant.Scale {
			l.bias = append(l.bias, int32(bias.Const.Int(o)))
			if want := l.in.scale * l.scale[o]; biasScale != want {
				t.Errorf("%s: bias scale %d is %g, want %g", l.name, o, biasScale, want)
			}
			l.multiplier = append(l.multiplier, biasScale/l.out.scale)
		}
	}
	return &q
}

// TestCommittedModelIsWhatTheProgramWrites writes the network that the file describes again.
func TestCommittedModelIsWhatTheProgramWrites(t *testing.T) {
	data, g := committed(t)
	var scored accuracy
	if err := json.Unmarshal([]byte(g.Metadata[accuracyKey]), &scored); err != nil {
		t.Fatal(err)
	}
	properties, err := metadata(scored)
	if err != nil {
		t.Fatal(err)
	}
	written, err := rebuild(t, g).encodeONNX(properties)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(written, data) {
		t.Errorf("%d bytes are written that differ from the file's %d", len(written), len(data))
	}
}

// TestCommittedModelKnowsThePictures goes the way of octet classify up to the model's input: a picture's file, the
// preprocessing in the model's metadata, a float tensor; then the image's scale and the integer network.
func TestCommittedModelKnowsThePictures(t *testing.T) {
	const sure = 0.99
	_, g := committed(t)
	q := rebuild(t, g)
	how, ok, err := vision.FromMetadata(g.Metadata)
	if err != nil || !ok {
		t.Fatalf("preprocessing in the metadata: %v, %v", ok, err)
	}
	spec := vision.InputSpec{DType: graph.Float32, Channels: 1, Height: side, Width: side, Layout: vision.NCHW}
	for _, d := range drawable {
		picture, err := vision.FromImage(readPNG(t, d.digit))
		if err != nil {
			t.Fatal(err)
		}
		tensor := make([]byte, 4*pixels)
		if err := how.Apply(picture, spec, tensor, nil); err != nil {
			t.Fatal(err)
		}
		digit := make([]uint8, pixels)
		for i, x := range graph.View[float32](tensor) {
			digit[i] = clampUint8(math.RoundToEven(float64(x / q[0].in.scale)))
		}
		p := q.probabilities(q.logits(digit))
		if best := argmax(p); how.Labels[best] != strconv.Itoa(d.digit) || p[best] < sure {
			t.Errorf("drawn %d: taken for %s with probability %.3f", d.digit, how.Labels[best], p[best])
		}
	}
}

func TestCommittedModelScoresWhatItsMetadataSay(t *testing.T) {
	if testing.Short() {
		t.Skip("runs 10,000 digits in plain loops: leave -short out to run it")
	}
	unseen, err := openDataset(filepath.Join(testkit.Data(t), "mnist"), "t10k")
	if err != nil {
		t.Fatal(err)
	}
	_, g := committed(t)
	var claimed accuracy
	if err := json.Unmarshal([]byte(g.Metadata[accuracyKey]), &claimed); err != nil {
		t.Fatal(err)
	}
	if got := rebuild(t, g).correct(unseen); got != claimed.Int8 || unseen.len() != claimed.Digits {
		t.Errorf("right %d of %d, metadata say %d of %d", got, unseen.len(), claimed.Int8, claimed.Digits)
	}
	if claimed.Int8 < 9850 || claimed.Float32-claimed.Int8 > 30 {
		t.Errorf("accuracy %+v, want at least 98.5 %% and at most 0.3 %% lost by quantizing", claimed)
	}
}
