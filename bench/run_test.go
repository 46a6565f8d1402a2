package bench_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/octet-ml/octet/bench"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/loader"
	"github.com/octet-ml/octet/loader/onnx"
	"github.com/octet-ml/octet/runtime"
)

// picture returns an input of mean 0 and variance 1.
func picture(size int) *graph.Tensor {
	random := rand.New(rand.NewPCG(1, 2))
	t := graph.NewTensor(graph.Float32, 1, 3, size, size)
	for i := range t.Len() {
		binary.LittleEndian.PutUint32(t.Data[4*i:], math.Float32bits(float32(random.NormFloat64())))
	}
	return t
}

// outputs compiles g, for integers only where p says so, and runs it on a picture.
func outputs(t *testing.T, g *graph.Graph, p bench.Precision) []*graph.Tensor {
	t.Helper()
	program, err := runtime.Compile(g, runtime.Threads(1))
	if err != nil {
		t.Fatal(err)
	}
	if p.Integer() && p != bench.Mixed {
		if err := program.RequireInteger(); err != nil {
			t.Fatal(err)
		}
	}
	out, err := program.Run(picture(g.Inputs[0].Shape[2]))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestExportedModelsGiveTheSameBytes(t *testing.T) {
	for _, name := range small {
		for _, p := range precisions {
			t.Run(name+"/"+p.String(), func(t *testing.T) {
				g := build(t, name, p)
				data, err := onnx.Encode(g, onnx.WriteOptions{})
				if err != nil {
					t.Fatal(err)
				}
				read, err := loader.Decode(data)
				if err != nil {
					t.Fatal(err)
				}
				want, got := outputs(t, g, p)[0], outputs(t, read, p)[0]
				if !got.Shape.Equal(want.Shape) || !bytes.Equal(got.Data, want.Data) {
					t.Errorf("outputs %v and %v differ", want.Shape, got.Shape)
				}
			})
		}
	}
}

func TestIntegerModelsComputeWhatFloatOnesDo(t *testing.T) {
	const least = 0.93 // int8 resolves about 1/30 of a deviation, and errors add up over 60 layers
	for _, name := range small {
		want := outputs(t, build(t, name, bench.FP32), bench.FP32)[0].Floats()
		got := outputs(t, build(t, name, bench.Int8), bench.Int8)[0].Floats()
		if c := correlation(want, got); c < least {
			t.Errorf("%s: the logits of int8 and fp32 correlate by %.4f, want %v", name, c, least)
		}
	}
}

func correlation(a, b []float32) float64 {
	var n, sa, sb, aa, bb, ab float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		n, sa, sb, aa, bb, ab = n+1, sa+x, sb+y, aa+x*x, bb+y*y, ab+x*y
	}
	return (n*ab - sa*sb) / math.Sqrt((n*aa-sa*sa)*(n*bb-sb*sb))
}

// Activations use their range: few values are cut off at the top, and they spread over more than a few codes.
func TestActivationsNeitherVanishNorSaturate(t *testing.T) {
	for _, name := range small {
		g := build(t, name, bench.Int8)
		g.Outputs = nil
		for _, n := range g.Nodes {
			if n.Op == "Quantize" {
				g.Outputs = append(g.Outputs, n.Outputs[0])
			}
		}
		for i, out := range outputs(t, g, bench.Int8) {
			var sum, squares, top float64
			for _, v := range out.Data {
				x := float64(v)
				sum, squares = sum+x, squares+x*x
				if v == 255 {
					top++
				}
			}
			n := float64(len(out.Data))
			deviation := math.Sqrt(squares/n - sum/n*sum/n)
			if top/n > 0.05 || deviation < 8 {
				t.Errorf("%s: %s: %.1f %% saturated, deviation %.1f", name, g.Outputs[i].Name, 100*top/n, deviation)
			}
		}
	}
}
