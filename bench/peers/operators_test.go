package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/loader/onnx"
	"github.com/octet-ml/octet/ops"
)

// integerGraph is one node of quantized data, with floats outside.
func integerGraph(op string, attrs any, out *graph.Quant, shape graph.Shape, constants ...*graph.Value) *graph.Graph {
	g := new(graph.Graph)
	x := g.AddInput("x", graph.Float32, shape)
	q := g.Add("Quantize", "quantize", nil, []*graph.Value{x}, "q").Outputs[0]
	q.DType, q.Quant = graph.Uint8, graph.PerTensor(0.02, 100)
	y := g.Add(op, "node", attrs, append([]*graph.Value{q}, constants...), "y").Outputs[0]
	y.DType, y.Quant = graph.Uint8, out
	r := g.Add("Dequantize", "dequantize", nil, []*graph.Value{y}, "r").Outputs[0]
	r.DType = graph.Float32
	g.Outputs = append(g.Outputs, r)
	return g
}

// steps returns a constant of bytes that go up and down, with scales per row where there are several.
func steps(name string, d graph.DType, scales []float32, shape ...int) *graph.Value {
	t := graph.NewTensor(d, shape...)
	for i := range t.Len() {
		t.SetInt(i, int64(i*7%61)) // without a sum of pairs that int16 cannot hold
	}
	v := graph.NewConst(name, t)
	v.Quant = &graph.Quant{Scale: scales}
	return v
}

// TestONNXRuntimeHasWhatIsWritten needs ONNX Runtime's library. Each operator that has an integer form is written in it and
// without, and gives the same in both engines, up to a step of its result.
func TestONNXRuntimeHasWhatIsWritten(t *testing.T) {
	lib := defaultLibrary()
	if _, err := os.Stat(lib); err != nil {
		t.Skipf("no ONNX Runtime: %v; make peers installs it, OCTET_ORT_LIB names it", err)
	}
	picture, row := graph.Shape{1, 4, 6, 6}, graph.Shape{1, 8}
	out, unit := graph.PerTensor(0.05, 90), graph.PerTensor(1.0/256, 0)
	window := ops.Window{Strides: [2]int{2, 2}}
	for name, g := range map[string]*graph.Graph{
		"Conv": integerGraph("Conv", &ops.Conv{Window: ops.Window{Strides: [2]int{1, 1}, Pads: [4]int{1, 1, 1, 1}}}, out, picture,
			steps("w", graph.Int8, []float32{0.01, 0.02, 0.005}, 3, 4, 3, 3)),
		"Conv of int4": integerGraph("Conv", &ops.Conv{Window: ops.Window{Strides: [2]int{1, 1}}}, out, picture,
			nibbles(graph.Int4, nil)),
		"Conv of a codebook": integerGraph("Conv", &ops.Conv{Window: ops.Window{Strides: [2]int{1, 1}}}, out, picture,
			nibbles(graph.Uint4, &[16]int8{-61, -50, -40, -30, -20, -10, -5, 0, 5, 10, 15, 20, 30, 40, 50, 61})),
		"Dense":             integerGraph("Dense", &ops.Dense{}, out, row, steps("w", graph.Int8, []float32{0.01, 0.02}, 2, 8)),
		"Gemm":              integerGraph("Gemm", &ops.Gemm{Alpha: 1, Beta: 1, TransB: true}, out, row, steps("w", graph.Int8, []float32{0.01}, 2, 8)),
		"MatMul":            integerGraph("MatMul", nil, out, row, steps("w", graph.Int8, []float32{0.01}, 8, 3)),
		"Add":               integerGraph("Add", &ops.Arithmetic{}, out, row, steps("z", graph.Uint8, []float32{0.03}, 1, 8)),
		"Mul":               integerGraph("Mul", &ops.Arithmetic{}, out, row, steps("z", graph.Uint8, []float32{0.03}, 1, 8)),
		"Concat":            integerGraph("Concat", &ops.Concat{Axis: 1}, out, row, steps("z", graph.Uint8, []float32{0.03}, 1, 3)),
		"AveragePool":       integerGraph("AveragePool", &ops.Pool{Kernel: [2]int{2, 2}, Window: window}, out, picture),
		"MaxPool":           integerGraph("MaxPool", &ops.Pool{Kernel: [2]int{2, 2}, Window: window}, graph.PerTensor(0.02, 100), picture),
		"GlobalAveragePool": integerGraph("GlobalAveragePool", &ops.GlobalPool{}, out, picture),
		"ReduceMean":        integerGraph("ReduceMean", &ops.Reduce{}, out, picture, graph.NewConst("axes", graph.Int64s([]int64{2, 3}, 2))),
		"Sigmoid":           integerGraph("Sigmoid", nil, unit, row),
		"LeakyRelu":         integerGraph("LeakyRelu", &ops.LeakyRelu{Alpha: 0.1}, out, row),
		"Softmax":           integerGraph("Softmax", &ops.Softmax{Axis: 1}, unit, row),
	} {
		for form, o := range map[string]onnx.WriteOptions{"qdq": {}, "qoperator": {QOperator: true}} {
			t.Run(name+"/"+form, func(t *testing.T) { answersAlike(t, lib, g, o) })
		}
	}
}

// nibbles returns weights of 4 bits for a convolution.
func nibbles(d graph.DType, table *[16]int8) *graph.Value {
	t := graph.NewTensor(d, 3, 4, 3, 3)
	for i := range t.Len() {
		t.SetInt(i, int64(i*5%8))
	}
	v := graph.NewConst("w", t)
	v.Quant = &graph.Quant{Scale: []float32{0.1, 0.02, 0.05}, Table: table}
	return v
}

// answersAlike writes a graph and runs it by Octet and by every variant of ONNX Runtime.
func answersAlike(t *testing.T, lib string, g *graph.Graph, o onnx.WriteOptions) {
	data, err := onnx.Encode(g, o)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "net.onnx")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := readEdge(path)
	if err != nil {
		t.Fatal(err)
	}
	j, err := e.job(path, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	engines := []fed{new(octet)}
	if _, _, err := engines[0].open(j); err != nil {
		t.Fatal(err)
	}
	for i := range variants {
		f, err := openVariant(lib, &variants[i], j)
		if err != nil {
			t.Fatalf("%s: %v", variants[i].Name, err)
		}
		engines = append(engines, f)
	}
	input, err := inputData(&j.Inputs[0], 0)
	if err != nil {
		t.Fatal(err)
	}
	scores, errs := answers(bytes.Clone(input), engines, &j.Outputs[0])
	step := 1.01 * float64(g.Nodes[1].Outputs[0].Quant.Scale[0]) // a step and what its float is off by
	for i, err := range errs[1:] {
		if err != nil {
			t.Fatalf("%s: %v", variants[i].Name, err)
		}
		for k, y := range scores[i+1] {
			if d := y - scores[0][k]; d > step || d < -step {
				t.Errorf("%s: value %d is %v, Octet's %v", variants[i].Name, k, y, scores[0][k])
				break
			}
		}
	}
}
