package bench

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// Build returns the architecture as a graph with synthetic weights; see the function Build.
func (a *Architecture) Build(p Precision) (*graph.Graph, error) {
	if int(p) >= len(precisionNames) {
		return nil, fmt.Errorf("%v: %w", p, ErrUnknown)
	}
	b := &builder{
		precision: p,
		integers:  a.integerLayers(p),
		graph:     &graph.Graph{Name: a.Name + "-" + p.String()},
		made:      make(map[*layer]*product),
	}
	for _, l := range a.layers {
		b.layer(l)
	}
	last := a.layers[len(a.layers)-1]
	b.graph.Outputs = []*graph.Value{b.operand(last, "logits")}
	b.graph.Outputs[0].Name = "logits"
	for _, n := range b.graph.Nodes {
		if err := ops.Infer(n); err != nil {
			return nil, fmt.Errorf("bug: architecture %q: %w", a.Name, err)
		}
	}
	return b.graph, b.graph.Verify()
}

// product is the output of a layer: a float value, or a quantized one.
type product struct {
	value *graph.Value
	moments
}

// builder turns layers into nodes.
type builder struct {
	precision Precision
	integers  int // layers that compute on integers, from the first
	graph     *graph.Graph
	made      map[*layer]*product
}

func (l *layer) name() string { return fmt.Sprintf("%s%d", l.op, l.number) }

// layer appends the nodes of l: its operator on real numbers, its activation and, in integer precisions, the quantization of
// its result.
func (b *builder) layer(l *layer) {
	var in []moments
	for _, x := range l.in {
		in = append(in, b.made[x].moments)
	}
	m := l.moments(in)
	y := b.activation(l, b.operator(l))
	if b.integer() {
		q := m.quant()
		if l.op == opMaxPool || l.op == opFlatten {
			q = b.made[l.in[0]].value.Quant
		}
		n := b.graph.Add("Quantize", l.name()+"/quantize", nil, []*graph.Value{y}, l.name()+"/quantized")
		y = n.Outputs[0]
		y.DType, y.Quant = graph.Uint8, q
	}
	b.made[l] = &product{value: y, moments: m}
}

// integer reports whether the layer that is being made computes on integers.
func (b *builder) integer() bool { return len(b.made) < b.integers }

// integerLayers returns how many layers compute on integers, from the first.
func (a *Architecture) integerLayers(p Precision) int {
	switch p {
	case FP32:
		return 0
	case Mixed:
		total, sum := a.MACs, int64(0)
		for i, l := range a.layers {
			if sum += l.macs(); 2*sum >= total {
				return i + 1
			}
		}
	}
	return len(a.layers)
}

// encoding returns how the weights of layer l, which is being made, are stored.
func (b *builder) encoding(l *layer) *encoding {
	switch {
	case !b.integer():
		return encodings[FP32]
	case b.precision == Mixed || l.in[0].op == opInput:
		return encodings[Int8]
	}
	return encodings[b.precision]
}

// quant returns the uint8 quantization of the range, which includes 0.
func (m moments) quant() *graph.Quant {
	scale := snap((m.hi - m.lo) / 255)
	return graph.PerTensor(float32(scale), int32(math.RoundToEven(min(max(-m.lo/scale, 0), 255))))
}

// operand returns the output of x as real numbers, for the reader with the given name: each reader has a Dequantize of its
// own, as quantizers write it.
func (b *builder) operand(x *layer, reader string) *graph.Value {
	p := b.made[x]
	if p.value.Quant == nil {
		return p.value
	}
	return b.dequantized(p.value, x.name()+"/real/"+reader)
}

func (b *builder) dequantized(v *graph.Value, name string) *graph.Value {
	return b.graph.Add("Dequantize", name, nil, []*graph.Value{v}, name).Outputs[0]
}

// attributes returns ONNX's operator and its attributes for layer l.
func (l *layer) attributes() (op string, attrs any) {
	s := l.window.stride
	w := ops.Window{Strides: [2]int{s, s}, Dilations: [2]int{1, 1}, Pads: l.window.pads}
	switch l.op {
	case opConv:
		return "Conv", &ops.Conv{Window: w, Group: l.groups}
	case opDense:
		return "Gemm", &ops.Gemm{Alpha: 1, Beta: 1, TransB: true}
	case opAdd:
		return "Add", &ops.Arithmetic{}
	case opGate:
		return "Mul", &ops.Arithmetic{}
	case opConcat:
		return "Concat", &ops.Concat{Axis: 1}
	case opMaxPool:
		k := l.window.kernel
		return "MaxPool", &ops.Pool{Window: w, Kernel: [2]int{k, k}, Ceil: l.window.ceil}
	case opAverage:
		return "GlobalAveragePool", &ops.GlobalPool{}
	case opFlatten:
		return "Flatten", &ops.Flatten{Axis: 1}
	case opHardSwish:
		return "HardSwish", nil
	case opHardSigmoid:
		return "HardSigmoid", &ops.HardSigmoid{Alpha: 1. / 6, Beta: 0.5}
	}
	panic("bug: layer of kind " + string(l.op))
}

// operator appends the operator of l, without its activation.
func (b *builder) operator(l *layer) *graph.Value {
	if l.op == opInput {
		return b.graph.AddInput("input", graph.Float32, graph.Shape{graph.Batch, l.c, l.h, l.w})
	}
	op, attrs := l.attributes()
	var in []*graph.Value
	for _, x := range l.in {
		in = append(in, b.operand(x, l.name()))
	}
	if l.weighted() {
		in = append(in, b.parameters(l)...)
	}
	return b.graph.Add(op, l.name(), attrs, in, l.name()).Outputs[0]
}

// parameters returns the weights and the bias of l as real numbers.
func (b *builder) parameters(l *layer) []*graph.Value {
	x := b.made[l.in[0]]
	scale := float32(1)
	if x.value.Quant != nil {
		scale = x.value.Quant.Scale[0]
	}
	shape := []int{l.c, l.fan()}
	if l.op == opConv {
		k := l.window.kernel
		shape = []int{l.c, l.in[0].c / l.groups, k, k}
	}
	p := l.draw(b.encoding(l), x.square*l.coverage(), scale, shape...)
	w, bias := graph.NewConst(l.name()+"/weights", p.weights), graph.NewConst(l.name()+"/bias", p.bias)
	w.Quant, bias.Quant = p.weightsQuant, p.biasQuant
	if w.Quant == nil {
		return []*graph.Value{w, bias}
	}
	return []*graph.Value{b.dequantized(w, w.Name+"/real"), b.dequantized(bias, bias.Name+"/real")}
}

// activation appends the activation of l.
func (b *builder) activation(l *layer, y *graph.Value) *graph.Value {
	name := l.name() + "/activated"
	switch l.act {
	case relu:
		return b.graph.Add("Relu", name, nil, []*graph.Value{y}, name).Outputs[0]
	case relu6:
		lo := graph.NewConst(name+"/min", graph.Float32s([]float32{0}))
		hi := graph.NewConst(name+"/max", graph.Float32s([]float32{6}))
		return b.graph.Add("Clip", name, nil, []*graph.Value{y, lo, hi}, name).Outputs[0]
	}
	return y
}
