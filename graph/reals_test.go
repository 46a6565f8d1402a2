package graph_test

import (
	"slices"
	"testing"

	"github.com/octet-ml/octet/graph"
)

func TestRealsAreWhatElementsStandFor(t *testing.T) {
	q := graph.PerTensor(0.5, 2)
	wide := graph.NewTensor(graph.Int32, 2)
	wide.SetInt(0, -300)
	for _, c := range []struct {
		t    *graph.Tensor
		q    *graph.Quant
		want []float32
	}{
		{graph.Float32s([]float32{1, -2.5}, 2), nil, []float32{1, -2.5}},
		{&graph.Tensor{DType: graph.Uint8, Shape: graph.Shape{2}, Data: []byte{0, 255}}, q, []float32{-1, 126.5}},
		{&graph.Tensor{DType: graph.Int8, Shape: graph.Shape{2}, Data: []byte{0, 255}}, q, []float32{-1, -1.5}},
		{&graph.Tensor{DType: graph.Int8, Shape: graph.Shape{2}, Data: []byte{3, 255}}, nil, []float32{3, -1}},
		{wide, q, []float32{-151, -1}},
	} {
		if got := c.t.Reals(c.q, make([]float32, 1, 8)); !slices.Equal(got, c.want) {
			t.Errorf("%v %v: %v, want %v", c.t.DType, c.q, got, c.want)
		}
	}
}
