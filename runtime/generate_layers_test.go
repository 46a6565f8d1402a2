package runtime

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// layers are the ways in which a random graph grows: each takes images and returns one, nil where it does not fit.
var layers = []func(g *generator) *graph.Value{
	(*generator).conv, (*generator).conv, (*generator).conv, (*generator).conv,
	(*generator).sum, (*generator).sum, (*generator).concat, (*generator).branches, (*generator).pool, (*generator).excite, (*generator).affine,
	(*generator).pad, (*generator).slice, (*generator).split, (*generator).transposed, (*generator).reshaped,
}

func (g *generator) layer() {
	v := layers[g.IntN(len(layers))](g)
	if v == nil {
		return
	}
	if v.Producer.Op != "Dequantize" {
		v = g.round(v)
	}
	g.keep(v)
}

// window returns a random window and kernel.
func (g *generator) window() (w ops.Window, kernel [2]int) {
	for i := range 2 {
		kernel[i] = 1 + g.IntN(3)
		w.Strides[i] = 1 + g.IntN(5)/4
		w.Dilations[i] = 1 + g.IntN(6)/5
		w.Pads[i], w.Pads[i+2] = g.IntN(kernel[i]), g.IntN(kernel[i])
	}
	if g.IntN(2) == 0 { // as usual
		kernel[1], w.Strides[1], w.Dilations = kernel[0], w.Strides[0], [2]int{1, 1}
		p := kernel[0] / 2
		w.Pads = [4]int{p, p, p, p}
	}
	if w.Dilations == [2]int{1, 1} && g.IntN(4) == 0 {
		w.AutoPad = pick(g, ops.SameUpper, ops.SameLower, ops.Valid)
		w.Pads = [4]int{}
	}
	return w, kernel
}

// conv is a plain, grouped or depthwise convolution, perhaps with a bias, and with what exporters put behind it.
func (g *generator) conv() *graph.Value {
	x := g.image()
	c := x.Shape[1]
	w, kernel := g.window()
	a := &ops.Conv{Window: w, Group: 1}
	oc := 1 + g.IntN(20)
	switch g.IntN(3) {
	case 0: // depthwise
		a.Group, oc = c, c*(1+g.IntN(4)/3)
	case 1:
		if c%2 == 0 {
			a.Group, oc = 2, 2*(1+g.IntN(8))
		}
	}
	y := g.node("Conv", a, g.withBias(oc, x, g.weights(oc, c/a.Group, kernel[0], kernel[1]))...)
	if y == nil {
		return nil
	}
	if !g.quantized && g.IntN(3) == 0 {
		variance := g.floats(0, 1, oc)
		for i := range oc {
			variance.Const.SetFloat(i, 0.5+g.Float64())
		}
		y = g.node("BatchNormalization", &ops.BatchNormalization{Epsilon: 1e-3}, y, g.floats(1, 0.2, oc), g.floats(0, 0.2, oc), g.floats(0, 0.2, oc), variance)
	}
	return g.activation(y)
}

// alike returns another image with the shape of x but for the channels where those need not agree, or nil.
func (g *generator) alike(x *graph.Value, channels bool) *graph.Value {
	var list []*graph.Value
	for _, v := range g.images {
		if v.Shape[2] == x.Shape[2] && v.Shape[3] == x.Shape[3] && (!channels || v.Shape[1] == x.Shape[1]) {
			list = append(list, v)
		}
	}
	return pick(g, list...)
}

// sum adds two images of one shape, most often a convolution's result and what it was made from.
func (g *generator) sum() *graph.Value {
	x := g.image()
	y := g.alike(x, true)
	if g.IntN(3) > 0 {
		c := x.Shape[1]
		conv := g.node("Conv", &ops.Conv{Window: ops.Window{AutoPad: ops.SameUpper}}, x, g.weights(c, c, 1, 1+g.IntN(3)))
		if y = g.round(conv); y == nil {
			return nil
		}
	}
	return g.activation(g.node(pick(g, "Add", "Add", "Add", "Mul", "Sub"), nil, y, x))
}

func (g *generator) concat() *graph.Value {
	x := g.image()
	list := []*graph.Value{x}
	for range 1 + g.IntN(2) {
		list = append(list, g.alike(x, false))
	}
	return g.node("Concat", &ops.Concat{Axis: pick(g, 1, -3)}, list...)
}

// branches puts layers of one image side by side, most often rounded alike, and perhaps the result beside another layer.
func (g *generator) branches() *graph.Value {
	x := g.image()
	var list []*graph.Value
	for range 2 + g.IntN(2) {
		if y := g.roundAs(list, g.branch(x)); y != nil {
			list = append(list, y)
		}
	}
	if len(list) == 0 {
		return nil
	}
	y := g.roundAs(list, g.node("Concat", &ops.Concat{Axis: 1}, list...))
	if z := g.roundAs(list, g.branch(x)); z != nil && g.IntN(2) == 0 {
		y = g.roundAs(list, g.node("Concat", &ops.Concat{Axis: 1}, z, y))
	}
	return y
}

// branch is a layer of x that keeps height and width.
func (g *generator) branch(x *graph.Value) *graph.Value {
	k, c := 1+2*g.IntN(2), x.Shape[1]
	w := ops.Window{Pads: [4]int{k / 2, k / 2, k / 2, k / 2}}
	switch g.IntN(5) {
	case 0:
		return g.node(pick(g, "MaxPool", "AveragePool"), &ops.Pool{Window: w, Kernel: [2]int{k, k}}, x)
	case 1:
		return g.activation(g.node("Conv", &ops.Conv{Window: w, Group: c}, x, g.weights(c, 1, k, k)))
	}
	return g.activation(g.node("Conv", &ops.Conv{Window: w}, x, g.weights(1+g.IntN(40), c, k, k)))
}

// roundAs is round, most often to the quantization of the first value of a list.
func (g *generator) roundAs(list []*graph.Value, v *graph.Value) *graph.Value {
	if v == nil || !g.quantized || len(list) == 0 || g.IntN(4) == 0 {
		return g.round(v)
	}
	return g.node("Dequantize", nil, g.add("Quantize", nil, 1, list[0].Producer.Inputs[0], v)[0])
}

func (g *generator) pool() *graph.Value {
	w, kernel := g.window()
	a := &ops.Pool{Window: w, Kernel: kernel, Ceil: g.IntN(3) == 0, CountIncludePad: g.IntN(2) == 0}
	return g.activation(g.node(pick(g, "MaxPool", "AveragePool"), a, g.image()))
}

// excite multiplies the channels of an image by what two small layers make of their averages.
func (g *generator) excite() *graph.Value {
	x := g.image()
	c := x.Shape[1]
	s := g.round(g.node("GlobalAveragePool", nil, x))
	s = g.round(g.node("Relu", nil, g.node("Conv", nil, g.withBias(2, s, g.weights(2, c, 1, 1))...)))
	s = g.round(g.node("Conv", nil, s, g.weights(c, 2, 1, 1)))
	s = g.round(g.node(pick(g, "Sigmoid", "HardSigmoid"), nil, s))
	if g.IntN(2) == 0 {
		x, s = s, x
	}
	return g.node("Mul", nil, x, s)
}

// affine is arithmetic with a constant for each channel or for all.
func (g *generator) affine() *graph.Value {
	x := g.image()
	k := g.floats(0.8, 0.3, pick(g, []int{x.Shape[1], 1, 1}, []int{1}, []int{1, x.Shape[1], 1, 1}, []int{x.Shape[3]}, nil)...)
	if g.quantized {
		t := graph.NewTensor(pick(g, g.bytes...), k.Shape...)
		for i := range t.Data {
			t.Data[i] = byte(g.Uint32())
		}
		lo, _ := t.DType.IntRange()
		c := graph.NewConst(g.name("a"), t)
		c.Quant = graph.PerTensor(0.01, int32(lo)+90)
		k = g.node("Dequantize", nil, c)
	}
	if g.IntN(3) == 0 {
		x, k = k, x
	}
	return g.activation(g.node(pick(g, "Add", "Mul"), nil, x, k))
}

// pad is a Pad, perhaps before a convolution that can take it in.
func (g *generator) pad() *graph.Value {
	x := g.image()
	var pads [8]int64
	for _, i := range []int{2, 3, 6, 7} {
		pads[i] = int64(g.IntN(3))
	}
	if g.IntN(4) == 0 {
		pads[pick(g, 1, 5)] = 1
	}
	inputs := []*graph.Value{x, g.ints(pads[:]...)}
	if g.IntN(3) == 0 {
		inputs = append(inputs, graph.NewConst(g.name("p"), graph.Float32s([]float32{pick[float32](g, 0, 0, -0.4)})))
	}
	y := g.node("Pad", &ops.Pad{Mode: pick(g, ops.PadConstant, ops.PadConstant, ops.PadConstant, ops.PadEdge)}, inputs...)
	if y != nil && g.IntN(2) == 0 {
		return g.node("Conv", &ops.Conv{Window: ops.Window{Pads: [4]int{0, 0, g.IntN(2), 0}}}, y, g.weights(1+g.IntN(4), y.Shape[1], 2, 1))
	}
	return y
}

func (g *generator) slice() *graph.Value {
	x := g.image()
	axis := 1 + g.IntN(3)
	d := int64(x.Shape[axis])
	return g.node("Slice", nil, x, g.ints(g.Int64N(d)/2), g.ints(d-g.Int64N(d)/3), g.ints(int64(axis)), g.ints(1+g.Int64N(2)))
}

// split cuts the channels in two and puts the parts together the other way round, as a channel shuffle does.
func (g *generator) split() *graph.Value {
	x := g.image()
	if x.Shape[1] < 2 {
		return nil
	}
	parts := g.add("Split", &ops.Split{Axis: 1}, 2, nil, x)
	if parts == nil {
		return nil
	}
	y := g.round(parts[1])
	if g.IntN(2) == 0 {
		y = g.activation(y)
	}
	return g.node("Concat", &ops.Concat{Axis: 1}, y, parts[0])
}

// transposed does something to an image in another order of axes.
func (g *generator) transposed() *graph.Value {
	perm := pick(g, []int{0, 2, 3, 1}, []int{0, 3, 1, 2}, []int{0, 1, 3, 2}, []int{0, 3, 2, 1})
	inverse := make([]int, len(perm))
	for i, p := range perm {
		inverse[p] = i
	}
	x := g.round(g.node("Transpose", &ops.Transpose{Perm: perm}, g.image()))
	y := g.activation(x)
	if g.IntN(2) == 0 {
		y = g.node("Add", nil, y, x)
	}
	return g.node("Transpose", &ops.Transpose{Perm: inverse}, g.round(y))
}

// reshaped shuffles channels in groups, by way of five axes, or adds along joined axes.
func (g *generator) reshaped() *graph.Value {
	x := g.image()
	s := x.Shape
	if s[1]%2 == 0 && g.IntN(2) == 0 {
		y := g.node("Reshape", &ops.Reshape{}, x, g.ints(0, 2, int64(s[1]/2), int64(s[2]), int64(s[3])))
		y = g.node("Transpose", &ops.Transpose{Perm: []int{0, 2, 1, 3, 4}}, y)
		return g.node("Reshape", &ops.Reshape{}, y, g.ints(-1, int64(s[1]), int64(s[2]), int64(s[3])))
	}
	y := g.activation(g.node("Reshape", &ops.Reshape{}, x, g.ints(0, 0, -1)))
	return g.node("Reshape", &ops.Reshape{}, g.round(y), g.ints(0, int64(s[1]), int64(s[3]), int64(s[2])))
}

// head makes the outputs: an image, or the scores of dense layers; perhaps a value in the middle too.
func (g *generator) head() {
	x := g.images[len(g.images)-1]
	if g.IntN(3) > 0 {
		if g.IntN(2) == 0 {
			x = g.round(g.node("GlobalAveragePool", nil, x))
		}
		x = g.node("Flatten", &ops.Flatten{Axis: 1}, x)
		for range 1 + g.IntN(2) {
			k, n := x.Shape[1], 1+g.IntN(12)
			if g.IntN(2) == 0 {
				x = g.node("Gemm", &ops.Gemm{Alpha: 1, Beta: 1, TransB: true}, g.withBias(n, x, g.weights(n, k))...)
			} else {
				x = g.node("MatMul", nil, x, g.transposedWeights(k, n))
			}
			x = g.round(g.activation(x))
		}
		if g.IntN(3) == 0 {
			x = g.round(g.node("Softmax", &ops.Softmax{Axis: -1}, x))
		}
	}
	g.Outputs = []*graph.Value{x}
	if x.Producer == nil || x.Producer.Op == "Dequantize" && g.IntN(2) == 0 {
		if q := x.Producer; q != nil {
			g.Outputs[0] = q.Inputs[0]
		}
	}
	if v := g.image(); v != x && g.IntN(3) == 0 {
		g.Outputs = append(g.Outputs, v)
	}
}

// transposedWeights returns constant weights whose last axis is the output channels.
func (g *generator) transposedWeights(k, n int) *graph.Value {
	w := g.weights(n, k)
	c := w
	if w.Const == nil {
		c = w.Producer.Inputs[0]
	}
	t := graph.NewConst(g.name("t"), ops.PermuteTensor(c.Const, []int{1, 0}))
	if t.Quant = ops.PermuteQuant(c.Quant, []int{1, 0}); c == w {
		return t
	}
	return g.node("Dequantize", nil, t)
}
