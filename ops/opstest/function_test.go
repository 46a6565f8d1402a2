package opstest_test

import (
	"errors"
	"math/rand"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/ops"
	. "github.com/octet-ml/octet/ops/opstest"
)

// scrambled is a function of bytes that is neither monotonic nor its own inverse.
func scrambled(scale float32, zero int32) *ops.ByteFunction {
	t := graph.NewTensor(graph.Uint8, 256)
	for i := range t.Data {
		t.Data[i] = byte(i*77 + i/3)
	}
	return &ops.ByteFunction{Scale: scale, Zero: zero, Table: t}
}

func TestLayersApplyFunctionsLast(t *testing.T) {
	// x is (-1 0; 1 2) in units of 0.5; the results are -0.5, 3.5 and rounded to units of 1 around 10.
	x := Quantized(u8([]int64{1, 2, 3, 4}, 2, 2), 0.5, 2)
	w := weights([]int64{1, 3}, 1, 2)
	out := []Declared{{graph.Uint8, graph.PerTensor(7, 3)}}
	at := func(f *ops.ByteFunction, v ...byte) *graph.Tensor {
		y := graph.NewTensor(graph.Uint8, 2, 1)
		for i, q := range v {
			y.Data[i] = f.Table.Data[q]
		}
		return y
	}
	f := scrambled(1, 10)
	Values(t, Case{Op: "Dense", Attrs: &ops.Dense{Function: f}, In: []Operand{x, w}, Out: out}, at(f, 10, 14))
	clamped := ops.Clamp{On: true, Lo: 0, Hi: 3}
	Values(t, Case{Op: "Dense", Attrs: &ops.Dense{Clamp: clamped, Function: f}, In: []Operand{x, w}, Out: out}, at(f, 10, 13))
	residual := Quantized(u8([]int64{5, 9}, 2, 1), 1, 6) // -1 and 3
	sum := &ops.SumQuant{Scale: 0.5, Zero: 100, Clamp: clamped}
	Values(t, Case{Op: "Dense", Attrs: &ops.Dense{Sum: sum, Function: f}, In: []Operand{x, w, {}, residual}, Out: out}, at(f, 9, 16))
}

func TestFunctionsOfLayersAgree(t *testing.T) {
	s := source{rand.New(rand.NewSource(testkit.Seed(t)))}
	targets := Targets(t)
	out := []Declared{{graph.Uint8, graph.PerTensor(0.04, 9)}}
	nhwc := ops.Window{Layout: ops.NHWC, Pads: [4]int{1, 1, 1, 1}}
	f, sum := scrambled(0.5, 120), &ops.SumQuant{Scale: 0.7, Zero: 90}
	quantized := func(shape ...int) Operand { return Quantized(s.real(graph.Uint8, shape...), 0.02, 120) }
	w := func(shape ...int) Operand {
		return Operand{Data: s.real(graph.Int8, shape...), Quant: graph.PerTensor(0.3, 0), Const: true}
	}
	for name, c := range map[string]Case{
		"conv":      {Op: "Conv", Attrs: &ops.Conv{Window: nhwc, Function: f}, In: []Operand{quantized(2, 9, 9, 16), w(70, 3, 3, 16)}},
		"pointwise": {Op: "Conv", Attrs: &ops.Conv{Window: ops.Window{Layout: ops.NHWC}, Clamp: ops.Clamp{On: true, Lo: -8, Hi: 20}, Function: f}, In: []Operand{quantized(2, 9, 9, 16), w(24, 1, 1, 16)}},
		"depthwise": {Op: "Conv", Attrs: &ops.Conv{Window: nhwc, Group: 72, Function: f}, In: []Operand{quantized(2, 9, 9, 72), w(72, 3, 3, 1)}},
		"residual":  {Op: "Conv", Attrs: &ops.Conv{Window: nhwc, Sum: sum, Function: f}, In: []Operand{quantized(2, 7, 7, 16), w(64, 3, 3, 16), {}, quantized(2, 7, 7, 64)}},
		"dense":     {Op: "Dense", Attrs: &ops.Dense{Function: f}, In: []Operand{quantized(3, 100), w(37, 100)}},
	} {
		c.Name, c.Out = name, out
		Check(t, targets, c)
	}
}

func TestFunctionsWantBytes(t *testing.T) {
	x, w := Quantized(u8(make([]int64, 4), 2, 2), 1, 3), weights(make([]int64, 4), 2, 2)
	out := []Declared{{graph.Uint8, graph.PerTensor(1, 0)}}
	short := &ops.ByteFunction{Scale: 1, Table: graph.NewTensor(graph.Uint8, 255)}
	for name, c := range map[string]Case{
		"float data":          {Attrs: &ops.Dense{Function: scrambled(1, 0)}, In: []Operand{In(seq(2, 2)), Const(seq(2, 2))}},
		"an int8 output":      {Attrs: &ops.Dense{Function: scrambled(1, 0)}, In: []Operand{x, w}, Out: []Declared{{graph.Int8, graph.PerTensor(1, 0)}}},
		"accumulators":        {Attrs: &ops.Dense{Function: scrambled(1, 0)}, In: []Operand{x, w}},
		"no table":            {Attrs: &ops.Dense{Function: &ops.ByteFunction{Scale: 1}}, In: []Operand{x, w}, Out: out},
		"a short table":       {Attrs: &ops.Dense{Function: short}, In: []Operand{x, w}, Out: out},
		"no scale":            {Attrs: &ops.Dense{Function: scrambled(0, 0)}, In: []Operand{x, w}, Out: out},
		"a zero point of 256": {Attrs: &ops.Dense{Function: scrambled(1, 256)}, In: []Operand{x, w}, Out: out},
	} {
		c.Op = "Dense"
		if _, err := c.Node(); !errors.Is(err, ops.ErrType) {
			t.Errorf("%s: got %v, want an error that wraps ErrType", name, err)
		}
	}
}

func TestFunctionsAccumulateAndBarClamps(t *testing.T) {
	for _, name := range []string{"Conv", "Dense"} {
		op, err := ops.Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		first, second := scrambled(0.5, 7), scrambled(2, 9)
		a := op.WithFunction(op.WithFunction(op.Attrs(), first), second)
		var f *ops.ByteFunction
		switch a := a.(type) {
		case *ops.Conv:
			f = a.Function
		case *ops.Dense:
			f = a.Function
		}
		if f.Scale != 0.5 || f.Zero != 7 {
			t.Errorf("%s: argument %v around %d, want that of the first function", name, f.Scale, f.Zero)
		}
		for i, v := range f.Table.Data {
			if want := second.Table.Data[first.Table.Data[i]]; v != want {
				t.Fatalf("%s: byte %d becomes %d, want %d", name, i, v, want)
			}
		}
		if _, ok := op.WithClamp(a, 0, 6); ok {
			t.Errorf("%s: a clamp would come before the function", name)
		}
	}
}
