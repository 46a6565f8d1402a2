package main

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/vision"
)

// committed reads the embedded model's file back: its initializers' raw data and its metadata, by name.
func committed(t *testing.T) (initializers, metadata map[string]string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(testkit.Root(), "cmd", "octet", "internal", "digits", "digits.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	initializers, metadata = map[string]string{}, map[string]string{}
	model := decode(t, data)
	for _, m := range decode(t, []byte(model[7][0]))[5] {
		fields := decode(t, []byte(m))
		initializers[fields[8][0]] = fields[9][0]
	}
	for _, m := range model[14] {
		fields := decode(t, []byte(m))
		metadata[fields[1][0]] = fields[2][0]
	}
	return initializers, metadata
}

// words returns little-endian 32-bit raw data.
func words(raw string) []uint32 {
	var v []uint32
	for b := []byte(raw); len(b) >= 4; b = b[4:] {
		v = append(v, binary.LittleEndian.Uint32(b))
	}
	return v
}

// floats returns raw data as float32.
func floats(raw string) []float32 {
	var v []float32
	for _, w := range words(raw) {
		v = append(v, math.Float32frombits(w))
	}
	return v
}

// rebuild returns the quantized network that the initializers describe.
func rebuild(t *testing.T, initializers map[string]string) *quantNet {
	t.Helper()
	at := func(name string) affine {
		scale, zero := floats(initializers[name+"_scale"]), initializers[name+"_zero_point"]
		if len(scale) != 1 || len(zero) != 1 {
			t.Fatalf("%s: %d scales, %d zero points, want one of each", name, len(scale), len(zero))
		}
		return affine{scale[0], zero[0]}
	}
	q := quantNet{
		{name: "conv1", shape: []int{oc1, 1, kernel, kernel}, in: at("image"), out: at("relu1")},
		{name: "conv2", shape: []int{oc2, oc1, kernel, kernel}, in: at("pool1"), out: at("relu2")},
		{name: "dense", shape: []int{classes, hidden}, in: at("flatten"), out: at("dense")},
	}
	for i := range q {
		l := &q[i]
		for _, w := range []byte(initializers[l.name+"_weights_quantized"]) {
			l.weights = append(l.weights, int8(w))
		}
		l.scale = floats(initializers[l.name+"_weights_scale"])
		biasScale := floats(initializers[l.name+"_bias_scale"])
		for o, b := range words(initializers[l.name+"_bias_quantized"]) {
			l.bias = append(l.bias, int32(b))
			if want := l.in.scale * l.scale[o]; biasScale[o] != want {
				t.Errorf("%s: bias scale %d is %g, want %g", l.name, o, biasScale[o], want)
			}
			l.multiplier = append(l.multiplier, biasScale[o]/l.out.scale)
		}
		if len(l.weights) != product(l.shape) || len(l.bias) != l.shape[0] {
			t.Fatalf("%s: %d weights and %d biases, want shape %v", l.name, len(l.weights), len(l.bias), l.shape)
		}
	}
	return &q
}

// TestCommittedModelKnowsThePictures goes the way of octet classify up to the model's input: a picture's file, the
// preprocessing in the model's metadata, a float tensor; then the image's scale and the integer network.
func TestCommittedModelKnowsThePictures(t *testing.T) {
	const sure = 0.99
	initializers, metadata := committed(t)
	q := rebuild(t, initializers)
	how, ok, err := vision.FromMetadata(metadata)
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
		for i, x := range floats(string(tensor)) {
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
	initializers, metadata := committed(t)
	var claimed accuracy
	if err := json.Unmarshal([]byte(metadata["octet.accuracy"]), &claimed); err != nil {
		t.Fatal(err)
	}
	if got := rebuild(t, initializers).correct(unseen); got != claimed.Int8 || unseen.len() != claimed.Digits {
		t.Errorf("right %d of %d, metadata say %d of %d", got, unseen.len(), claimed.Int8, claimed.Digits)
	}
	if claimed.Int8 < 9850 || claimed.Float32-claimed.Int8 > 30 {
		t.Errorf("accuracy %+v, want at least 98.5 %% and at most 0.3 %% lost by quantizing", claimed)
	}
}
