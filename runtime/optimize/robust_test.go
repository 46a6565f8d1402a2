package optimize

import (
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// parse returns the graph of a text.
func parse(t *testing.T, text string) *graph.Graph {
	t.Helper()
	g, err := graph.Parse(text, ops.NewAttrs)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// canonicalText returns the canonical form of the graph of a text.
func canonicalText(t *testing.T, text string) *graph.Graph {
	t.Helper()
	g, err := RunVerified(parse(t, text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return g
}

// agrees fails the test unless the graph of a text and its canonical form give the same on counting inputs.
func agrees(t *testing.T, text string) *graph.Graph {
	t.Helper()
	original, g := parse(t, text), canonicalText(t, text)
	var in []*graph.Tensor
	for _, v := range original.Inputs {
		x := graph.NewTensor(v.DType, v.Shape.Bind(2)...)
		var offset int64
		if v.DType.IsSigned() {
			offset = 128
		}
		for i := range x.Len() {
			if x.DType.IsFloat() {
				x.SetFloat(i, float64(i%7)-2.5)
			} else {
				x.SetInt(i, int64(i*37%256)-offset)
			}
		}
		in = append(in, x)
	}
	got, want := interpret(t, g, 2, in...), interpret(t, original, 2, in...)
	for i := range want {
		same(t, got[i], want[i], tolerance)
	}
	return g
}

func TestBadShapeArithmeticGivesErrors(t *testing.T) {
	for name, text := range map[string]string{
		"Reshape without data":         "const s: i64[1] = (1)\ny = Reshape(_, s)\noutput y",
		"Reshape without anything":     "y = Reshape()\noutput y",
		"sizes whose product vanishes": "input x: f32[N 2]\nconst s: i64[5] = (1 2147483648 2147483648 4 -1)\ny = Reshape(x, s)\noutput y",
		"a batch times a negative":     "input x: f32[N 2]\ns = Shape(x)\nconst m: i64[2] = (-1 1)\nt = Mul(s, m)\ny = Reshape(x, t)\noutput y",
		"nothing added to the batch":   "input x: f32[N]\ns = Shape(x)\nconst e: i64[0] = ()\nt = Add(e, s)\ny = Reshape(x, t)\noutput y",
		"attributes of the wrong kind": "input x: f32[2]\ny = Reshape(x)\noutput y",
		"an unknown operator":          "input x: f32[2]\ny = Frob(x)\noutput y",
	} {
		g, err := graph.Parse(text, func(op string) (any, error) {
			if op == "Frob" {
				return nil, nil
			}
			return ops.NewAttrs(op)
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, err := Run(g); err == nil || strings.Contains(err.Error(), "bug") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestShapeArithmeticOnInt32 slices the shape of an image as TensorFlow Lite does.
func TestShapeArithmeticOnInt32(t *testing.T) {
	g := canonicalText(t, `
		input x: f32[N 3 5 2]
		s64 = Shape(x)
		s = Cast(s64) {To=i32}
		const b: i32[1] = (0)
		const e: i32[1] = (2)
		nc = Slice(s, b, e)
		const rest: i32[1] = (-1)
		to = Concat(nc, rest)
		y = Reshape(x, to)
		output y`)
	if s := g.Outputs[0].Shape; !s.Equal(graph.Shape{graph.Batch, 3, 10}) {
		t.Errorf("output shape %v", s)
	}
}

func TestUnwantedNodesAndOutputsVanish(t *testing.T) {
	g := canonicalText(t, `
		input x: f32[N 6]
		_ = Quantize(x)
		const k: i64[1] = (1)
		a, b, c = Split(x) {Axis=1}
		_, i = TopK(b, k) {Axis=1}
		output i`)
	got := g.Nodes
	if operators(g) != "Split TopK" || got[0].Outputs[1] == nil || got[0].Outputs[2] != nil || got[1].Outputs[0] == nil {
		t.Errorf("canonical: %s with outputs %v, %v", operators(g), got[0].Outputs, got[1].Outputs)
	}
}

func TestInputWithAConstantIsThatConstant(t *testing.T) {
	g := agrees(t, "input x: f32[N 2]\ninput k: f32[2] = (3 4)\ny = Add(x, k)\noutput y")
	if len(g.Inputs) != 1 {
		t.Errorf("%d inputs", len(g.Inputs))
	}
}

func TestOutputsOfOneValueKeepTheirNames(t *testing.T) {
	g := agrees(t, `
		input x: f32[N 2]
		q: u8 q(0.5:3) = Quantize(x)
		r = Dequantize(q)
		p: u8 q(0.5:3) = Quantize(r)
		p2: u8 q(0.5:3) = Quantize(r)
		output q
		output p
		output p
		output p2`)
	for i, want := range []string{"q", "p", "p", "p2"} {
		if got := g.Outputs[i].Name; got != want {
			t.Errorf("output %d is named %q, want %q", i, got, want)
		}
	}
}

func TestPadIsNotAbsorbedWhereThePaddingOfTheConvolutionMeansAnotherNumber(t *testing.T) {
	g := agrees(t, `
		input x: u8[N 1 2 2]
		input z: u8[1] = (7)
		const pads: i64[8] = (0 0 1 1 0 0 0 0)
		p = Pad(x, pads)
		const w: i8[1 1 2 2] = (1 2 3 4)
		y = Conv(p, w, _, _, z)
		output y`)
	if got := operators(g); !strings.Contains(got, "Pad") {
		t.Errorf("canonical: %s", got)
	}
}

// TestAffineAlongAnotherAxisStaysApart holds products whose rows are as many as their channels.
func TestAffineAlongAnotherAxisStaysApart(t *testing.T) {
	agrees(t, `
		input x: f32[N 2 3 2]
		const w: f32[2 2] = (1 2 3 4)
		d = MatMul(x, w)
		const k: f32[2 1 1] = (10 20)
		y = Add(d, k)
		output y`)
	agrees(t, `
		input x: f32[N 2 2]
		const w: f32[2 2] = (1 2 3 4)
		d = MatMul(x, w)
		const k: f32[2] = (10 20)
		const one: f32[2] = (1 1)
		y = BatchNormalization(d, k, one, one, k)
		output y`)
	agrees(t, `
		input x: f32[N 2 3 2]
		const w: f32[2 2 1 1] = (1 2 3 4)
		c = Conv(x, w)
		const k: f32[2] = (10 20)
		const one: f32[2] = (1 1)
		y = BatchNormalization(c, k, one, one, k) {Layout=1}
		output y`)
}

func TestEmptyProductsStayAsTheyAre(t *testing.T) {
	for _, text := range []string{
		"input x: f32[N 3]\nconst w: f32[3 0] = ()\nm = MatMul(x, w)\nconst k: f32[1] = (2)\ny = Mul(m, k)\noutput y",
		"input x: f32[N 3]\nconst w: f32[0 3] = ()\ny = Gemm(x, w) {Alpha=1 Beta=1 TransB=true}\noutput y",
		"input x: f32[N 0]\nconst w: f32[0 3] = ()\ny = MatMul(x, w)\noutput y",
	} {
		agrees(t, text)
	}
}

// TestScalesTooFarApartAreComputedInFloat holds quantizations that no requantization multiplier bridges.
func TestScalesTooFarApartAreComputedInFloat(t *testing.T) {
	agrees(t, `
		input q: u8[N 2] q(1e-30:3)
		x = Dequantize(q)
		const wq: i8[2 2] q(1e-30:0) = (1 2 3 4)
		w = Dequantize(wq)
		d = Dense(x, w)
		y: u8 q(1:5) = Quantize(d)
		output y`)
	agrees(t, `
		input q: u8[N 2] q(1e30:3)
		x = Dequantize(q)
		s = Add(x, x)
		y: u8 q(1e-30:5) = Quantize(s)
		output y`)
}

func TestSignedConstantsBesideUnsignedData(t *testing.T) {
	agrees(t, `
		input x: i8[N 2] q(0.5:3)
		const k: i8[2] q(0.25:-4) = (100 -100)
		y: i8 q(0.5:1) = Add(k, x)
		output y`)
	agrees(t, `
		input x: i8[2 1] q(0.5:3)
		const k: i8[2 1] q(0.25:-4) = (100 -100)
		y: i8 q(0.5:1) = Concat(k, x) {Axis=1}
		output y`)
	agrees(t, `
		input x: i8[N 1 2] q(0.5:3)
		const k: i8[1 2 2] = (1 -2 3 -4)
		y = MatMul(x, k)
		output y`)
}

// TestOperatorsOnStoredIntegersSeeSignedOnes reads int8 activations, which become uint8, by their bits and by their numbers.
func TestOperatorsOnStoredIntegersSeeSignedOnes(t *testing.T) {
	agrees(t, `
		input x: i8[N 2] q(0.5:3)
		r: i8 q(0.5:3) = Relu(x)
		f = Reshape(r) {To=[N 2 1]}
		c = Cast(r) {To=i32}
		p: u8 = Reinterpret(r)
		b: i8 q(2:7) = Reinterpret(p)
		s: i8 q(1:1) = Add(b, r)
		output c
		output f
		output s
		output b`)
	agrees(t, `
		input x: i8[N 1 2 2] q(0.5:3)
		const w: i8[1 1 1 1] q(0.5:0) = (3)
		d: i8 q(0.5:4) = Conv(x, w)
		r: i8 q(0.5:2) = Relu(x)
		y: i8 q(0.5:1) = Add(d, r)
		c = Cast(r) {To=i32}
		e = Cast(y) {To=i32}
		output c
		output e`)
}

func TestTransposeThatRequantizesIsNoReorderingAlone(t *testing.T) {
	agrees(t, `
		input x: u8[N 2 2 3] q(0.5:3)
		a: u8 q(0.25:9) = Transpose(x) {Perm=[0 3 1 2]}
		y: u8 q(0.25:9) = MaxPool(a) {Kernel=[2 2]}
		b: u8 q(1:9) = Transpose(y) {Perm=[0 2 3 1]}
		output b`)
}

// TestScalesPerChannelFollowTheirAxis reorders activations and constants with several scales.
func TestScalesPerChannelFollowTheirAxis(t *testing.T) {
	agrees(t, `
		input x: f32[N 2 2 3]
		const w: f32[2 2 1 1] = (1 2 3 4)
		c = Conv(x, w)
		q: u8 q{Scale=[0.25 0.5] Zero=[3 4] Axis=1} = Quantize(c)
		y = Dequantize(q)
		output y
		output q`)
	agrees(t, `
		input x: f32[N 2 2 3]
		const w: f32[2 2 1 1] = (1 2 3 4)
		c = Conv(x, w)
		const k: u8[2 1 1] q{Scale=[0.25 0.5] Axis=0} = (8 20)
		y = Mul(c, k)
		output y`)
}

// TestClampBetweenTheSteps holds a pool whose clamp the integers of its input cannot express, and others whose they can.
func TestClampBetweenTheSteps(t *testing.T) {
	text := `
		input q: u8[N 1 2 2] q(1:3)
		x = Dequantize(q)
		m = MaxPool(x) {Kernel=[1 1]}
		const lo: f32 = (0)
		const hi: f32 = (HI)
		c = Clip(m, lo, hi)
		y: u8 q(0.25:0) = Quantize(c)
		output y`
	for _, hi := range []string{"1.25", "2", "1000"} {
		if got := operators(agrees(t, strings.Replace(text, "HI", hi, 1))); strings.Contains(got, "Dequantize") {
			t.Errorf("clamp to %s: canonical: %s", hi, got)
		}
	}
}
