package opstest_test

import (
	"fmt"
	"math/rand"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/ops"
	. "github.com/octet-ml/octet/ops/opstest"
)

// source makes random operands.
type source struct{ *rand.Rand }

// real returns random data of type d: floats around 0, or any integers.
func (s source) real(d graph.DType, shape ...int) *graph.Tensor {
	t := graph.NewTensor(d, shape...)
	if !d.IsFloat() && d != graph.Bool {
		s.Read(t.Data)
		return t
	}
	for i := range t.Len() {
		if d == graph.Bool {
			t.SetInt(i, int64(s.Intn(2)))
		} else {
			t.SetFloat(i, s.NormFloat64()*3)
		}
	}
	return t
}

// operand returns random data of a kind: "f32", "f16" and so on, or a quantized "qu8", "qi8".
func (s source) operand(kind string, shape ...int) Operand {
	if kind[0] == 'q' {
		d, err := graph.ParseDType(kind[1:])
		if err != nil {
			panic(err)
		}
		lo, hi := d.IntRange()
		return Quantized(s.real(d, shape...), 0.01+s.Float32()/8, int32(lo)+int32(s.Intn(int(hi-lo+1))))
	}
	d, err := graph.ParseDType(kind)
	if err != nil {
		panic(err)
	}
	return In(s.real(d, shape...))
}

// declared returns what an output of the kind declares: a quantization of its own for quantized kinds.
func (s source) declared(kind string) []Declared {
	if kind[0] != 'q' {
		return nil
	}
	d, err := graph.ParseDType(kind[1:])
	if err != nil {
		panic(err)
	}
	lo, _ := d.IntRange()
	return []Declared{{DType: d, Quant: graph.PerTensor(0.02+s.Float32()/4, int32(lo)+int32(s.Intn(200)))}}
}

var realKinds = []string{"f32", "f16", "bf16", "f64", "qu8", "qi8", "qi16"}

// elementwise returns cases of every operator of one real operand that keeps its shape.
func (s source) elementwise() []Case {
	var cases []Case
	for _, op := range []string{
		"Relu", "Relu6", "Sigmoid", "Tanh", "HardSwish", "HardSigmoid", "Swish", "Mish", "Gelu", "Elu", "Celu", "Selu", "LeakyRelu",
		"ThresholdedRelu", "Softplus", "Softsign", "Abs", "Neg", "Exp", "Log", "Sqrt", "Reciprocal", "Erf", "Sin", "Cos", "Ceil", "Floor",
		"Round", "Sign", "Identity",
	} {
		attrs, err := ops.NewAttrs(op)
		if err != nil {
			panic(err)
		}
		for _, kind := range realKinds {
			c := Case{Name: kind, Op: op, Attrs: attrs, In: []Operand{s.operand(kind, 3, 5, 151)}}
			if op != "Identity" {
				c.Out = s.declared(kind)
			}
			cases = append(cases, c)
		}
	}
	bounds := []Operand{Const(graph.Float32s([]float32{-1})), Const(graph.Float32s([]float32{2.5}))}
	for _, kind := range []string{"f32", "qu8", "qi8"} {
		x := s.operand(kind, 2, 3, 301)
		cases = append(cases,
			Case{Name: kind, Op: "Clip", In: append([]Operand{x}, bounds...), Out: s.declared(kind)},
			Case{Name: kind + " computed", Op: "Clip", In: []Operand{x, In(bounds[0].Data), In(bounds[1].Data)}},
			Case{Name: kind + " one slope", Op: "PRelu", In: []Operand{x, Const(graph.Float32s([]float32{0.3}, 1))}, Out: s.declared(kind)},
			Case{Name: kind, Op: "PRelu", In: []Operand{x, In(s.real(graph.Float32, 3, 1))}, Out: s.declared(kind)},
		)
	}
	return cases
}

// broadcasts are pairs of shapes: equal, every way that kernels take, and ways that they do not.
var broadcasts = [][2][]int{
	{{2, 5, 3, 7}, {2, 5, 3, 7}}, {{2, 5, 3, 33}, {33}}, {{2, 5, 6, 7}, {}}, {{2, 5, 6, 7}, {2, 1, 1, 7}}, {{2, 5, 6, 7}, {5, 1, 1}},
	{{33}, {2, 3, 33}}, {{1, 5, 6, 1}, {2, 5, 6, 7}}, {{2, 1, 3}, {1, 4, 1}}, {{2, 5, 6, 7}, {2, 1, 6, 1}}, {{1}, {1}}, {{0, 3}, {3}}, {{9000}, {9000}},
}

func (s source) binary() []Case {
	var cases []Case
	for _, b := range broadcasts {
		name := fmt.Sprint(b)
		for _, op := range []string{"Add", "Sub", "Mul", "Div"} {
			for _, kind := range realKinds {
				in := []Operand{s.operand(kind, b[0]...), s.operand(kind, b[1]...)}
				clamp := &ops.Arithmetic{Clamp: ops.Clamp{On: true, Lo: 0, Hi: 1.5}}
				cases = append(cases,
					Case{Name: kind + name, Op: op, In: in, Out: s.declared(kind)},
					Case{Name: kind + name + " clamp", Op: op, Attrs: clamp, In: in, Out: s.declared(kind)})
			}
			for _, kind := range []string{"i8", "u16", "i32", "u64"} {
				cases = append(cases, Case{Name: kind + name, Op: op, In: []Operand{s.operand(kind, b[0]...), s.operand(kind, b[1]...)}})
			}
		}
		for _, op := range []string{"Max", "Min", "Sum", "Mean", "Pow", "Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual"} {
			for _, kind := range []string{"f32", "f16", "qu8", "i32"} {
				cases = append(cases, Case{Name: kind + name, Op: op, In: []Operand{s.operand(kind, b[0]...), s.operand(kind, b[1]...)}})
			}
		}
		in := []Operand{s.operand("bool", b[0]...), s.operand("bool", b[1]...)}
		cases = append(cases,
			Case{Name: name, Op: "And", In: in}, Case{Name: name, Op: "Xor", In: in},
			Case{Name: name, Op: "Where", In: []Operand{in[0], s.operand("f32", b[1]...), s.operand("f32", b[0]...)}},
			Case{Name: name, Op: "Where", In: []Operand{in[0], s.operand("qu8", b[1]...), s.operand("qu8", b[0]...)}})
	}
	shared := s.operand("qu8", 4, 100)
	return append(cases,
		Case{Name: "one operand twice", Op: "Add", In: []Operand{shared, shared}, Out: s.declared("qu8")},
		Case{Name: "three", Op: "Sum", In: []Operand{s.operand("f32", 2, 3, 9), s.operand("f32", 9), s.operand("f32", 3, 1)}},
		Case{Name: "constant", Op: "Mul", In: []Operand{s.operand("f32", 2, 3, 9), Const(s.real(graph.Float32, 9))}})
}

func (s source) pools() []Case {
	var cases []Case
	for _, l := range []ops.Layout{ops.NHWC, ops.NCHW} {
		for _, w := range []ops.Pool{
			{Kernel: [2]int{2, 2}, Window: ops.Window{Strides: [2]int{2, 2}}},
			{Kernel: [2]int{3, 3}, Window: ops.Window{Strides: [2]int{2, 2}, Pads: [4]int{1, 1, 1, 1}}, Ceil: true},
			{Kernel: [2]int{3, 2}, Window: ops.Window{AutoPad: ops.SameUpper, Strides: [2]int{2, 1}}, CountIncludePad: true},
			{Kernel: [2]int{3, 3}, Window: ops.Window{Dilations: [2]int{2, 1}, Pads: [4]int{2, 0, 1, 2}}, CountIncludePad: true, Ceil: true},
			{Kernel: [2]int{3, 3}, Clamp: ops.Clamp{On: true, Lo: 0, Hi: 1}, Window: ops.Window{AutoPad: ops.SameLower}},
		} {
			w.Layout = l
			for _, kind := range realKinds {
				x := s.operand(kind, 2, 9, 8, 10)
				cases = append(cases,
					Case{Name: fmt.Sprint(kind, w), Op: "MaxPool", Attrs: &w, In: []Operand{x}},
					Case{Name: fmt.Sprint(kind, w, " requantized"), Op: "MaxPool", Attrs: &w, In: []Operand{x}, Out: s.declared(kind)},
					Case{Name: fmt.Sprint(kind, w), Op: "AveragePool", Attrs: &w, In: []Operand{x}, Out: s.declared(kind)})
			}
			for _, kind := range []string{"qu8", "qi8"} {
				away := w
				away.HalfAway, away.Center, away.CountIncludePad = true, int32(s.Intn(2)*128), false
				cases = append(cases, Case{Name: fmt.Sprint(kind, away), Op: "AveragePool", Attrs: &away, In: []Operand{s.operand(kind, 2, 9, 8, 10)}})
			}
			cases = append(cases, Case{Name: fmt.Sprint("indices", w), Op: "MaxPool", Attrs: &w, In: []Operand{s.operand("u8", 2, 9, 8, 10)}, Out: make([]Declared, 2)})
		}
		for _, kind := range realKinds {
			x := s.operand(kind, 2, 7, 7, 65)
			g := &ops.GlobalPool{Layout: l}
			cases = append(cases,
				Case{Name: kind, Op: "GlobalAveragePool", Attrs: g, In: []Operand{x}, Out: s.declared(kind)},
				Case{Name: kind, Op: "GlobalMaxPool", Attrs: g, In: []Operand{x}})
		}
	}
	return cases
}

func (s source) rest() []Case {
	var cases []Case
	vector := func(n int) Operand { return Const(s.real(graph.Float32, n)) }
	variance := In(f([]float32{0.5, 1, 2}, 3))
	for _, kind := range realKinds {
		x := s.operand(kind, 2, 3, 4, 5)
		declared := s.declared(kind)
		add := func(op string, attrs any, more ...Operand) {
			cases = append(cases, Case{Name: kind, Op: op, Attrs: attrs, In: append([]Operand{x}, more...), Out: declared})
		}
		for _, op := range []string{"Softmax", "LogSoftmax"} {
			for axis := range 4 {
				add(op, &ops.Softmax{Axis: axis})
			}
			add(op, &ops.Softmax{Axis: 2, Flatten: true, Beta: 0.5})
		}
		for _, op := range []string{"ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceSumSquare", "ReduceL1", "ReduceL2"} {
			for _, axes := range [][]int64{{1, 2}, {3}, {0, 2}, {0, 1, 2, 3}, {1}} {
				add(op, &ops.Reduce{KeepDims: len(axes) == 1}, Ints(axes...))
			}
		}
		add("Concat", &ops.Concat{Axis: 3}, s.operand(kind, 2, 3, 4, 7), s.operand(kind, 2, 3, 4, 0))
		add("Concat", &ops.Concat{}, s.operand(kind, 3, 3, 4, 5))
		add("LRN", &ops.LRN{Size: 2, Alpha: 0.3, Beta: 0.7, Bias: 1})
		add("LRN", &ops.LRN{Size: 5, Alpha: 0.3, Beta: 0.75, Bias: 1, Layout: ops.NHWC})
		add("BatchNormalization", &ops.BatchNormalization{Epsilon: 1e-3}, vector(3), vector(3), vector(3), Const(variance.Data))
		add("BatchNormalization", &ops.BatchNormalization{Epsilon: 1e-3}, vector(3), vector(3), vector(3), variance)
		add("InstanceNormalization", &ops.InstanceNormalization{Epsilon: 1e-3}, vector(3), vector(3))
		add("GroupNormalization", &ops.GroupNormalization{Groups: 3}, vector(3), vector(3))
		add("LayerNormalization", &ops.LayerNormalization{Axis: 2}, Const(s.real(graph.Float32, 5)), Const(s.real(graph.Float32, 4, 1)))
		for _, mode := range []string{"nearest", "linear", "cubic"} {
			add("Resize", &ops.Resize{Mode: mode, Coordinates: "half_pixel", CubicA: -0.5}, Operand{}, Const(f([]float32{1, 1, 2.5, 0.7}, 4)))
			add("Resize", &ops.Resize{Mode: mode, Coordinates: "align_corners", CubicA: -0.75, Axes: []int{-1, 1}}, Operand{}, Operand{}, Ints(3, 5))
		}
	}
	return cases
}

// moves returns cases of the operators that only move elements, for every width of element.
func (s source) moves() []Case {
	var cases []Case
	for _, kind := range []string{"f32", "f16", "f64", "i64", "bool", "u8", "qu8", "qi8", "u4", "qi4"} {
		x := s.operand(kind, 2, 8, 6, 4)
		add := func(op string, attrs any, outs int, more ...Operand) {
			cases = append(cases, Case{Name: kind, Op: op, Attrs: attrs, In: append([]Operand{x}, more...), Out: make([]Declared, outs)})
		}
		add("Transpose", &ops.Transpose{Perm: []int{0, 2, 3, 1}}, 1)
		add("Transpose", &ops.Transpose{Perm: []int{3, 1, 0, 2}}, 1)
		add("Transpose", &ops.Transpose{Perm: []int{1, 0, 2, 3}}, 1)
		add("Transpose", &ops.Transpose{Perm: []int{0, 3, 1, 2}}, 1)
		add("Transpose", &ops.Transpose{Perm: []int{0, 2, 1, 3}}, 1)
		add("Split", &ops.Split{Axis: 1}, 3)
		add("Split", &ops.Split{Axis: 3}, 2, Ints(1, 3))
		add("Slice", nil, 1, Ints(1, -1), Ints(99, -99), Ints(2, 3), Ints(2, -3))
		add("Slice", nil, 1, Ints(1, 0), Ints(2, 3))
		add("Tile", nil, 1, Ints(1, 2, 1, 3))
		add("Expand", &ops.Expand{To: graph.Shape{3, 2, 8, 6, 4}}, 1)
		add("Gather", &ops.Gather{Axis: 1}, 1, Ints(7, -8, 0))
		add("Reshape", &ops.Reshape{To: graph.Shape{16, 24}}, 1)
		for mode := range ops.PadWrap + 1 {
			add("Pad", &ops.Pad{Mode: mode}, 1, Ints(0, 1, 2, 0, 0, 0, 1, 0))
			add("Pad", &ops.Pad{Mode: mode}, 1, Ints(0, 0, -1, 3, 1, 0, 1, -1))
		}
		for _, l := range []ops.Layout{ops.NCHW, ops.NHWC} {
			add("DepthToSpace", &ops.DepthToSpace{Block: 2, Layout: l}, 1)
			add("DepthToSpace", &ops.DepthToSpace{Block: 2, Layout: l, CRD: true}, 1)
			add("SpaceToDepth", &ops.DepthToSpace{Block: 2, Layout: l}, 1)
		}
		for _, to := range []graph.DType{graph.Float32, graph.Float16, graph.Int8, graph.Uint4, graph.Bool, graph.Int64} {
			add("Cast", &ops.Cast{To: to}, 1)
		}
		if kind != "bool" && kind != "u4" && kind != "qi4" {
			add("TopK", &ops.TopK{Axis: 1, Largest: true}, 2, Ints(3))
			add("ArgMax", &ops.Arg{Axis: 2, KeepDims: true}, 1)
		}
	}
	return cases
}

func (s source) all() []Case {
	var cases []Case
	for _, family := range [][]Case{s.elementwise(), s.binary(), s.pools(), s.rest(), s.moves()} {
		cases = append(cases, family...)
	}
	return cases
}

func TestLoweredAgreesWithReference(t *testing.T) {
	s := source{rand.New(rand.NewSource(testkit.Seed(t)))}
	targets := Targets(t)
	for _, c := range s.all() {
		Check(t, targets, c)
	}
}

// TestKernelsAreChosen names the kernel family for the forms that real models have.
func TestKernelsAreChosen(t *testing.T) {
	s := source{rand.New(rand.NewSource(testkit.Seed(t)))}
	picture := func(kind string) Operand { return s.operand(kind, 1, 8, 8, 16) }
	pool := &ops.Pool{Window: ops.Window{Layout: ops.NHWC}, Kernel: [2]int{2, 2}}
	q := s.declared("qu8")
	for _, r := range []struct {
		Case
		family string
	}{
		{Case{Op: "Relu", In: []Operand{picture("f32")}}, "f32_clamp"},
		{Case{Op: "Clip", In: []Operand{picture("f32"), Const(f([]float32{0})), Const(f([]float32{6}))}}, "f32_clamp"},
		{Case{Op: "HardSwish", In: []Operand{picture("qu8")}, Out: q}, "u8_lookup"},
		{Case{Op: "Sigmoid", In: []Operand{picture("qi8")}, Out: s.declared("qi8")}, "u8_lookup"},
		{Case{Op: "Add", In: []Operand{picture("qu8"), picture("qu8")}, Out: q}, "u8_add"},
		{Case{Op: "Mul", In: []Operand{picture("qu8"), s.operand("qu8", 1, 1, 1, 16)}, Out: q}, "u8_mul"},
		{Case{Op: "Mul", In: []Operand{s.operand("f32", 1, 1, 1, 16), picture("f32")}}, "f32_mul"},
		{Case{Op: "Sub", In: []Operand{s.operand("f32"), picture("f32")}}, "f32_"},
		{Case{Op: "MaxPool", Attrs: pool, In: []Operand{picture("qu8")}}, "u8_maxpool"},
		{Case{Op: "AveragePool", Attrs: pool, In: []Operand{picture("qu8")}, Out: q}, "u8_avgpool"},
		{Case{Op: "MaxPool", Attrs: pool, In: []Operand{picture("f32")}}, "f32_max"},
		{Case{Op: "GlobalAveragePool", Attrs: &ops.GlobalPool{Layout: ops.NHWC}, In: []Operand{picture("qu8")}}, "u8_avgpool"},
		{Case{Op: "ReduceMean", Attrs: &ops.Reduce{}, In: []Operand{picture("qu8"), Ints(1, 2)}}, "u8_avgpool"},
	} {
		n, err := r.Node()
		if err != nil {
			t.Fatal(err)
		}
		for level, target := range Targets(t) {
			l, err := ops.Lower(target, n)
			if err != nil {
				t.Errorf("%s on %s: %v", r.Op, level, err)
				continue
			}
			if len(l.Kernel) < len(r.family) || l.Kernel[:len(r.family)] != r.family {
				t.Errorf("%s of %v on %s: got %s, want %s", r.Op, n.Inputs[0].DType, level, l.Kernel, r.family)
			}
		}
	}
}
