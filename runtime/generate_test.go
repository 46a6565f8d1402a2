package runtime

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// generator makes random valid graphs. It computes an example as it goes, from which it takes scales.
type generator struct {
	graph.Graph
	*rand.Rand
	quantized bool                           // results pass through Quantize and Dequantize nodes
	bytes     []graph.DType                  // types of quantized activations
	example   map[*graph.Value]*graph.Tensor // with a batch of 1
	images    []*graph.Value                 // float values of four axes, NCHW
	declared  map[*graph.Value]bool          // values whose type the graph declares
}

// randomGraph returns a graph of one input, and whether it is quantized throughout.
func randomGraph(seed uint64) (g *graph.Graph, quantized bool) {
	r := rand.New(rand.NewPCG(seed, 3))
	b := &generator{Rand: r, quantized: r.IntN(3) > 0, example: make(map[*graph.Value]*graph.Tensor), declared: make(map[*graph.Value]bool)}
	b.Name = fmt.Sprintf("random %d", seed)
	b.bytes = [][]graph.DType{{graph.Uint8}, {graph.Int8}, {graph.Uint8, graph.Int8}}[r.IntN(3)]
	b.input()
	for range 2 + r.IntN(7) {
		b.layer()
	}
	b.head()
	for _, n := range b.Nodes {
		for _, v := range n.Outputs {
			if v.Shape = nil; !b.declared[v] {
				v.DType, v.Quant = graph.Invalid, nil
			}
		}
	}
	return &b.Graph, b.quantized
}

// pick returns a random element.
func pick[T any](g *generator, list ...T) T { return list[g.IntN(len(list))] }

// image returns a random image, a late one more often.
func (g *generator) image() *graph.Value {
	return g.images[max(g.IntN(len(g.images)), g.IntN(len(g.images)))]
}

// add appends a node and computes its example; it returns nil, and the graph as it was, where the node is not valid.
// like, unless nil, declares the type and the Quant of the outputs.
func (g *generator) add(op string, attrs any, outputs int, like *graph.Value, inputs ...*graph.Value) []*graph.Value {
	names := make([]string, outputs)
	for i := range names {
		names[i] = fmt.Sprintf("v%d.%d", len(g.Nodes), i)
	}
	n := g.Add(op, fmt.Sprintf("n%d", len(g.Nodes)), attrs, inputs, names...)
	bound := &graph.Node{Op: op, Name: n.Name, Attrs: n.Attrs}
	var in []*graph.Tensor
	for _, v := range inputs {
		if v == nil {
			bound.Inputs, in = append(bound.Inputs, nil), append(in, nil)
			continue
		}
		t := v.Const
		if t == nil {
			t = g.example[v]
		}
		bound.Inputs = append(bound.Inputs, &graph.Value{Name: v.Name, DType: v.DType, Shape: t.Shape, Quant: v.Quant, Const: v.Const})
		in = append(in, t)
	}
	for _, v := range n.Outputs {
		if like != nil {
			v.DType, v.Quant, g.declared[v] = like.DType, like.Quant, true
		}
		bound.Outputs = append(bound.Outputs, &graph.Value{Name: v.Name, DType: v.DType, Quant: v.Quant})
	}
	if ops.Infer(n) != nil || ops.Infer(bound) != nil {
		g.Nodes = g.Nodes[:len(g.Nodes)-1]
		return nil
	}
	out, err := ops.Evaluate(bound, in)
	if err != nil {
		panic(err)
	}
	for i, v := range n.Outputs {
		g.example[v] = out[i]
	}
	return n.Outputs
}

// node is add with one output and nothing declared.
func (g *generator) node(op string, attrs any, inputs ...*graph.Value) *graph.Value {
	if slices.Contains(inputs[:1], nil) {
		return nil
	}
	out := g.add(op, attrs, 1, nil, inputs...)
	if out == nil {
		return nil
	}
	return out[0]
}

// ints returns a constant list.
func (g *generator) ints(v ...int64) *graph.Value {
	return graph.NewConst(g.name("k"), graph.Int64s(v, len(v)))
}

func (g *generator) name(base string) string {
	return fmt.Sprintf("%s%d.%d", base, len(g.Nodes), g.Uint32())
}

// floats returns a constant of normal numbers.
func (g *generator) floats(mean, spread float64, shape ...int) *graph.Value {
	t := graph.NewTensor(graph.Float32, shape...)
	for i := range t.Len() {
		t.SetFloat(i, mean+spread*g.NormFloat64())
	}
	return graph.NewConst(g.name("c"), t)
}

// input makes the graph's input: floats, or bytes where the graph is quantized.
func (g *generator) input() {
	s := graph.Shape{graph.Batch, 1 + g.IntN(9), 1 + g.IntN(9), 1 + g.IntN(9)}
	if g.IntN(2) == 0 {
		s[1], s[2], s[3] = 3, 8+g.IntN(4), 8+g.IntN(4)
	}
	x := g.AddInput("x", graph.Float32, s)
	if g.quantized && g.IntN(2) == 0 {
		x.DType = pick(g, g.bytes...)
		lo, _ := x.DType.IntRange()
		x.Quant = graph.PerTensor(0.02, int32(lo)+100)
	}
	t := graph.NewTensor(x.DType, s.Bind(1)...)
	fillRandom(g.Rand, t)
	g.example[x] = t
	if x.Quant != nil {
		g.keep(g.node("Dequantize", nil, x))
		return
	}
	g.keep(g.round(x))
}

// fillRandom fills t with normal numbers, or any bytes.
func fillRandom(r *rand.Rand, t *graph.Tensor) {
	if t.DType.IsFloat() {
		for i := range t.Len() {
			t.SetFloat(i, r.NormFloat64())
		}
		return
	}
	for i := range t.Data {
		if t.Data[i] = byte(r.Uint32()); t.DType == graph.Bool {
			t.Data[i] &= 1
		}
	}
}

// keep makes an image of v available to later layers.
func (g *generator) keep(v *graph.Value) {
	if v != nil && len(v.Shape) == 4 && g.example[v].Len() > 0 && g.example[v].Len() < 4096 {
		g.images = append(g.images, v)
	}
}

// round returns v, behind a Quantize and a Dequantize node where the graph is quantized.
func (g *generator) round(v *graph.Value) *graph.Value {
	if v == nil || !g.quantized {
		return v
	}
	var lo, hi float64
	for _, x := range g.example[v].Floats() {
		lo, hi = min(lo, float64(x)), max(hi, float64(x))
	}
	like := &graph.Value{DType: pick(g, g.bytes...)}
	scale := float32(max(hi-lo, 1e-3) / 250 * (1 + 0.1*g.Float64())) // not twice another one, which would make ties
	least, greatest := like.DType.IntRange()
	like.Quant = graph.PerTensor(scale, int32(min(max(float64(least)+math.RoundToEven(-lo/float64(scale)), float64(least)), float64(greatest))))
	if p := v.Producer; p != nil && g.IntN(2) == 0 { // as exporters do around operators that move elements
		if d := p.Input(0); d != nil && d.Producer != nil && d.Producer.Op == "Dequantize" && (p.Op == "MaxPool" || p.Op == "Transpose" || p.Op == "Slice") {
			q := d.Producer.Inputs[0]
			like = &graph.Value{DType: q.DType, Quant: q.Quant}
		}
	}
	q := g.add("Quantize", nil, 1, like, v)
	return g.node("Dequantize", nil, q[0])
}

// weights returns constant weights whose first axis is the output channels: floats, or dequantized integers.
func (g *generator) weights(shape ...int) *graph.Value {
	fan := 1
	for _, d := range shape[1:] {
		fan *= d
	}
	spread := 1 / math.Sqrt(float64(max(fan, 1)))
	if !g.quantized {
		return g.floats(0, spread, shape...)
	}
	t := graph.NewTensor(pick(g, graph.Int8, graph.Int8, graph.Uint8, graph.Int4), shape...)
	lo, hi := t.DType.IntRange()
	for i := range t.Len() {
		t.SetInt(i, lo+g.Int64N(hi-lo+1))
	}
	c := graph.NewConst(g.name("w"), t)
	c.Quant = &graph.Quant{}
	scales := 1
	if t.DType != graph.Uint8 && g.IntN(2) == 0 {
		scales = shape[0]
	}
	for range scales {
		c.Quant.Scale = append(c.Quant.Scale, float32(spread*(0.5+g.Float64())*4/float64(hi-lo)))
	}
	if t.DType == graph.Uint8 {
		c.Quant.Zero = []int32{int32(100 + g.IntN(56))}
	}
	return g.node("Dequantize", nil, c)
}

// withBias returns the inputs of a layer of data x and weights w, perhaps with a bias of n elements, which quantized layers
// have at the scale of the product.
func (g *generator) withBias(n int, x, w *graph.Value) []*graph.Value {
	p := x.Producer
	switch {
	case g.IntN(2) == 0 || g.quantized && (p.Op != "Dequantize" || w.Producer == nil):
		return []*graph.Value{x, w}
	case !g.quantized:
		return []*graph.Value{x, w, g.floats(0, 0.3, n)}
	}
	q := &graph.Quant{}
	for _, s := range w.Producer.Inputs[0].Quant.Scale {
		q.Scale = append(q.Scale, p.Inputs[0].Quant.Scale[0]*s)
	}
	t, real := graph.NewTensor(graph.Int32, n), graph.NewTensor(graph.Float32, n)
	for i := range n {
		s := float64(q.Scale[i%len(q.Scale)])
		v := math.RoundToEven(0.3 * g.NormFloat64() / s)
		t.SetInt(i, int64(v))
		real.SetFloat(i, v*s)
	}
	if g.IntN(3) == 0 {
		return []*graph.Value{x, w, graph.NewConst(g.name("b"), real)}
	}
	c := graph.NewConst(g.name("b"), t)
	c.Quant = q
	return []*graph.Value{x, w, g.node("Dequantize", nil, c)}
}

// activation returns v behind a random activation, or v.
func (g *generator) activation(v *graph.Value) *graph.Value {
	switch g.IntN(8) {
	case 0, 1:
		return g.node("Relu", nil, v)
	case 2:
		return g.node("Relu6", nil, v)
	case 3:
		return g.node("Clip", nil, v, graph.NewConst(g.name("lo"), graph.Float32s([]float32{-0.5})), graph.NewConst(g.name("hi"), graph.Float32s([]float32{1.25})))
	case 4:
		return g.node(pick(g, "HardSwish", "Sigmoid", "Tanh", "Swish", "LeakyRelu"), nil, g.round(v))
	}
	return v
}
