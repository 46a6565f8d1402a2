package runtime

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/ops"
)

// Limits of what FuzzCompile compiles: references take a while, and a fuzzer likes large numbers.
const (
	fuzzText     = 16 << 10 // bytes
	fuzzNodes    = 100
	fuzzElements = 1 << 14 // of a value at a batch of 2
	fuzzWork     = 1 << 24 // of all nodes: the product of the elements of their operands
)

var errCostly = errors.New("too large for a fuzzer")

var longNumber = regexp.MustCompile(`[0-9]{3}`)

// cheap returns an error unless the graph is small once shapes are known and constants are folded, as far as it can tell.
func cheap(g *graph.Graph) error {
	work := 0
	for _, n := range g.Clone().Nodes {
		if err := ops.Infer(n); err != nil {
			return err
		}
		product, constant := 1, n.Outputs[0] != nil
		for _, list := range [][]*graph.Value{n.Inputs, n.Outputs} {
			for _, v := range list {
				if v == nil {
					continue
				}
				size, err := v.Shape.Bind(2).Elements()
				if err != nil || size > fuzzElements {
					return errCostly
				}
				product = min(product*max(size, 1), fuzzWork)
			}
		}
		if work += product; work > fuzzWork {
			return errCostly
		}
		in := make([]*graph.Tensor, len(n.Inputs))
		for i, v := range n.Inputs {
			if v != nil {
				in[i] = v.Const
				constant = constant && v.Const != nil
			}
		}
		for _, v := range n.Outputs {
			constant = constant && (v == nil || v.Shape.Static())
		}
		if !constant {
			continue
		}
		out, err := ops.Evaluate(n, in)
		if err != nil {
			return err
		}
		for i, v := range n.Outputs {
			if v != nil {
				v.Const = out[i]
			}
		}
	}
	return nil
}

// fuzzSeeds are graphs of operators that random ones lack.
var fuzzSeeds = []string{
	"input x: f32[N 2 3]\ns = Shape(x)\nconst i: i64[1] = (0)\nn = Gather(s, i)\nconst r: i64[1] = (-1)\nt = Concat(n, r)\ny = Reshape(x, t)\noutput y",
	"input x: f16[N 4]\nconst w: f16[4 2] = (1 2 3 4 5 6 7 8)\ny = MatMul(x, w)\nz = Relu(y)\noutput z\noutput x",
	"input x: u8[N 2 2 2]\ninput z: u8[1]\nconst w: i8[1 2 1 1] = (1 2)\ny = Conv(x, w, _, _, z)\noutput y",
	"input x: f32[N 6]\na, _, c = Split(x) {Axis=1}\nb = Less(a, c)\ny = Where(b, a, c)\noutput y",
	"input x: f32[2 6]\nq, s, z = DynamicQuantizeLinear(x)\ny = DequantizeLinear(q, s, z)\noutput y\noutput q",
	"input x: f32[2 6]\nconst k: i64[1] = (2)\nv, i = TopK(x, k) {Axis=1 Largest=true}\noutput i",
	"input x: i8[N 2] q(0.5:3)\nc = Cast(x) {To=i32}\nr: u8 = Reinterpret(x)\nf = Dequantize(x)\nconst a: i64[1] = (1)\nm = ReduceMean(f, a) {KeepDims=true}\noutput c\noutput r\noutput m",
	"input x: f32[1 2 3 3]\nconst s: f32[4] = (1 1 2 2)\ny = Resize(x, _, s) {Mode=\"nearest\" Coordinates=\"asymmetric\" Nearest=\"floor\"}\ny2 = LRN(y) {Size=3 Bias=1}\nz = DepthToSpace(y2) {Block=1}\noutput z",
	"input x: f32[2 3]\nconst g: f32[3] = (1 2 3)\ny, m, d = LayerNormalization(x, g) {Axis=-1 Epsilon=0.1}\nz = Pow(y, g)\nw = PRelu(z, g)\no = Sum(w, y, z)\noutput o\noutput d",
	"input x: f32[N 4 3 3]\nconst g: f32[4] = (1 2 3 4)\na = InstanceNormalization(x, g, g) {Epsilon=0.1}\nb = GroupNormalization(a, g, g) {Epsilon=0.1 Groups=2}\nm = ArgMax(b) {Axis=1 KeepDims=true}\noutput m\noutput b",
	"input x: u8[2 3] q(0.5:3)\nconst r: i64[2] = (1 2)\nt = Tile(x, r)\nconst e: i64[3] = (2 2 6)\ny = Expand(t, e)\nm = ReduceMax(y) {KeepDims=true}\nd: i8 q(1:0) = Div(y, m)\ns = Sum(d, m, y)\noutput s",
	"input x: f32[N 1 4 4]\nconst z: i64[4] = (1 1 7 5)\ny = Resize(x, _, _, z) {Mode=\"cubic\" Coordinates=\"half_pixel\" CubicA=-0.75}\nq: u8 q(0.1:7) = Quantize(y)\nconst l: f32 = (0.2)\nc: u8 q(0.1:7) = Clip(q, l)\nw: i8 q(0.2:1) = Requantize(c)\noutput w",
	"input x: f32[N 4]\nq, s, z = DynamicQuantize(x) {Axes=1 Symmetric=true}\nconst w: i8[2 4] = (1 2 3 4 5 6 7 8)\na = Dense(q, w, _, _, z)\nconst k: f32[1] = (0.5)\ny = ScaleAccumulators(a, s, k)\noutput y",
	"input x: u8[N 2 2 2] q(0.1:3)\nconst t: u4[2 2 1 1] q{Scale=[0.5] Table=[-8 -7 -6 -5 -4 -3 -2 -1 0 1 2 3 4 5 6 127]} = (0 15 7 9)\nc: u8 q(0.2:9) = Conv(x, t) {Clamp={On=true Hi=6}}\nr: u8 q(0.3:1) = Conv(x, t, _, c) {Sum={Scale=0.2 Zero=9}}\noutput r",
	"input a: u8[2 3]\ninput b: i8[3 2]\nconst za: u8 = (3)\nconst zb: i8[2] = (1 -1)\nm = MatMul(a, b, za, zb)\nc = Cast(m) {To=f32}\nl = LogSoftmax(c) {Axis=1}\noutput l",
	"input x: u8[N 2 2 2] q(0.1:3)\nconst w: i8[2 2 1 1] q(0.1:0) = (1 2 3 4)\na: u8 q(0.2:9) = Conv(x, w)\ns: u8 q(0.01:0) = Sigmoid(a)\nm: u8 q(0.2:7) = Mul(a, s)\nb: u8 q(0.3:1) = Conv(x, w)\ny: u8 q(0.2:7) = Concat(m, b, x) {Axis=1}\nz: u8 q(0.2:7) = Concat(y, b) {Axis=1}\noutput z",
	"const c: f32[2] = (1 2)\nconst i: i64[1] = (2)\nk = ConstantOfShape(i) {Value=f32[1] (3)}\ny = Add(c, k)\ninput x: f32[2]\nz = Mul(x, y)\noutput z\noutput y",
}

// FuzzCompile compiles and runs whatever graph a text describes, with words of it changed as a seed tells unless it is 0:
// only errors may come back.
func FuzzCompile(f *testing.F) {
	for seed := range uint64(40) {
		g, _ := randomGraph(seed)
		var text strings.Builder
		if err := graph.PrintFull(&text, g); err != nil {
			f.Fatal(err)
		}
		if text.Len() < fuzzText {
			f.Add(text.String(), uint64(0))
		}
	}
	for _, text := range fuzzSeeds {
		if _, err := Compile(parse(f, text)); err != nil {
			f.Errorf("%v:\n%s", err, text)
		}
		f.Add(text, uint64(0))
	}
	pool := NewPool(2)
	f.Cleanup(pool.Close)
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		if seed != 0 && len(text) <= fuzzText {
			text = mutate(rand.New(rand.NewPCG(seed, 0)), text)
		}
		compileText(t, text, pool)
	})
}

// compileText compiles the graph of a text, if there is one and it is small, and reports whether that could be done.
func compileText(t *testing.T, text string, pool *Pool) bool {
	if len(text) > fuzzText {
		return false
	}
	g, err := graph.Parse(text, ops.NewAttrs)
	if err != nil || len(g.Nodes) > fuzzNodes {
		return false
	}
	// Where shapes are not known before shape arithmetic is folded, short numbers keep them small.
	if err := cheap(g); errors.Is(err, errCostly) || err != nil && longNumber.MatchString(text) {
		return false
	}
	levels := cpu.Available()
	return compileAndRun(t, g, Kernels(levels[len(text)%len(levels)].String()), Threads(1+len(text)%2), Batch(1+len(text)%3), WithPool(pool))
}

// compileAndRun compiles a graph, which may be an error, and runs it, which may not. It reports whether it compiled.
func compileAndRun(t *testing.T, g *graph.Graph, options ...Option) bool {
	p, err := Compile(g, options...)
	if err != nil {
		if strings.Contains(err.Error(), "bug") {
			t.Error(err)
		}
		return false
	}
	if m := p.Memory(); m.Arena > 1<<26 || m.Scratch > 1<<26 {
		return false
	}
	s, err := p.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	p.Steps()
	for n := p.MaxBatch(); n > 0 && (p.Dynamic() || n == p.MaxBatch()); n-- {
		if err := s.SetBatch(n); err != nil {
			t.Fatal(err)
		}
		for i := range p.Inputs() {
			fillRandom(rand.New(rand.NewPCG(uint64(n), uint64(i))), s.Input(i))
		}
		s.Run()
		var in []*graph.Tensor
		for i := range p.Inputs() {
			in = append(in, s.Input(i).Clone())
		}
		want, err := interpret(p.Canonical(), n, in...)
		if err != nil {
			t.Error(err)
			continue
		}
		for i, w := range want {
			if err := alike(s.Output(i), w); err != nil {
				t.Errorf("batch %d: output %d: %v", n, i, err)
			}
		}
		for i := range p.Outputs() {
			if err := s.Output(i).Check(); err != nil {
				t.Errorf("output %d: %v", i, err)
			}
		}
	}
	return true
}

// alike returns an error unless got is what want is, but for the rounding of floats and for elements that are no numbers.
func alike(got, want *graph.Tensor) error {
	limit := 1.0
	for i := range want.Len() {
		if a := math.Abs(want.Float(i)); a < math.MaxFloat32 {
			limit = max(limit, a)
		} else {
			return nil // nothing is known about what infinite sums give
		}
	}
	for i := range want.Len() {
		if d := math.Abs(got.Float(i) - want.Float(i)); d > floatTolerance*limit && (want.DType.IsFloat() || d > 1) {
			return fmt.Errorf("element %d of %d: got %v, want %v", i, want.Len(), got.Float(i), want.Float(i))
		}
	}
	return nil
}
