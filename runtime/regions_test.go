package runtime

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/ops"
)

// gathering builds quantized graphs around Concat for tests.
type gathering struct {
	generator
	like *graph.Value
}

func newGathering() *gathering {
	b := &gathering{like: &graph.Value{DType: graph.Uint8, Quant: graph.PerTensor(0.02, 100)}}
	b.Rand, b.quantized, b.bytes = rand.New(rand.NewPCG(1, 2)), true, []graph.DType{graph.Uint8}
	b.example, b.declared = make(map[*graph.Value]*graph.Tensor), make(map[*graph.Value]bool)
	return b
}

// source is an input of the graph with c channels, as real numbers.
func (b *gathering) source(name string, c int) *graph.Value {
	x := b.AddInput(name, graph.Uint8, graph.Shape{graph.Batch, c, 6, 5})
	x.Quant = b.like.Quant
	b.example[x] = graph.NewTensor(graph.Uint8, 1, c, 6, 5)
	return b.node("Dequantize", nil, x)
}

// rounded is v with the quantization of like.
func (b *gathering) rounded(v, like *graph.Value) *graph.Value {
	return b.node("Dequantize", nil, b.add("Quantize", nil, 1, like, v)[0])
}

func (b *gathering) conv(x *graph.Value, oc, k, group int) *graph.Value {
	w := ops.Window{Pads: [4]int{k / 2, k / 2, k / 2, k / 2}}
	return b.rounded(b.node("Conv", &ops.Conv{Window: w, Group: group}, x, b.weights(oc, x.Shape[1]/group, k, k)), b.like)
}

func (b *gathering) concat(list ...*graph.Value) *graph.Value {
	return b.rounded(b.node("Concat", &ops.Concat{Axis: 1}, list...), b.like)
}

func TestLayersWriteIntoConcatenations(t *testing.T) {
	type values = []*graph.Value
	other := &graph.Value{DType: graph.Uint8, Quant: graph.PerTensor(0.03, 77)}
	for name, c := range map[string]struct {
		build   func(b *gathering, x *graph.Value) values // the outputs of the graph
		concats int                                       // steps that copy
		regions int
	}{
		"convolutions": {concats: 0, regions: 3, build: func(b *gathering, x *graph.Value) values {
			return values{b.concat(b.conv(x, 20, 1, 1), b.conv(x, 70, 3, 1), b.conv(x, 8, 3, 8))}
		}},
		"pools": {concats: 0, regions: 2, build: func(b *gathering, x *graph.Value) values {
			a := &ops.Pool{Window: ops.Window{Pads: [4]int{1, 1, 1, 1}}, Kernel: [2]int{3, 3}}
			return values{b.concat(b.rounded(b.node("MaxPool", a, x), b.like), b.rounded(b.node("AveragePool", a, x), b.like))}
		}},
		"an activation": {concats: 0, regions: 2, build: func(b *gathering, x *graph.Value) values {
			y := b.rounded(b.node("HardSwish", nil, b.rounded(b.conv(x, 24, 3, 1), other)), b.like)
			return values{b.concat(y, b.conv(x, 16, 1, 1))}
		}},
		"a residual": {concats: 0, regions: 2, build: func(b *gathering, x *graph.Value) values {
			y := b.conv(x, 16, 1, 1)
			y = b.rounded(b.node("Add", &ops.Arithmetic{}, b.conv(y, 16, 3, 1), y), b.like)
			return values{b.concat(b.conv(x, 3, 1, 1), y)}
		}},
		"other scales": {concats: 0, regions: 2, build: func(b *gathering, x *graph.Value) values {
			y := b.rounded(b.node("Conv", nil, x, b.weights(9, 8, 1, 1)), other)
			return values{b.concat(y, b.conv(x, 16, 1, 1))}
		}},
		"concatenations of concatenations": {concats: 0, regions: 5, build: func(b *gathering, x *graph.Value) values {
			y := b.concat(b.conv(x, 5, 1, 1), b.concat(b.conv(x, 64, 3, 1), b.conv(x, 33, 1, 1)), b.conv(x, 1, 1, 1))
			return values{b.conv(y, 4, 1, 1)}
		}},
		"two readers": {concats: 1, regions: 1, build: func(b *gathering, x *graph.Value) values {
			y := b.conv(x, 16, 1, 1)
			return values{b.concat(y, b.conv(x, 16, 1, 1)), b.conv(y, 3, 1, 1)}
		}},
		"the same twice": {concats: 1, regions: 0, build: func(b *gathering, x *graph.Value) values {
			y := b.conv(x, 16, 1, 1)
			return values{b.concat(y, y)}
		}},
		"an output of the graph": {concats: 1, regions: 1, build: func(b *gathering, x *graph.Value) values {
			y := b.conv(x, 16, 1, 1)
			return values{b.concat(y, b.conv(x, 16, 1, 1)), b.node("Identity", nil, y.Producer.Inputs[0])}
		}},
		"an input of the graph": {concats: 1, regions: 1, build: func(b *gathering, x *graph.Value) values {
			return values{b.concat(b.source("z", 7), b.conv(x, 16, 1, 1))}
		}},
		"other scales of a pool": {concats: 1, regions: 1, build: func(b *gathering, x *graph.Value) values {
			a := &ops.Pool{Window: ops.Window{Pads: [4]int{1, 1, 1, 1}}, Kernel: [2]int{3, 3}}
			return values{b.concat(b.rounded(b.node("AveragePool", a, x), other), b.conv(x, 16, 1, 1))}
		}},
		"height": {concats: 1, regions: 0, build: func(b *gathering, x *graph.Value) values {
			return values{b.rounded(b.node("Concat", &ops.Concat{Axis: 2}, b.conv(x, 16, 1, 1), b.conv(x, 16, 3, 1)), b.like)}
		}},
		"in place after it": {concats: 0, regions: 2, build: func(b *gathering, x *graph.Value) values {
			y := b.concat(b.conv(x, 16, 1, 1), b.conv(x, 16, 3, 1))
			y = b.rounded(b.node("Sigmoid", nil, y), other)
			return values{b.conv(y, 4, 1, 1)}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newGathering()
			x := b.source("x", 8)
			b.Outputs = c.build(b, x)
			for _, level := range cpu.Available() {
				p, err := Compile(&b.Graph, Kernels(level.String()), Threads(2), Batch(3))
				if err != nil {
					t.Fatal(err)
				}
				concats := 0
				for _, s := range p.Steps() {
					concats += strings.Count(s.Op, "Concat")
				}
				if regions := len(p.top().regions); concats != c.concats || regions != c.regions {
					t.Errorf("%d Concat steps and %d regions, want %d and %d", concats, regions, c.concats, c.regions)
				}
				for batch := 3; batch > 0; batch-- {
					var in []*graph.Tensor
					for _, v := range p.canonical.Inputs {
						in = append(in, graph.NewTensor(v.DType, v.Shape.Bind(batch)...))
						fillRandom(b.Rand, in[len(in)-1])
					}
					want, err := interpret(p.Canonical(), batch, in...)
					if err != nil {
						t.Fatal(err)
					}
					got, err := p.Run(in...)
					if err != nil {
						t.Fatal(err)
					}
					for i := range want {
						if !bytes.Equal(got[i].Data, want[i].Data) {
							t.Errorf("%v, batch %d: output %d: the bytes differ", level, batch, i)
						}
					}
				}
			}
		})
	}
}

func TestViewsBetweenLayersAndConcatenationsCostNothing(t *testing.T) {
	text := `
		input x: u8[N 4 4 8] q(0.02:100)
		const w: i8[6 1 1 8] q(0.01:0) = base64:` + strings.Repeat("AQL9BAX6", 8) + `
		a: u8[N 4 4 6] q(0.05:9) = Conv(x, w) {Layout=1}
		b: u8[N 4 4 6] q(0.05:9) = Conv(x, w) {Layout=1}
		flat = Reshape(a) {To=[N 16 6]}
		plain = Reshape(b) {To=[N 16 6]}
		y = Concat(flat, plain) {Axis=2}
		output y`
	g, err := graph.Parse(text, ops.NewAttrs)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Compile(g, Batch(2))
	if err != nil {
		t.Fatal(err)
	}
	if got := len(p.Steps()); got != 2 {
		t.Errorf("%d steps, want the two convolutions", got)
	}
	x := graph.NewTensor(graph.Uint8, 2, 4, 4, 8)
	fillRandom(rand.New(rand.NewPCG(1, 1)), x)
	want, err := interpret(p.Canonical(), 2, x)
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.Run(x)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got[0].Data, want[0].Data) {
		t.Error("the bytes differ")
	}
}
