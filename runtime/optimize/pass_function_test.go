package optimize

import (
	"bytes"
	"encoding/base64"
	"slices"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// sameBytesWithout fails the test unless the outputs of the canonical graph g have the bytes of those of the graph that Run makes
// without one of its passes.
func sameBytesWithout(t *testing.T, b *builder, g *graph.Graph, pass string) {
	t.Helper()
	rest := slices.DeleteFunc(Passes(), func(p Pass) bool { return p.Name == pass })
	plain, err := run(&b.Graph, rest, true)
	if err != nil {
		t.Fatal(err)
	}
	in := b.input(2, g.Inputs[0].Shape[1:]...)
	got, want := interpret(t, g, 2, in), interpret(t, plain, 2, in)
	for i := range want {
		if !bytes.Equal(got[i].Data, want[i].Data) {
			t.Errorf("output %d: the bytes are not those without pass %s", i, pass)
		}
	}
}

// conv is a quantized convolution of x that is not rounded yet.
func (b *builder) conv(name string, x *graph.Value, ic, oc int) *graph.Value {
	w := b.weights("w"+name, oc, ic, 1, 1)
	return b.node("Conv", &ops.Conv{}, name, x, w)
}

// start is a quantized input with four channels.
func (b *builder) start() *graph.Value {
	x := b.AddInput("x", graph.Float32, graph.Shape{graph.Batch, 4, 5, 5})
	return b.quantize(x, graph.Uint8, 0.02, 128)
}

// scalar is a constant that is quantized as 8-bit numbers are.
func (b *builder) scalar(name string, q int64, scale float32) *graph.Value {
	c := graph.NewConst(name+".q", graph.NewTensor(graph.Uint8))
	c.Const.SetInt(0, q)
	c.Quant = graph.PerTensor(scale, 0)
	return b.node("Dequantize", nil, name, c)
}

func TestFunctionsOfBytesJoinTheLayer(t *testing.T) {
	type values = []*graph.Value
	for name, c := range map[string]struct {
		build func(b *builder, x, c *graph.Value) values // from the rounded result of a convolution
		left  []string                                   // elementwise operators that stay
	}{
		"an activation": {build: func(b *builder, x, c *graph.Value) values {
			return values{b.quantize(b.node("HardSwish", nil, "h", c), graph.Uint8, 0.04, 9)}
		}},
		"int8": {build: func(b *builder, x, c *graph.Value) values {
			return values{b.quantize(b.node("Sigmoid", nil, "h", c), graph.Int8, 1.0/256, -128)}
		}},
		"x*sigmoid(x)": {build: func(b *builder, x, c *graph.Value) values {
			s := b.quantize(b.node("Sigmoid", nil, "s", c), graph.Uint8, 1.0/256, 0)
			return values{b.quantize(b.node("Mul", &ops.Arithmetic{}, "m", c, s), graph.Uint8, 0.03, 12)}
		}},
		"several nodes and constants": {build: func(b *builder, x, c *graph.Value) values {
			s := b.quantize(b.node("Add", &ops.Arithmetic{}, "a", c, b.scalar("three", 200, 0.015)), graph.Uint8, 0.05, 70)
			s = b.quantize(b.node("Relu6", nil, "r", s), graph.Uint8, 6.0/255, 0)
			s = b.quantize(b.node("Mul", &ops.Arithmetic{}, "m", s, b.scalar("sixth", 170, 0.001)), graph.Uint8, 1.0/255, 0)
			return values{b.quantize(b.node("Mul", &ops.Arithmetic{}, "n", c, s), graph.Uint8, 0.03, 12)}
		}},
		"the last of which another node reads": {build: func(b *builder, x, c *graph.Value) values {
			h := b.quantize(b.node("HardSwish", nil, "h", c), graph.Uint8, 0.04, 9)
			return values{b.quantize(b.conv("d", h, 6, 3), graph.Uint8, 0.1, 100), h}
		}},
		"another reader": {left: []string{"HardSwish"}, build: func(b *builder, x, c *graph.Value) values {
			h := b.quantize(b.node("HardSwish", nil, "h", c), graph.Uint8, 0.04, 9)
			return values{h, b.quantize(b.conv("d", c, 6, 3), graph.Uint8, 0.1, 100)}
		}},
		"an output of the graph": {left: []string{"HardSwish"}, build: func(b *builder, x, c *graph.Value) values {
			return values{b.quantize(b.node("HardSwish", nil, "h", c), graph.Uint8, 0.04, 9), c}
		}},
		"a part with another reader": {left: []string{"Mul"}, build: func(b *builder, x, c *graph.Value) values {
			s := b.quantize(b.node("Sigmoid", nil, "s", c), graph.Uint8, 1.0/256, 0)
			return values{b.quantize(b.node("Mul", &ops.Arithmetic{}, "m", c, s), graph.Uint8, 0.03, 12), s}
		}},
		"a constant for each channel": {left: []string{"Mul"}, build: func(b *builder, x, c *graph.Value) values {
			return values{b.quantize(b.node("Mul", &ops.Arithmetic{}, "m", c, b.weights("k", 6, 1, 1)), graph.Uint8, 0.01, 120)}
		}},
		"two layers": {left: []string{"Mul"}, build: func(b *builder, x, c *graph.Value) values {
			d := b.quantize(b.conv("d", x, 4, 6), graph.Uint8, 0.05, 100)
			return values{b.quantize(b.node("Mul", &ops.Arithmetic{}, "m", c, d), graph.Uint8, 0.03, 12)}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBuilder(t)
			x := b.start()
			outs := c.build(b, x, b.quantize(b.conv("c", x, 4, 6), graph.Uint8, 0.05, 120))
			g := b.canonical(t, outs...)
			var left []string
			for _, n := range g.Nodes {
				if op, err := ops.Lookup(n.Op); err == nil && op.Elementwise && n.Op != "Requantize" {
					left = append(left, n.Op)
				}
			}
			if c.left == nil && left != nil || c.left != nil && !slices.Contains(left, c.left[0]) {
				t.Errorf("left %v, want %v: %s", left, c.left, operators(g))
			}
			sameBytesWithout(t, b, g, "function")
		})
	}
}

func TestFunctionsFollowTheClampAndTheResidual(t *testing.T) {
	b := newBuilder(t)
	x := b.start()
	p := b.quantize(b.conv("p", x, 4, 6), graph.Uint8, 0.05, 120)
	q := b.quantize(b.node("Relu", nil, "r", b.conv("q", p, 6, 6)), graph.Uint8, 0.05, 20)
	sum := b.quantize(b.node("Relu6", nil, "s", b.node("Add", &ops.Arithmetic{}, "a", q, p)), graph.Uint8, 6.0/255, 0)
	g := b.canonical(t, b.quantize(b.node("Sigmoid", nil, "y", sum), graph.Uint8, 1.0/256, 0))
	if got := operators(g); got != "Transpose Conv Conv Dequantize Transpose" {
		t.Errorf("canonical: %s", got)
	}
	a := g.Nodes[2].Attrs.(*ops.Conv)
	if a.Function == nil || a.Sum == nil || !a.Sum.Clamp.On || !a.Clamp.On {
		t.Errorf("attributes: %+v", a)
	}
	sameBytesWithout(t, b, g, "function")
}

func TestNothingComesBetweenALayerAndItsFunction(t *testing.T) {
	table := "Function={Scale=0.05 Zero=9 Table=u8[256] base64:" + base64.RawStdEncoding.EncodeToString(reversed()) + "}"
	for name, after := range map[string]string{
		"a residual":  "y: u8 q(0.1:5) = Add(c, x)",
		"a clamp":     "y = Relu(c)",
		"a function":  "y: u8 q(0.02:7) = Sigmoid(c)",
		"two of them": "s: u8 q(0.02:7) = Sigmoid(c)\ny: u8 q(0.1:5) = Add(s, x)",
	} {
		t.Run(name, func(t *testing.T) {
			agrees(t, `
				input x: u8[N 2 2 2] q(0.1:3)
				const w: i8[2 2 1 1] q(0.1:0) = (10 -20 30 40)
				c: u8 q(0.07:100) = Conv(x, w) {`+table+"}\n"+after+"\noutput y")
		})
	}
}

// reversed returns the bytes from 255 down to 0.
func reversed() []byte {
	b := allBytes()
	slices.Reverse(b)
	return b
}
