package qat_test

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/loader/onnx"
	"github.com/octet-ml/octet/quantize"
	"github.com/octet-ml/octet/quantize/qat"
	"github.com/octet-ml/octet/runtime"
)

const (
	batch   = 4
	side    = 9
	classes = 5
)

// lenet is a plain network without BatchNormalization.
func lenet(n *qat.Network, x *G.Node) *qat.Tensor {
	t := n.Conv(n.Input(x), "conv1", qat.Conv{Out: 6, Kernel: 3, Pad: 1, Relu: true})
	t = n.MaxPool(t, "pool", 2, 2)
	t = n.Conv(t, "conv2", qat.Conv{Out: 8, Kernel: 3})
	t = n.Dense(n.Flatten(t, "flat"), "hidden", qat.Dense{Out: 12, Relu: true})
	return n.Dense(t, "logits", qat.Dense{Out: classes, Real: true})
}

// residual is a network with BatchNormalization and a sum, whose last layer is quantized.
func residual(n *qat.Network, x *G.Node) *qat.Tensor {
	t := n.Conv(n.Input(x), "stem", qat.Conv{Out: 6, Kernel: 3, Stride: 2, Pad: 1, BatchNorm: true, Relu: true})
	y := n.Conv(t, "a", qat.Conv{Out: 6, Kernel: 3, Pad: 1, BatchNorm: true, Relu: true})
	y = n.Conv(y, "b", qat.Conv{Out: 6, Kernel: 3, Pad: 1, BatchNorm: true})
	t = n.Add(t, y, "sum", true)
	return n.Dense(n.GlobalAverage(t, "mean"), "logits", qat.Dense{Out: classes})
}

var architectures = map[string]func(*qat.Network, *G.Node) *qat.Tensor{"lenet": lenet, "residual": residual}

func testRand() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// built is a network on a machine.
type built struct {
	*qat.Network
	name   string
	x, out *G.Node
	y      G.Value
	vm     G.VM
}

func assemble(t *testing.T, arch string, p *qat.Params, c qat.Config) *built {
	t.Helper()
	g := G.NewGraph()
	b := &built{Network: qat.New(g, p, c), name: fmt.Sprintf("%s by %+v", arch, c)}
	b.x = G.NewTensor(g, tensor.Float32, 4, G.WithShape(batch, 2, side, side), G.WithName("x"))
	out := architectures[arch](b.Network, b.x)
	b.Output(out)
	if err := b.Err(); err != nil {
		t.Fatal(err)
	}
	b.out = out.Node
	G.Read(b.out, &b.y)
	return b
}

// forward runs the network on one batch and returns its outputs.
func (b *built) forward(t *testing.T, x []float32) []float32 {
	t.Helper()
	if b.vm == nil {
		b.vm = G.NewTapeMachine(b.x.Graph())
		t.Cleanup(func() { b.vm.Close() })
	}
	b.vm.Reset()
	if err := G.Let(b.x, tensor.New(tensor.WithShape(batch, 2, side, side), tensor.WithBacking(x))); err != nil {
		t.Fatal(err)
	}
	if err := b.vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	return slices.Clone(b.y.Data().([]float32))
}

// pictures is random inputs of 0 to 1.
type pictures int

func (n pictures) Len() int { return int(n) }

func (n pictures) Read(i int, in []*graph.Tensor) error {
	copy(graph.View[float32](in[0].Data), picture(i))
	return nil
}

// picture returns input i: noise, brighter towards one corner.
func picture(i int) []float32 {
	rng := rand.New(rand.NewPCG(uint64(i), 9))
	x := make([]float32, 2*side*side)
	for k := range x {
		x[k] = float32(rng.IntN(256)) / 255 * float32(1+(k*i)%7) / 7
	}
	return x
}

func batchOf(first int) []float32 {
	var x []float32
	for i := range batch {
		x = append(x, picture(first+i)...)
	}
	return x
}

// trained returns parameters whose BatchNormalization has seen data and whose factors and biases are not the initial ones.
func trained(t *testing.T, arch string) *qat.Params {
	t.Helper()
	rng := rand.New(rand.NewPCG(uint64(testkit.Seed(t)), 3))
	p := qat.NewParams(rng)
	b := assemble(t, arch, p, qat.Config{Weights: quantize.Float, Train: true})
	numbers := p.Numbers()
	for _, name := range slices.Sorted(maps.Keys(numbers)) {
		for c := range numbers[name] {
			switch {
			case strings.HasSuffix(name, ".bias"):
				numbers[name][c] = float32(rng.NormFloat64()) * 0.2
			case strings.HasSuffix(name, ".gamma"):
				numbers[name][c] = float32(1 + 0.3*rng.NormFloat64())
				if c == 1 {
					numbers[name][c] *= -1
				}
			}
		}
	}
	for i := range 40 {
		b.forward(t, batchOf(i*batch))
	}
	return p
}

// calibrated returns p after the float network has been observed.
func calibrated(t *testing.T, arch string, p *qat.Params) *qat.Params {
	t.Helper()
	p = p.Clone()
	g, err := assemble(t, arch, p, qat.Config{Weights: quantize.Float}).Graph()
	if err != nil {
		t.Fatal(err)
	}
	seen, err := quantize.Observe(g, pictures(50), quantize.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p.Calibrate(seen)
	return p
}

// session compiles g.
func session(t *testing.T, g *graph.Graph) *runtime.Session {
	t.Helper()
	p, err := runtime.Compile(g)
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestFloatGraphIsTheNetwork compares the graph of real numbers with Gorgonia's forward pass.
func TestFloatGraphIsTheNetwork(t *testing.T) {
	const tolerance = 1e-4
	for arch := range architectures {
		p := trained(t, arch)
		b := assemble(t, arch, p, qat.Config{Weights: quantize.Float})
		g, err := b.Graph()
		if err != nil {
			t.Fatal(err)
		}
		s := session(t, g)
		want := b.forward(t, batchOf(1000))
		for i := range batch {
			copy(graph.View[float32](s.Input(0).Data), picture(1000+i))
			s.Run()
			for k := range classes {
				if got := s.Output(0).Float(k); math.Abs(got-float64(want[i*classes+k])) > tolerance {
					t.Errorf("%s: output %d of picture %d is %g, want %g", arch, k, i, got, want[i*classes+k])
				}
			}
		}
	}
}

// configs lists what networks are exported with.
func configs() map[string]qat.Config {
	list := make(map[string]qat.Config)
	for _, s := range []quantize.Scheme{quantize.Int8, quantize.Int4, quantize.Int4KMeans, quantize.Int4Log} {
		for _, bits := range []int{8, 4} {
			for _, perTensor := range []bool{false, true} {
				list[fmt.Sprintf("%v/%d bits/per tensor %v", s, bits, perTensor)] = qat.Config{Weights: s, Activations: bits, PerTensor: perTensor}
			}
		}
	}
	list["mixed"] = qat.Config{Weights: quantize.Int4, Activations: 5, Layers: map[string]quantize.Scheme{"logits": quantize.Int8}}
	return list
}

// TestIntegerModelIsTheFakeQuantizedPass exports networks and runs them on integers: no output differs from the fake-quantized forward
// pass by more than one step of the last quantization, and nearly all are on it. A sum of products in float32 that falls on the other
// side of a tie than the exact one moves an activation by a step; nothing else may.
func TestIntegerModelIsTheFakeQuantizedPass(t *testing.T) {
	for arch := range architectures {
		float := trained(t, arch)
		p := calibrated(t, arch, float)
		for name, c := range configs() {
			p := p.Clone()
			b := assemble(t, arch, p, c)
			g, err := b.Graph()
			if err != nil {
				t.Fatalf("%s, %s: %v", arch, name, err)
			}
			program, err := runtime.Compile(g)
			if err != nil {
				t.Fatal(err)
			}
			if err := program.RequireInteger(); err != nil {
				t.Errorf("%s, %s: %v", arch, name, err)
			}
			compareWithIntegers(t, b, g, outputStep(p))
		}
	}
}

// compareWithIntegers compares the forward pass of a network with its integer model after a passage through a file.
func compareWithIntegers(t *testing.T, b *built, g *graph.Graph, step float64) {
	t.Helper()
	s := session(t, written(t, g))
	var off, all int
	lo, hi := math.Inf(1), math.Inf(-1)
	for first := 0; first < 60; first += batch {
		want := b.forward(t, batchOf(2000+first))
		for i := range batch {
			copy(graph.View[float32](s.Input(0).Data), picture(2000+first+i))
			s.Run()
			for k := range classes {
				y := s.Output(0).Float(k)
				d := math.Abs(y-float64(want[i*classes+k])) / step
				all++
				lo, hi = min(lo, y), max(hi, y)
				if d > 0.01 {
					off++
				}
				if d > 1.001 {
					t.Errorf("%s: output %d is off by %.2f steps", b.name, k, d)
				}
			}
		}
	}
	if off > all/20 {
		t.Errorf("%s: %d of %d outputs are off", b.name, off, all)
	}
	if hi-lo < 4*step {
		t.Errorf("%s: outputs from %g to %g, a step being %g: the comparison says nothing", b.name, lo, hi, step)
	}
}

// written returns g after a passage through a file.
func written(t *testing.T, g *graph.Graph) *graph.Graph {
	t.Helper()
	data, err := onnx.Encode(g, onnx.WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if g, err = onnx.Decode(data, onnx.Options{}); err != nil {
		t.Fatal(err)
	}
	return g
}

// outputStep returns the step of the outputs: that of their quantization, or for real sums a step of the last layer's input times the
// greatest weight.
func outputStep(p *qat.Params) float64 {
	numbers := p.Numbers()
	if step := numbers["logits.step"]; step != nil {
		return float64(step[0])
	}
	var most float64
	for _, w := range numbers["logits.weights"] {
		most = max(most, math.Abs(float64(w)))
	}
	return float64(numbers["hidden.step"][0]) * most
}
