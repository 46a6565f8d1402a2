package gorgonia

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/octet-ml/octet/bench"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
	"github.com/octet-ml/octet/runtime"
)

// near is by how much outputs of one operator, and of a network, may differ, relative to the largest: sums in another order.
const near = 1e-4

// weights returns a constant of numbers between -1 and 1.
func weights(name string, shape ...int) *graph.Value {
	return graph.NewConst(name, graph.Float32s(draw(graph.Shape(shape).Size()), shape...))
}

// chain is a graph that is built node by node: each takes the output of the one before.
type chain struct {
	*graph.Graph
	t    *testing.T
	last *graph.Value
}

func newChain(t *testing.T, c, h, w int) *chain {
	g := &graph.Graph{Name: "chain"}
	return &chain{Graph: g, t: t, last: g.AddInput("x", graph.Float32, graph.Shape{graph.Batch, c, h, w})}
}

// add appends a node that takes the last value and others.
func (c *chain) add(op string, attrs any, others ...*graph.Value) *chain {
	c.t.Helper()
	name := fmt.Sprintf("%s%d", strings.ToLower(op), len(c.Nodes))
	n := c.Add(op, name, attrs, append([]*graph.Value{c.last}, others...), name)
	if err := ops.Infer(n); err != nil {
		c.t.Fatal(err)
	}
	c.last = n.Outputs[0]
	c.Outputs = n.Outputs
	return c
}

// open returns an instance of g for a batch.
func open(t *testing.T, g *graph.Graph, batch int) bench.Instance {
	t.Helper()
	n, err := Engine{}.Open(&bench.Cell{Graph: g, Batch: batch})
	if err != nil {
		t.Fatal(err)
	}
	i, err := n.Instance()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = i.Close() })
	return i
}

// check compares Gorgonia's outputs with Octet's on two different inputs, the second of which finds what the first run left behind.
func check(t *testing.T, g *graph.Graph, batch int) {
	t.Helper()
	theirs := open(t, g, batch)
	p, err := runtime.Compile(g, runtime.Batch(batch))
	if err != nil {
		t.Fatal(err)
	}
	ours, err := p.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, uint64(batch)))
	for run := range 2 {
		x := graph.View[float32](theirs.Inputs()[0].Data)
		for i := range x {
			x[i] = float32(random.NormFloat64())
		}
		copy(ours.Input(0).Data, theirs.Inputs()[0].Data)
		if err := theirs.Run(); err != nil {
			t.Fatal(err)
		}
		ours.Run()
		got, want := theirs.Outputs()[0], ours.Output(0)
		if !got.Shape.Equal(want.Shape) {
			t.Fatalf("run %d: shape %v, want %v", run, got.Shape, want.Shape)
		}
		largest, values := 0.0, got.Floats()
		for _, v := range want.Floats() {
			largest = max(largest, math.Abs(float64(v)))
		}
		for i, v := range want.Floats() {
			if d := math.Abs(float64(values[i] - v)); !(d <= near*largest) {
				t.Fatalf("run %d: output %d: Gorgonia %v, Octet %v, the largest %v", run, i, values[i], v, largest)
			}
		}
	}
}

func window(stride, pad, dilation int) ops.Window {
	return ops.Window{Strides: [2]int{stride, stride}, Pads: [4]int{pad, pad, pad, pad}, Dilations: [2]int{dilation, dilation}}
}

func TestOperatorsComputeWhatOursDo(t *testing.T) {
	bounds := func(lo, hi float32) []*graph.Value {
		return []*graph.Value{graph.NewConst("lo", graph.Float32s([]float32{lo})), graph.NewConst("hi", graph.Float32s([]float32{hi}))}
	}
	for name, c := range map[string]*chain{
		"conv":             newChain(t, 16, 30, 28).add("Conv", &ops.Conv{Window: window(1, 1, 1)}, weights("w", 32, 16, 3, 3)),
		"conv with bias":   newChain(t, 3, 32, 32).add("Conv", &ops.Conv{Window: window(2, 3, 1)}, weights("w", 8, 3, 7, 7), weights("b", 8)),
		"conv 1x1":         newChain(t, 24, 9, 9).add("Conv", &ops.Conv{}, weights("w", 40, 24, 1, 1), weights("b", 40)),
		"conv on a pixel":  newChain(t, 24, 1, 1).add("Conv", &ops.Conv{}, weights("w", 40, 24, 1, 1), weights("b", 40)),
		"conv one channel": newChain(t, 1, 9, 9).add("Conv", &ops.Conv{}, weights("w", 1, 1, 3, 3), weights("b", 1)),
		"conv dilated":     newChain(t, 4, 12, 12).add("Conv", &ops.Conv{Window: window(1, 2, 2)}, weights("w", 5, 4, 3, 3)),
		"relu":             newChain(t, 3, 5, 7).add("Relu", nil),
		"relu6":            newChain(t, 3, 5, 7).add("Clip", nil, bounds(0, 1)...),
		"clip":             newChain(t, 3, 5, 7).add("Clip", nil, bounds(-0.5, 0.25)...),
		"max pool":         newChain(t, 3, 11, 9).add("MaxPool", &ops.Pool{Window: window(2, 1, 1), Kernel: [2]int{3, 3}}),
		"max pool of negative values": newChain(t, 3, 11, 9).add("Clip", nil, bounds(-3, -0.5)...).
			add("MaxPool", &ops.Pool{Window: window(2, 1, 1), Kernel: [2]int{3, 3}}),
		"max pool that is rounded up by nothing": newChain(t, 3, 11, 9).add("MaxPool", &ops.Pool{Window: window(2, 0, 1), Kernel: [2]int{3, 3}, Ceil: true}),
		"global average":                         newChain(t, 6, 5, 7).add("GlobalAveragePool", &ops.GlobalPool{}),
		"average after a conv":                   newChain(t, 4, 6, 6).add("Conv", &ops.Conv{}, weights("w", 6, 4, 3, 3)).add("GlobalAveragePool", &ops.GlobalPool{}),
		"dense":                                  newChain(t, 6, 5, 7).add("Flatten", &ops.Flatten{Axis: 1}).add("Gemm", &ops.Gemm{Alpha: 1, Beta: 1, TransB: true}, weights("w", 11, 210), weights("b", 11)),
		"dense after a conv":                     newChain(t, 4, 6, 6).add("Conv", &ops.Conv{}, weights("w", 6, 4, 3, 3)).add("Flatten", &ops.Flatten{Axis: 1}).add("Gemm", &ops.Gemm{Alpha: 1}, weights("m", 96, 5)),
		"hard sigmoid":                           newChain(t, 3, 5, 7).add("HardSigmoid", &ops.HardSigmoid{Alpha: 0.4, Beta: 0.5}),
		"hard swish":                             newChain(t, 3, 5, 7).add("HardSwish", nil),
	} {
		for _, batch := range []int{1, 2, 3} {
			t.Run(fmt.Sprintf("%s/batch%d", name, batch), func(t *testing.T) { check(t, c.Graph, batch) })
		}
	}
}

func TestOperatorsOfTwoValuesComputeWhatOursDo(t *testing.T) {
	for name, join := range map[string]func(c *chain, x *graph.Value) *chain{
		"add": func(c *chain, x *graph.Value) *chain { return c.add("Add", &ops.Arithmetic{}, x) },
		"add constant": func(c *chain, _ *graph.Value) *chain {
			return c.add("Add", &ops.Arithmetic{}, weights("k", 1, 4, 1, 1))
		},
		"mul":    func(c *chain, x *graph.Value) *chain { return c.add("Mul", &ops.Arithmetic{}, x) },
		"concat": func(c *chain, x *graph.Value) *chain { return c.add("Concat", &ops.Concat{Axis: 1}, x) },
		"gate": func(c *chain, x *graph.Value) *chain {
			return c.add("GlobalAveragePool", &ops.GlobalPool{}).add("Mul", &ops.Arithmetic{}, x)
		},
	} {
		for _, batch := range []int{1, 2} {
			t.Run(fmt.Sprintf("%s/batch%d", name, batch), func(t *testing.T) {
				c := newChain(t, 4, 6, 5).add("Relu", nil)
				x := c.last // read by both, so that nobody may overwrite it
				c.add("Conv", &ops.Conv{Window: window(1, 1, 1)}, weights("w", 4, 4, 3, 3), weights("b", 4))
				check(t, join(c, x).Graph, batch)
			})
		}
	}
}

func TestNetworksComputeWhatOursDo(t *testing.T) {
	for _, arch := range []string{"resnet8", "squeezenet11"} {
		g, err := bench.Build(arch, bench.FP32)
		if err != nil {
			t.Fatal(err)
		}
		for _, batch := range []int{1, 2} {
			t.Run(fmt.Sprintf("%s/batch%d", arch, batch), func(t *testing.T) { check(t, g, batch) })
		}
	}
}

func TestAllNodesThatAreMissingAreListed(t *testing.T) {
	c := newChain(t, 4, 9, 9).
		add("Conv", &ops.Conv{Group: 4}, weights("w", 4, 1, 3, 3)).
		add("Relu", nil).
		add("Conv", &ops.Conv{Window: ops.Window{Pads: [4]int{0, 0, 1, 1}}}, weights("v", 6, 4, 3, 3)).
		add("MaxPool", &ops.Pool{Window: window(2, 0, 1), Kernel: [2]int{3, 3}, Ceil: true}).
		add("Sigmoid", nil).
		add("Flatten", &ops.Flatten{Axis: 1}).
		add("Gemm", &ops.Gemm{Alpha: 2, Beta: 1}, weights("m", 54, 5))
	_, err := Engine{}.Open(&bench.Cell{Graph: c.Graph, Batch: 1})
	if !errors.Is(err, bench.ErrUnsupported) {
		t.Fatalf("got %v, want %v", err, bench.ErrUnsupported)
	}
	for _, want := range []string{
		"5 of 7 nodes", `Conv "conv0" (4 groups)`, `Conv "conv2" (padding [0 0 1 1]`, `MaxPool "maxpool3" (output size rounded up)`,
		`Sigmoid "sigmoid4" (no such operator)`, `Gemm "gemm6" (other than`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %s in %v", want, err)
		}
	}
}

// MobileNets are made of depthwise convolutions, and pad as TensorFlow does; integer networks are made of quantized values.
func TestNetworksThatAreRefused(t *testing.T) {
	for arch, want := range map[string]string{"mobilenetv1": "14 of 57 nodes", "mobilenetv2": "groups"} {
		g, err := bench.Build(arch, bench.FP32)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := (Engine{}).Open(&bench.Cell{Graph: g, Batch: 1}); !errors.Is(err, bench.ErrUnsupported) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", arch, err)
		}
	}
	g, err := bench.Build("resnet8", bench.Int8)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (Engine{}).Open(&bench.Cell{Graph: g, Batch: 1}); !errors.Is(err, bench.ErrUnsupported) || !strings.Contains(err.Error(), "Dequantize") {
		t.Errorf("int8: %v", err)
	}
}

func TestInstancesShareWeightsAndLeaveTheGraphAlone(t *testing.T) {
	g, err := bench.Build("resnet8", bench.FP32)
	if err != nil {
		t.Fatal(err)
	}
	var before, after bytes.Buffer
	if err := graph.PrintFull(&before, g); err != nil {
		t.Fatal(err)
	}
	n, err := Engine{}.Open(&bench.Cell{Graph: g, Batch: 1})
	if err != nil {
		t.Fatal(err)
	}
	var outputs [2][]float32
	for k := range outputs {
		i, err := n.Instance()
		if err != nil {
			t.Fatal(err)
		}
		copy(graph.View[float32](i.Inputs()[0].Data), draw(i.Inputs()[0].Len()))
		for range 2 {
			if err := i.Run(); err != nil {
				t.Fatal(err)
			}
		}
		outputs[k] = i.Outputs()[0].Floats()
	}
	if fmt.Sprint(outputs[0]) != fmt.Sprint(outputs[1]) {
		t.Errorf("outputs %v and %v", outputs[0], outputs[1])
	}
	if err := graph.PrintFull(&after, g); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before.Bytes(), after.Bytes()) {
		t.Error("the graph has changed")
	}
}

func TestItIsMeasuredInTurnsWithOctet(t *testing.T) {
	g, err := bench.Build("resnet8", bench.FP32)
	if err != nil {
		t.Fatal(err)
	}
	ours := bench.Cell{Model: "resnet8", Precision: bench.FP32, Graph: g, Threads: 1, Batch: 2, Sessions: 2}
	theirs := ours
	theirs.Engine = Engine{}
	r, err := bench.Measure([]bench.Cell{ours, theirs}, bench.Options{Duration: 8 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Results) != 2 || r.Results[1].Engine != "gorgonia" || r.Results[1].Weights < 4*70000 || r.Results[1].MACs != r.Results[0].MACs || r.Results[1].Speedup <= 0 {
		t.Errorf("%+v", r.Results)
	}
}
