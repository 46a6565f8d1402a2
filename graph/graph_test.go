package graph

import (
	"errors"
	"math"
	"testing"
)

func TestHalfConversionsRoundTrip(t *testing.T) {
	for h := range 1 << 16 {
		f := Float16ToFloat32(uint16(h))
		if f != f {
			continue
		}
		if got := Float32ToFloat16(f); got != uint16(h) {
			t.Fatalf("%#04x -> %v -> %#04x", h, f, got)
		}
	}
	for _, c := range []struct {
		f    float32
		want uint16
	}{{65520, 0x7c00}, {65519, 0x7bff}, {1 + 1.0/2048, 0x3c00}, {1 + 3.0/2048, 0x3c02}, {float32(math.Ldexp(1, -25)), 0}, {float32(math.Ldexp(1.5, -25)), 1}} {
		if got := Float32ToFloat16(c.f); got != c.want {
			t.Errorf("%v: got %#04x, want %#04x", c.f, got, c.want)
		}
	}
}

func TestElementsCountsTheBatch(t *testing.T) {
	for _, c := range []struct {
		s    Shape
		want int
		err  error
	}{
		{nil, 1, nil}, {Shape{2, 3}, 6, nil}, {Shape{Batch, 3}, -3, nil}, {Shape{-2, 4}, -8, nil},
		{Shape{Batch, Batch}, 0, ErrNotLinear}, {Shape{1 << 20, 1 << 20}, 0, errElements}, {Shape{0, 1 << 20}, 0, nil},
		{Shape{0, 1 << 20, 1 << 20}, 0, errElements}, {Shape{1 << 20, 1 << 20, 0}, 0, errElements}, {Shape{math.MinInt}, 0, errElements},
	} {
		got, err := c.s.Elements()
		if !errors.Is(err, c.err) || err == nil && got != c.want {
			t.Errorf("%v: got %d, %v; want %d, %v", c.s, got, err, c.want, c.err)
		}
	}
	if s := (Shape{-2, 3}).Bind(4); !s.Equal(Shape{8, 3}) {
		t.Errorf("bind: %v", s)
	}
}

func TestTensorElementsOfEveryType(t *testing.T) {
	for d := Float32; d < numDTypes; d++ {
		x := NewTensor(d, 5)
		if err := x.Check(); err != nil {
			t.Fatal(err)
		}
		want := []float64{0, 1, 1, 0, 1}
		for i, v := range want {
			if d.IsFloat() {
				x.SetFloat(i, v)
			} else {
				x.SetInt(i, int64(v))
			}
		}
		if d.IsSigned() {
			want[3] = -5
			x.SetInt(3, -5)
		}
		for i, v := range want {
			if got := x.Float(i); got != v {
				t.Errorf("%v[%d]: got %v, want %v", d, i, got, v)
			}
		}
	}
}

func small() *Graph {
	g := &Graph{}
	x := g.AddInput("x", Float32, Shape{Batch, 4})
	n := g.Add("Relu", "r", nil, []*Value{x}, "y")
	g.Outputs = []*Value{n.Outputs[0]}
	return g
}

func TestVerifyRefuses(t *testing.T) {
	if err := small().Verify(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Graph){
		"a value read before it is produced": func(g *Graph) { g.Nodes[0].Inputs[0] = NewValue("z", Float32, Shape{1}) },
		"two values of one name":             func(g *Graph) { g.Nodes[0].Outputs[0].Name = "x" },
		"no outputs":                         func(g *Graph) { g.Outputs = nil },
		"a constant of the wrong size":       func(g *Graph) { g.Nodes[0].Inputs[0] = NewConst("c", &Tensor{DType: Float32, Shape: Shape{3}}) },
		"a wrong producer":                   func(g *Graph) { g.Nodes[0].Outputs[0].Producer = nil },
		"a scale too many":                   func(g *Graph) { g.Inputs[0].DType = Uint8; g.Inputs[0].Quant = &Quant{Scale: []float32{1, 2}, Axis: 1} },
		"a quantized float":                  func(g *Graph) { g.Inputs[0].Quant = PerTensor(1, 0) },
		"a scalar without a scale":           func(g *Graph) { g.Inputs[0].DType, g.Inputs[0].Shape, g.Inputs[0].Quant = Uint8, nil, &Quant{} },
		"a negative block":                   func(g *Graph) { g.Inputs[0].DType = Uint8; g.Inputs[0].Quant = &Quant{Axis: 1, Block: -6} },
		"no node":                            func(g *Graph) { g.Nodes = append(g.Nodes, nil) },
	} {
		g := small()
		spoil(g)
		if err := g.Verify(); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestCloneIsIndependent(t *testing.T) {
	g := small()
	c := g.Bind(3)
	c.Nodes[0].Outputs[0].Name = "other"
	c.Nodes = nil
	if len(g.Nodes) != 1 || g.Outputs[0].Name != "y" || g.Outputs[0].Shape != nil {
		t.Error("the original changed")
	}
	if !c.Inputs[0].Shape.Equal(Shape{3, 4}) || !g.Inputs[0].Shape.Equal(Shape{Batch, 4}) {
		t.Errorf("bound %v, original %v", c.Inputs[0].Shape, g.Inputs[0].Shape)
	}
}

func TestQuantEqual(t *testing.T) {
	a, b := PerTensor(0.5, 0), &Quant{Scale: []float32{0.5}, Axis: 3}
	if !a.Equal(b) || a.Equal(PerTensor(0.5, 1)) || a.Equal(nil) {
		t.Error("per-tensor equality")
	}
}
