package optimize

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/ops"
)

func TestPassesRunAfterWhatTheyNeed(t *testing.T) {
	var seen []string
	for _, p := range Passes() {
		for _, a := range p.After {
			if !slices.Contains(seen, a) {
				t.Errorf("pass %s runs before %s", p.Name, a)
			}
		}
		if slices.Contains(seen, p.Name) {
			t.Errorf("two passes named %s", p.Name)
		}
		seen = append(seen, p.Name)
	}
}

// builder makes graphs for tests.
type builder struct {
	graph.Graph
	random *rand.Rand
}

func newBuilder(t *testing.T) *builder {
	seed := uint64(testkit.Seed(t))
	return &builder{random: rand.New(rand.NewPCG(seed, 0))}
}

func (b *builder) floats(name string, shape ...int) *graph.Value {
	x := graph.NewTensor(graph.Float32, shape...)
	for i := range x.Len() {
		x.SetFloat(i, b.random.NormFloat64()*0.3)
	}
	return graph.NewConst(name, x)
}

func (b *builder) ints(name string, v ...int64) *graph.Value {
	return graph.NewConst(name, graph.Int64s(v, len(v)))
}

func (b *builder) node(op string, attrs any, output string, inputs ...*graph.Value) *graph.Value {
	return b.Add(op, output, attrs, inputs, output).Outputs[0]
}

// weights returns int8 weights quantized per output channel, dequantized.
func (b *builder) weights(name string, shape ...int) *graph.Value {
	x := graph.NewTensor(graph.Int8, shape...)
	q := &graph.Quant{}
	for i := range x.Len() {
		x.SetInt(i, b.random.Int64N(255)-127)
	}
	for range shape[0] {
		q.Scale = append(q.Scale, 0.001+0.002*b.random.Float32())
	}
	c := graph.NewConst(name+".q", x)
	c.Quant = q
	return b.node("Dequantize", nil, name, c)
}

// quantize returns x behind a Quantize and a Dequantize node.
func (b *builder) quantize(x *graph.Value, d graph.DType, scale float32, zero int32) *graph.Value {
	q := b.Add("Quantize", "", nil, []*graph.Value{x}, x.Name+".quantized").Outputs[0]
	q.DType, q.Quant = d, graph.PerTensor(scale, zero)
	return b.node("Dequantize", nil, x.Name+".real", q)
}

func (b *builder) canonical(t *testing.T, outputs ...*graph.Value) *graph.Graph {
	t.Helper()
	b.Outputs = outputs
	if err := b.Verify(); err != nil {
		t.Fatal(err)
	}
	g, err := RunVerified(&b.Graph)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func operators(g *graph.Graph) string {
	var names []string
	for _, n := range g.Nodes {
		names = append(names, n.Op)
	}
	return strings.Join(names, " ")
}

// interpret computes a graph with the References alone, batch bound to n.
func interpret(t *testing.T, g *graph.Graph, n int, inputs ...*graph.Tensor) []*graph.Tensor {
	t.Helper()
	g = g.Bind(n)
	values := make(map[*graph.Value]*graph.Tensor)
	for i, v := range g.Inputs {
		values[v] = inputs[i]
	}
	at := func(v *graph.Value) *graph.Tensor {
		switch {
		case v == nil:
			return nil
		case v.Const != nil:
			return v.Const
		}
		return values[v]
	}
	for _, node := range g.Nodes {
		if err := ops.Infer(node); err != nil {
			t.Fatal(err)
		}
		var in []*graph.Tensor
		for _, v := range node.Inputs {
			in = append(in, at(v))
		}
		out, err := ops.Evaluate(node, in)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range node.Outputs {
			if v != nil {
				values[v] = out[i]
			}
		}
	}
	var out []*graph.Tensor
	for _, v := range g.Outputs {
		out = append(out, at(v))
	}
	return out
}

func (b *builder) input(n int, shape ...int) *graph.Tensor {
	x := graph.NewTensor(graph.Float32, append([]int{n}, shape...)...)
	for i := range x.Len() {
		x.SetFloat(i, b.random.NormFloat64())
	}
	return x
}

// tolerance allows for sums taken in another order.
const tolerance = 1e-4

func same(t *testing.T, got, want *graph.Tensor, within float64) {
	t.Helper()
	if got.DType != want.DType || !got.Shape.Equal(want.Shape) {
		t.Fatalf("got %v%v, want %v%v", got.DType, got.Shape, want.DType, want.Shape)
	}
	for i := range got.Len() {
		if d := got.Float(i) - want.Float(i); d > within || d < -within {
			t.Fatalf("element %d: got %v, want %v", i, got.Float(i), want.Float(i))
		}
	}
}

func TestBatchNormalizationBiasAndClampJoinTheConvolution(t *testing.T) {
	b := newBuilder(t)
	x := b.AddInput("x", graph.Float32, graph.Shape{graph.Batch, 3, 8, 8})
	y := b.node("Conv", &ops.Conv{Window: ops.Window{Pads: [4]int{1, 1, 1, 1}}}, "c", x, b.floats("w", 4, 3, 3, 3))
	variance := graph.NewConst("var", graph.Float32s([]float32{1, 2, 0.5, 1.5}, 4))
	y = b.node("BatchNormalization", &ops.BatchNormalization{Epsilon: 1e-5}, "bn", y, b.floats("s", 4), b.floats("t", 4), b.floats("m", 4), variance)
	y = b.node("Add", &ops.Arithmetic{}, "a", y, b.floats("k", 4, 1, 1))
	y = b.node("Relu", nil, "y", y)
	g := b.canonical(t, y)
	if got := operators(g); got != "Transpose Conv Transpose" {
		t.Errorf("canonical: %s", got)
	}
	in := b.input(2, 3, 8, 8)
	same(t, interpret(t, g, 2, in)[0], interpret(t, &b.Graph, 2, in)[0], tolerance)
}

func TestQuantizedConvolutionIsOneNode(t *testing.T) {
	for _, d := range []graph.DType{graph.Uint8, graph.Int8} {
		b := newBuilder(t)
		zero := map[graph.DType]int32{graph.Uint8: 120, graph.Int8: -8}[d]
		x := b.AddInput("x", graph.Float32, graph.Shape{graph.Batch, 3, 6, 6})
		h := b.quantize(x, d, 0.02, zero)
		y := b.node("Conv", &ops.Conv{}, "c", h, b.weights("w", 4, 3, 3, 3), b.floats("bias", 4))
		y = b.node("Relu", nil, "r", y)
		g := b.canonical(t, b.quantize(y, d, 0.03, zero))
		if got := operators(g); got != "Transpose Conv Dequantize Transpose" {
			t.Errorf("%v: canonical: %s", d, got)
		}
		in := b.input(2, 3, 6, 6)
		same(t, interpret(t, g, 2, in)[0], interpret(t, &b.Graph, 2, in)[0], 0.0301)
	}
}

func TestResidualSumJoinsTheLaterConvolution(t *testing.T) {
	b := newBuilder(t)
	x := b.quantize(b.AddInput("x", graph.Float32, graph.Shape{graph.Batch, 4, 6, 6}), graph.Uint8, 0.02, 128)
	p := b.quantize(b.node("Conv", &ops.Conv{}, "p", x, b.weights("wp", 4, 4, 1, 1)), graph.Uint8, 0.03, 100)
	q := b.quantize(b.node("Conv", &ops.Conv{Window: ops.Window{Pads: [4]int{1, 1, 1, 1}}}, "q", p, b.weights("wq", 4, 4, 3, 3)), graph.Uint8, 0.02, 110)
	y := b.node("Relu", nil, "r", b.node("Add", &ops.Arithmetic{}, "sum", q, p))
	g := b.canonical(t, b.quantize(y, graph.Uint8, 0.04, 10))
	if got := strings.Count(operators(g), "Add"); got != 0 {
		t.Errorf("canonical: %s", operators(g))
	}
	in := b.input(1, 4, 6, 6)
	same(t, interpret(t, g, 1, in)[0], interpret(t, &b.Graph, 1, in)[0], 0.0401)
}

func TestShapeArithmeticOnTheBatchVanishes(t *testing.T) {
	b := newBuilder(t)
	x := b.AddInput("x", graph.Float32, graph.Shape{graph.Batch, 2, 3, 4})
	shape := b.node("Shape", &ops.Shape{}, "shape", x)
	n := b.node("Gather", &ops.Gather{}, "n", shape, graph.NewConst("zero", graph.Int64s([]int64{0})))
	n = b.node("Unsqueeze", nil, "n1", n, b.ints("axes", 0))
	to := b.node("Concat", &ops.Concat{}, "to", n, b.ints("rest", -1))
	y := b.node("Reshape", &ops.Reshape{}, "flat", x, to)
	y = b.node("MatMul", nil, "y", y, b.floats("w", 24, 5))
	g := b.canonical(t, y)
	if got := operators(g); got != "Reshape Dense" {
		t.Errorf("canonical: %s", got)
	}
	if s := g.Outputs[0].Shape; !s.Equal(graph.Shape{graph.Batch, 5}) {
		t.Errorf("output shape %v", s)
	}
	in := b.input(3, 2, 3, 4)
	same(t, interpret(t, g, 3, in)[0], interpret(t, g, 3, in)[0], 0)
}

func TestHalfPrecisionIsComputedInFloat32(t *testing.T) {
	b := newBuilder(t)
	x := b.AddInput("x", graph.Float16, graph.Shape{1, 4})
	w := graph.NewTensor(graph.Float16, 4, 3)
	for i := range w.Len() {
		w.SetFloat(i, b.random.NormFloat64())
	}
	g := b.canonical(t, b.node("MatMul", nil, "y", x, graph.NewConst("w", w)))
	if got := operators(g); got != "Cast Dense Cast" || g.Outputs[0].DType != graph.Float16 {
		t.Errorf("canonical: %s, output %v", got, g.Outputs[0].DType)
	}
}

func TestRebatchMakesAFixedBatchDynamic(t *testing.T) {
	b := newBuilder(t)
	x := b.AddInput("x", graph.Float32, graph.Shape{1, 2, 3})
	y := b.node("Reshape", &ops.Reshape{}, "y", x, b.ints("to", 1, 6))
	b.Outputs = []*graph.Value{y}
	r, err := Rebatch(&b.Graph)
	if err != nil {
		t.Fatal(err)
	}
	g, err := RunVerified(r)
	if err != nil {
		t.Fatal(err)
	}
	if s := g.Outputs[0].Shape; !s.Equal(graph.Shape{graph.Batch, 6}) {
		t.Errorf("output shape %v", s)
	}
	b.Inputs[0].Shape = graph.Shape{3, 2}
	if _, err := Rebatch(&b.Graph); err == nil {
		t.Error("an input of 3 rows has no batch of 1, but there is no error")
	}
}
