package gorgonia_test

import (
	"testing"

	G "gorgonia.org/gorgonia"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/loader/gorgonia"
	"github.com/octet-ml/octet/quantize"
)

// pictures are calibration inputs.
type pictures []*graph.Tensor

func (p pictures) Len() int { return len(p) }

func (p pictures) Read(i int, inputs []*graph.Tensor) error {
	copy(inputs[0].Data, p[i].Data)
	return nil
}

// A network of Gorgonia is quantized as others are: all layers work on integers, and the class that Gorgonia finds stays.
func TestNetworksAreQuantized(t *testing.T) {
	const batch, calibration = 32, 64
	n := newNet(7)
	in, out := leNet(n, batch)
	g, err := gorgonia.FromExprGraph(n.ExprGraph, G.Nodes{in}, G.Nodes{out}, gorgonia.DynamicBatch())
	if err != nil {
		t.Fatal(err)
	}
	data := make(pictures, calibration)
	for i := range data {
		if data[i], err = gorgonia.Tensor(n.picture(in, 1)); err != nil {
			t.Fatal(err)
		}
	}
	r, err := quantize.Quantize(g, data, quantize.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := compile(t, r.Graph, batch)
	if err := p.RequireInteger(); err != nil {
		t.Error(err)
	}
	x := n.picture(in, batch)
	want := forward(t, in, G.Nodes{out}, x)[0]
	y, err := gorgonia.Run(p, x)
	if err != nil {
		t.Fatal(err)
	}
	got := floats(t, y[0])
	same := 0
	for i := range batch {
		if class(got[i*10:][:10]) == class(want[i*10:][:10]) {
			same++
		}
	}
	if same < batch-1 { // two classes may be as close as the steps of 8 bits
		t.Errorf("%d of %d pictures have the class that Gorgonia finds", same, batch)
	}
}

// class returns the index of the greatest element.
func class(logits []float32) (at int) {
	for i, v := range logits {
		if v > logits[at] {
			at = i
		}
	}
	return at
}
