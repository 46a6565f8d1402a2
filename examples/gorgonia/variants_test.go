package main

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/loader/onnx"
	"github.com/octet-ml/octet/quantize"
	"github.com/octet-ml/octet/quantize/qat"
	"github.com/octet-ml/octet/runtime"
)

// start returns a maker over a few steps of training on bars.
func start(t *testing.T) *maker {
	t.Helper()
	rng := rand.New(rand.NewPCG(uint64(testkit.Seed(t)), 0))
	data := bars(60, rng)
	p := qat.NewParams(rng)
	fall(t, prepared(t, p, floatConfig, data), 25)
	m, err := newMaker(p, data, data.len())
	if err != nil {
		t.Fatal(err)
	}
	m.how, m.log = training{epochs: 1, batch: 20, rate: 0.001}, t.Output()
	return m
}

// decode returns what a file of g holds.
func decode(t *testing.T, g *graph.Graph) *graph.Graph {
	t.Helper()
	data, err := encode(g, accuracy{})
	if err != nil {
		t.Fatal(err)
	}
	if g, err = onnx.Decode(data, onnx.Options{}); err != nil {
		t.Fatal(err)
	}
	return g
}

// session opens a model.
func session(t *testing.T, g *graph.Graph) *runtime.Session {
	t.Helper()
	s, err := open(g)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestEveryFormKnowsTheBars makes every form from a few steps of training and runs its file.
func TestEveryFormKnowsTheBars(t *testing.T) {
	m := start(t)
	unseen := bars(100, rand.New(rand.NewPCG(uint64(testkit.Seed(t)), 1)))
	for _, v := range variants {
		g, err := m.make(v)
		if err != nil {
			t.Fatalf("%s: %v", v.name, err)
		}
		if right := unseen.right(session(t, decode(t, g))); right < 80 {
			t.Errorf("%s: right %d of 100, want at least 80", v.name, right)
		}
		sums := layersOf(t, g)
		if want := v.config.Weights.Bits(); !slices.Equal(sums, []int{want, want, want}) {
			t.Errorf("%s: weights have %v bits, want %d", v.name, sums, want)
		}
	}
}

// layersOf returns the bits of the weights of the layers of g, all of which work on integers.
func layersOf(t *testing.T, g *graph.Graph) (bits []int) {
	t.Helper()
	for _, n := range g.Nodes {
		if n.Op == "Conv" || n.Op == "Dense" {
			w := n.Inputs[1]
			if n.Inputs[0].Quant == nil || w.Quant == nil {
				t.Errorf("%s works on real numbers", n.Where())
			}
			bits = append(bits, w.DType.Bits())
		}
	}
	return bits
}

// compare runs the fake-quantized network of a form over p in Gorgonia and its integer model in Octet, and returns by how many steps of
// the logits they differ at most, and how many digits they take for something else. Logits are sums in real numbers; a step of theirs
// is the 255th part of their range.
func compare(t *testing.T, p *qat.Params, c qat.Config, data *dataset) (steps float64, other int) {
	t.Helper()
	const batch = 20
	n, err := newNetwork(p, c, batch)
	if err != nil {
		t.Fatal(err)
	}
	g, err := n.Graph()
	if err != nil {
		t.Fatal(err)
	}
	s := session(t, decode(t, g))
	var logits G.Value
	G.Read(n.logits, &logits)
	machine := G.NewTapeMachine(n.graph)
	defer machine.Close()
	images := make([]float32, batch*pixels)
	var lo, hi float32
	for first := 0; first+batch <= data.len(); first += batch {
		for i := range batch {
			normalize(images[i*pixels:(i+1)*pixels], data.image(first+i))
		}
		machine.Reset()
		if err := n.set(images); err != nil {
			t.Fatal(err)
		}
		if err := machine.RunAll(); err != nil {
			t.Fatal(err)
		}
		for i := range batch {
			fake, integer := logits.Data().([]float32)[i*classes:(i+1)*classes], data.run(s, first+i)
			for k := range classes {
				steps = max(steps, math.Abs(float64(fake[k]-integer[k])))
				lo, hi = min(lo, fake[k]), max(hi, fake[k])
			}
			if argmax(fake) != argmax(integer) {
				other++
			}
		}
	}
	return steps / float64(hi-lo) * 255, other
}

// follow trains every trained form for a moment and compares.
func follow(t *testing.T, m *maker, unseen *dataset) {
	t.Helper()
	for _, v := range variants {
		if !v.trained {
			continue
		}
		p := m.float.Clone()
		if err := train(p, v.config, m.data, m.how, rand.New(rand.NewPCG(1, 1)), t.Output()); err != nil {
			t.Fatal(err)
		}
		steps, other := compare(t, p, v.config, unseen)
		t.Logf("%s: %.4f steps, %d of %d digits taken for something else", v.name, steps, other, unseen.len())
		if steps > 1 || other > unseen.len()/500 {
			t.Errorf("%s: logits differ by %.2f steps, %d of %d digits are taken for something else", v.name, steps, other, unseen.len())
		}
	}
}

func TestIntegerModelsFollowTheFakeQuantizedPass(t *testing.T) {
	follow(t, start(t), bars(100, rand.New(rand.NewPCG(5, 5))))
}

// TestIntegerModelsFollowTheFakeQuantizedPassOnDigits starts from the committed weights and takes real digits.
func TestIntegerModelsFollowTheFakeQuantizedPassOnDigits(t *testing.T) {
	folder := filepath.Join(testkit.Data(t), "mnist")
	digits, err := openDataset(folder, "train10k")
	if err != nil {
		t.Fatal(err)
	}
	unseen, err := openDataset(folder, "t10k")
	if err != nil {
		t.Fatal(err)
	}
	p := qat.NewParams(rand.New(rand.NewPCG(1, 1)))
	if err := restore(p, committed(t, "float")); err != nil {
		t.Fatal(err)
	}
	m, err := newMaker(p, digits.head(1000), 1000)
	if err != nil {
		t.Fatal(err)
	}
	m.how, m.log = training{epochs: 1, batch: 50, rate: 0.001}, t.Output()
	follow(t, m, unseen.head(2000))
}

// TestRestoreIsTheInverseOfWriting writes the model of real numbers and reads it back.
func TestRestoreIsTheInverseOfWriting(t *testing.T) {
	m := start(t)
	g, err := m.real()
	if err != nil {
		t.Fatal(err)
	}
	p := qat.NewParams(rand.New(rand.NewPCG(9, 9)))
	if err := restore(p, decode(t, g)); err != nil {
		t.Fatal(err)
	}
	n, err := newNetwork(p, floatConfig, 1)
	if err != nil {
		t.Fatal(err)
	}
	again, err := n.Graph()
	if err != nil {
		t.Fatal(err)
	}
	if again, err = withSoftmax(again); err != nil {
		t.Fatal(err)
	}
	var files [2][]byte
	for i, g := range []*graph.Graph{g, again} {
		if files[i], err = encode(g, accuracy{}); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Error("other bytes")
	}
	r, err := quantize.Quantize(g, m.seen, quantize.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := restore(p, r.Graph); !errors.Is(err, errModel) {
		t.Errorf("a quantized model: got %v, want %v", err, errModel)
	}
}
