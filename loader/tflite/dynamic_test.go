package tflite_test

import (
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/runtime"
)

// TestFlattenWithAnOpenBatchRunsAtAnyBatch builds what Keras writes for Flatten: the shape of the input, cut to its first
// element and packed with -1, is the shape of the result.
func TestFlattenWithAnOpenBatchRunsAtAnyBatch(t *testing.T) {
	known := func(name string, o operand) tensor {
		o.name = name
		return o.tensor
	}
	made := func(name string, kind byte, shape, signature []int32) tensor {
		return tensor{name: name, kind: kind, shape: shape, signature: signature}
	}
	m := model{
		tensors: []tensor{
			made("x", typeFloat32, dims(1, 2, 3), dims(-1, 2, 3)),
			made("shape", typeInt32, dims(3), nil), known("begin", list(0)), known("end", list(1)), known("stride", list(1)),
			made("batch", typeInt32, dims(), nil), known("rest", number(-1)), made("packed", typeInt32, dims(2), nil),
			made("y", typeFloat32, dims(1, 6), dims(-1, 6)),
		},
		operators: []operator{
			{code: 77, kind: 55, options: fields{0: byte(typeInt32)}, in: []int32{0}, out: []int32{1}},
			{code: 45, kind: 32, options: fields{4: int32(1)}, in: []int32{1, 2, 3, 4}, out: []int32{5}},
			{code: 83, kind: 59, options: fields{0: int32(2)}, in: []int32{5, 6}, out: []int32{7}},
			{code: 22, kind: 17, in: []int32{0, 7}, out: []int32{8}},
		},
		in: []int32{0}, out: []int32{8},
	}
	p, err := runtime.Compile(decode(t, m), runtime.Batch(2), runtime.Threads(1))
	if err != nil {
		t.Fatal(err)
	}
	for batch := 1; batch <= 2; batch++ {
		x := graph.NewTensor(graph.Float32, batch, 2, 3)
		for i := range x.Len() {
			x.SetFloat(i, float64(i))
		}
		y, err := p.Run(x)
		if err != nil {
			t.Fatal(err)
		}
		close(t, y[0], &graph.Tensor{DType: graph.Float32, Shape: graph.Shape{batch, 6}, Data: x.Data})
	}
}
