package onnx

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// random makes a constant of random elements.
func random(name string, d graph.DType, s ...int) *graph.Value {
	return graph.NewConst(name, randomTensor(rand.New(rand.NewPCG(7, 3)), d, s))
}

// with gives a value a quantization.
func with(v *graph.Value, q *graph.Quant) *graph.Value {
	v.Quant = q
	return v
}

// scales is a quantization per channel of axis.
func scales(axis int, s ...float32) *graph.Quant { return &graph.Quant{Scale: s, Axis: axis} }

// single makes a graph of one node with one output of type d and quantization q; a float output is left to be inferred.
func single(op string, attrs any, d graph.DType, q *graph.Quant, inputs ...*graph.Value) *graph.Graph {
	g := &graph.Graph{Name: "single"}
	for _, v := range inputs {
		if v != nil && v.Const == nil {
			g.Inputs = append(g.Inputs, v)
		}
	}
	y := g.Add(op, "node", attrs, inputs, "y").Outputs[0]
	if d != graph.Invalid {
		y.DType, y.Quant = d, q
	}
	g.Outputs = append(g.Outputs, y)
	return g
}

func padded(l ops.Layout) *ops.Conv {
	return &ops.Conv{Window: ops.Window{Layout: l, Pads: [4]int{1, 1, 1, 1}}}
}

func TestWrittenGraphsComputeTheSame(t *testing.T) {
	x := func() *graph.Value { return in("x", graph.Float32, graph.Batch, 4, 6, 6) }
	nhwc := func() *graph.Value { return in("x", graph.Float32, graph.Batch, 6, 6, 4) }
	u := func(s ...int) *graph.Value { return with(in("x", graph.Uint8, s...), graph.PerTensor(0.02, 50)) }
	out := graph.PerTensor(0.05, 120)
	relu6 := ops.Clamp{On: true, Lo: 0, Hi: 6}
	clamped := func(c ops.Conv, clamp ops.Clamp) *ops.Conv { c.Clamp = clamp; return &c }
	sum := func(c ops.Conv) *ops.Conv {
		c.Sum = &ops.SumQuant{Scale: 0.04, Zero: 100, Clamp: relu6}
		return clamped(c, relu6)
	}
	function := &ops.ByteFunction{Scale: 0.03, Zero: 70, Table: randomTensor(rand.New(rand.NewPCG(5, 1)), graph.Uint8, []int{256})}
	looked := func(c *ops.Conv) *ops.Conv { c.Function = function; return c }
	w := func() *graph.Value { return random("w", graph.Float32, 3, 4, 3, 3) }
	wq := func() *graph.Value { return with(random("w", graph.Int8, 3, 4, 3, 3), scales(0, 0.01, 0.02, 0.005)) }
	b := random("b", graph.Int32, 3)
	for name, g := range map[string]*graph.Graph{
		"float conv with a clamp": single("Conv", clamped(*padded(ops.NCHW), relu6), 0, nil, x(), w(), random("b", graph.Float32, 3)),
		"float conv with a relu":  single("Conv", clamped(*padded(ops.NCHW), ops.Clamp{}.And(0, inf)), 0, nil, x(), w()),
		"float conv with a residual": single("Conv", clamped(*padded(ops.NCHW), relu6), 0, nil, x(), w(), nil,
			in("r", graph.Float32, graph.Batch, 3, 6, 6)),
		"float conv, channels last, with a residual": single("Conv", clamped(*padded(ops.NHWC), relu6), 0, nil, nhwc(), random("w", graph.Float32, 3, 3, 3, 4), nil,
			in("r", graph.Float32, graph.Batch, 6, 6, 3)),
		"quantized conv":                single("Conv", padded(ops.NCHW), graph.Uint8, out, u(graph.Batch, 4, 6, 6), wq(), b),
		"quantized conv to float":       single("Conv", clamped(*padded(ops.NCHW), relu6), graph.Float32, nil, u(graph.Batch, 4, 6, 6), wq(), b),
		"quantized conv, channels last": single("Conv", clamped(*padded(ops.NHWC), relu6), graph.Uint8, out, u(graph.Batch, 6, 6, 4), with(random("w", graph.Int8, 3, 3, 3, 4), scales(0, 0.01, 0.02, 0.005)), b),
		"quantized conv with a residual": single("Conv", sum(*padded(ops.NCHW)), graph.Uint8, out, u(graph.Batch, 4, 6, 6), wq(), b,
			with(in("r", graph.Uint8, graph.Batch, 3, 6, 6), graph.PerTensor(0.03, 90))),
		"quantized conv, channels last, with a residual": single("Conv", sum(*padded(ops.NHWC)), graph.Uint8, out, u(graph.Batch, 6, 6, 4), with(random("w", graph.Int8, 3, 3, 3, 4), scales(0, 0.01, 0.02, 0.005)), nil,
			with(in("r", graph.Uint8, graph.Batch, 6, 6, 3), graph.PerTensor(0.03, 90))),
		"conv with a function": single("Conv", looked(padded(ops.NCHW)), graph.Uint8, out, u(graph.Batch, 4, 6, 6), wq(), b),
		"conv with a residual and a function": single("Conv", looked(sum(*padded(ops.NHWC))), graph.Uint8, out, u(graph.Batch, 6, 6, 4), with(random("w", graph.Int8, 3, 3, 3, 4), scales(0, 0.01, 0.02, 0.005)), nil,
			with(in("r", graph.Uint8, graph.Batch, 6, 6, 3), graph.PerTensor(0.03, 90))),
		"dense with a function":  single("Dense", &ops.Dense{Clamp: relu6, Function: function}, graph.Uint8, out, u(5, 8), with(random("w", graph.Int8, 3, 8), scales(0, 0.01, 0.02, 0.005)), b),
		"conv with int4 weights": single("Conv", padded(ops.NCHW), graph.Uint8, out, u(graph.Batch, 4, 6, 6), with(random("w", graph.Int4, 3, 4, 3, 3), scales(0, 0.1, 0.2, 0.05))),
		"conv with a codebook": single("Conv", padded(ops.NCHW), graph.Uint8, out, u(graph.Batch, 4, 6, 6),
			with(random("w", graph.Uint4, 3, 4, 3, 3), &graph.Quant{Scale: []float32{0.1, 0.2, 0.05}, Table: &[16]int8{-64, -32, -16, -8, -4, -2, -1, 0, 1, 2, 4, 8, 16, 32, 64, 127}})),
		"accumulators":                  single("Conv", padded(ops.NCHW), graph.Int32, nil, u(graph.Batch, 4, 6, 6), wq(), b),
		"dense":                         single("Dense", &ops.Dense{Clamp: relu6}, 0, nil, in("x", graph.Float32, graph.Batch, 8), random("w", graph.Float32, 3, 8), random("b", graph.Float32, 3)),
		"dense, three axes":             single("Dense", &ops.Dense{Clamp: relu6}, 0, nil, in("x", graph.Float32, 2, 5, 8), random("w", graph.Float32, 3, 8), random("b", graph.Float32, 3)),
		"quantized dense":               single("Dense", &ops.Dense{Flatten: true}, graph.Uint8, out, u(graph.Batch, 4, 2, 2), with(random("w", graph.Int8, 3, 16), scales(0, 0.01, 0.02, 0.005)), b),
		"quantized dense, three axes":   single("Dense", &ops.Dense{}, graph.Uint8, out, u(2, 5, 8), with(random("w", graph.Int8, 3, 8), scales(0, 0.01, 0.02, 0.005)), b),
		"quantized matmul":              single("MatMul", nil, graph.Uint8, out, u(5, 8), with(random("w", graph.Int8, 8, 3), scales(1, 0.01, 0.02, 0.005))),
		"quantized gemm":                single("Gemm", &ops.Gemm{Alpha: 1, Beta: 1, TransB: true}, graph.Uint8, out, u(5, 8), with(random("w", graph.Int8, 3, 8), scales(0, 0.01, 0.02, 0.005)), b),
		"quantized add":                 single("Add", &ops.Arithmetic{Clamp: relu6}, graph.Uint8, out, u(2, 5), with(in("z", graph.Uint8, 2, 5), graph.PerTensor(0.03, 9))),
		"quantized mul":                 single("Mul", &ops.Arithmetic{}, graph.Uint8, out, u(2, 5), with(in("z", graph.Uint8, 2, 5), graph.PerTensor(0.03, 9))),
		"quantized concat":              single("Concat", &ops.Concat{Axis: 1}, graph.Uint8, out, u(2, 5), with(in("z", graph.Uint8, 2, 3), graph.PerTensor(0.03, 9))),
		"quantized average pool":        single("AveragePool", &ops.Pool{Kernel: [2]int{3, 3}, Window: ops.Window{Layout: ops.NHWC, AutoPad: ops.SameUpper, Strides: [2]int{2, 2}}}, graph.Uint8, out, u(graph.Batch, 6, 6, 4)),
		"max pool, channels last":       single("MaxPool", &ops.Pool{Kernel: [2]int{2, 2}, Window: ops.Window{Layout: ops.NHWC}}, graph.Uint8, graph.PerTensor(0.02, 50), u(graph.Batch, 6, 6, 4)),
		"global pool, channels last":    single("GlobalAveragePool", &ops.GlobalPool{Layout: ops.NHWC}, graph.Uint8, out, u(graph.Batch, 6, 6, 4)),
		"quantized softmax":             single("Softmax", &ops.Softmax{Axis: -1, Beta: 2}, graph.Uint8, graph.PerTensor(1.0/256, 0), u(2, 5)),
		"flattening softmax":            single("Softmax", &ops.Softmax{Axis: 1, Flatten: true}, 0, nil, x()),
		"sigmoid":                       single("Sigmoid", nil, graph.Uint8, graph.PerTensor(1.0/256, 0), u(2, 5)),
		"swish":                         single("Swish", &ops.Swish{Alpha: 1.5}, 0, nil, x()),
		"relu6":                         single("Relu6", nil, 0, nil, x()),
		"requantize":                    single("Requantize", nil, graph.Uint8, out, u(2, 5)),
		"quantized pad":                 single("Pad", &ops.Pad{}, graph.Uint8, graph.PerTensor(0.02, 50), u(2, 5), konst("p", graph.Int64, graph.Shape{4}, 1, 0, 0, 2)),
		"reshape to":                    single("Reshape", &ops.Reshape{To: graph.Shape{graph.Batch, 144}}, 0, nil, x()),
		"mean over axes":                single("ReduceMean", &ops.Reduce{}, graph.Uint8, graph.PerTensor(0.02, 60), u(graph.Batch, 6, 6, 4), konst("axes", graph.Int64, graph.Shape{2}, 1, 2)),
		"depth to space, channels last": single("DepthToSpace", &ops.DepthToSpace{Block: 2, Layout: ops.NHWC}, 0, nil, nhwc()),
		"arg max":                       single("ArgMax", &ops.Arg{Axis: 1}, graph.Int32, nil, u(5, 9)),
		"leaky relu":                    single("LeakyRelu", &ops.LeakyRelu{Alpha: 0.1}, graph.Uint8, out, u(2, 5)),
	} {
		t.Run(name, func(t *testing.T) {
			if err := g.Verify(); err != nil {
				t.Fatal(err)
			}
			sameResults(t, g, WriteOptions{}, 1)
			sameResults(t, g, WriteOptions{QOperator: true}, 1)
		})
	}
}

func TestTheOperatorSetIsTheOldestThatWillDo(t *testing.T) {
	x := in("x", graph.Float32, 2, 5)
	for _, c := range []struct {
		g     *graph.Graph
		opset int
	}{
		{single("Relu", nil, 0, nil, x), 13},
		{single("Softmax", &ops.Softmax{Axis: 1, Flatten: true}, 0, nil, x), 12},
		{single("HardSwish", nil, 0, nil, x), 14},
		{single("Gelu", &ops.Gelu{}, 0, nil, x), 20},
		{single("Quantize", nil, graph.Int4, graph.PerTensor(1, 0), x), 21},
	} {
		data, err := Encode(c.g, WriteOptions{})
		if err != nil {
			t.Fatal(err)
		}
		m, err := parseModel(data, Limits{}.withDefaults())
		if err != nil || m.opsets[""] != int64(c.opset) {
			t.Errorf("%s: operator set %d, want %d (%v)", c.g.Nodes[0].Op, m.opsets[""], c.opset, err)
		}
		if _, err := Encode(c.g, WriteOptions{Opset: c.opset}); err != nil {
			t.Errorf("%s: operator set %d asked for: %v", c.g.Nodes[0].Op, c.opset, err)
		}
		if _, err := Encode(c.g, WriteOptions{Opset: 11}); !errors.Is(err, ErrUnsupported) {
			t.Errorf("operator set 11: %v", err)
		}
	}
}

func TestWritingSaysWhatOnnxCannotExpress(t *testing.T) {
	x := in("x", graph.Uint8, 2, 5)
	g := single("Reinterpret", nil, graph.Int8, graph.PerTensor(1, 0), x)
	g.Add("Frobnicate", "frob", nil, []*graph.Value{g.Outputs[0]}, "z")
	_, err := Encode(g, WriteOptions{})
	if !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), "2 nodes") || !strings.Contains(err.Error(), `Frobnicate "frob"`) {
		t.Error(err)
	}
	g.Outputs = nil
	if _, err := Encode(g, WriteOptions{}); !errors.Is(err, graph.ErrInvalid) {
		t.Errorf("a graph that is not well formed: %v", err)
	}
}

func TestMetadataAreKept(t *testing.T) {
	g := single("Relu", nil, 0, nil, in("x", graph.Float32, 2))
	g.Metadata = map[string]string{"octet.vision": "{}", keyProducerName: "somebody", keyProducerVersion: "1", keyDomain: "here", keyModelVersion: "7", keyDoc: "what it is"}
	data, err := Encode(g, WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	back, err := Decode(data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if d := difference(g, back); d != "" {
		t.Error(d)
	}
	m, _ := parseModel(data, Limits{}.withDefaults())
	if m.producerName != "somebody" || m.modelVersion != 7 || len(m.metadata) != 1 {
		t.Errorf("%+v", m)
	}
	var b bytes.Buffer
	if err := Write(&b, g, WriteOptions{}); err != nil || !bytes.Equal(b.Bytes(), data) {
		t.Errorf("Write and Encode differ: %v", err)
	}
}

func TestACodebookSurvivesWriting(t *testing.T) {
	g := codebook().decode(t)
	data, err := Encode(g, WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	back, err := Decode(data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if d := difference(g, back); strings.HasPrefix(d, "node") || back.Nodes[0].Inputs[0].Name != "codes" {
		t.Error(d)
	}
}

// Every operator of package ops can be written, except those that ONNX does not have.
func TestEveryOperatorHasAWriter(t *testing.T) {
	written := writers()
	for _, o := range ops.All() {
		if written[o.Name] == nil {
			t.Errorf("%s has no writer", o.Name)
		}
	}
	for name := range written {
		if _, err := ops.Lookup(name); err != nil {
			t.Error(err)
		}
	}
}

func TestOutputsThatNobodyWants(t *testing.T) {
	p := proto{inputs: x4(), nodes: []protoNode{
		op("Relu", "x", "_"), op("MaxPool", "x", "_ i", attribute{"kernel_shape", []int{2, 2}}), op("TopK", "x x", "_ k"),
	}, outputs: []string{"i", "k"}}
	g := p.decode(t)
	if len(g.Nodes) != 2 {
		t.Errorf("got\n%s", lines(g))
	}
	for _, n := range g.Nodes {
		n.Outputs[0] = nil
	}
	data, err := Encode(g, WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Decode(data, Options{}); err != nil {
		t.Error(err)
	}
}

func TestANodeWithTooFewInputsIsRefused(t *testing.T) {
	for _, inputs := range [][]*graph.Value{{in("x", graph.Float32, 2)}, {in("x", graph.Float32, 2), nil}} {
		if _, err := Encode(single("Add", nil, 0, nil, inputs...), WriteOptions{}); !errors.Is(err, ErrUnsupported) {
			t.Error(err)
		}
	}
}
