package tflite_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/loader/tflite"
	"github.com/octet-ml/octet/runtime"
)

// operand is an input, a constant or an expected output of a test case.
type operand struct {
	tensor
	x        *graph.Tensor
	constant bool
}

// fv is a float operand, iv one of int32 and bv one of bool; each has the given shape.
func fv(shape []int32, v ...float32) operand {
	return operand{tensor{kind: typeFloat32, shape: shape, data: f32(v...)}, graph.Float32s(v, wide(shape)...), false}
}

func iv(shape []int32, v ...int32) operand {
	return operand{tensor{kind: typeInt32, shape: shape, data: i32(v...)}, graph.Int32s(v, wide(shape)...), false}
}

func bv(shape []int32, v ...byte) operand {
	return operand{tensor{kind: typeBool, shape: shape, data: v}, &graph.Tensor{DType: graph.Bool, Shape: wide(shape), Data: v}, false}
}

// constant makes an operand a constant; list is a constant vector of int32 and number a constant scalar.
func constant(o operand) operand {
	o.constant = true
	return o
}

func list(v ...int32) operand { return constant(iv(dims(int32(len(v))), v...)) }

func number(v int32) operand { return constant(iv(dims(), v)) }

func dims(v ...int32) []int32 { return append([]int32{}, v...) }

func wide(v []int32) []int {
	out := make([]int, len(v))
	for i, x := range v {
		out[i] = int(x)
	}
	return out
}

// absent is an optional input that is not there.
var absent = operand{}

// opCase is an operator with its operands and results.
type opCase struct {
	code    int
	kind    byte
	options fields
	in      []operand
	out     []operand
}

// model returns a model of the one operator.
func (c opCase) model() model {
	m := model{operators: []operator{{code: c.code, kind: c.kind, options: c.options}}}
	op := &m.operators[0]
	for i, o := range c.in {
		if o.x == nil {
			op.in = append(op.in, -1)
			continue
		}
		at := int32(len(m.tensors))
		op.in = append(op.in, at)
		t := o.tensor
		t.name = fmt.Sprintf("in%d", i)
		if !o.constant {
			t.data = nil
			m.in = append(m.in, at)
		}
		m.tensors = append(m.tensors, t)
	}
	for i, o := range c.out {
		at := int32(len(m.tensors))
		op.out = append(op.out, at)
		m.out = append(m.out, at)
		t := o.tensor
		t.name, t.data = fmt.Sprintf("out%d", i), nil
		m.tensors = append(m.tensors, t)
	}
	return m
}

// run decodes, compiles and runs the case and compares its outputs.
func (c opCase) run(t *testing.T) {
	t.Helper()
	g, err := tflite.Decode(c.model().bytes(), tflite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := runtime.Compile(g, runtime.Threads(1))
	if err != nil {
		t.Fatal(err)
	}
	var in []*graph.Tensor
	for _, o := range c.in {
		if o.x != nil && !o.constant {
			in = append(in, o.x)
		}
	}
	out, err := p.Run(in...)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range c.out {
		close(t, out[i], want.x)
	}
}

// floatTolerance covers exponentials and roots in float32, which round differently from float64.
const floatTolerance = 1e-5

// close fails unless the tensors have the same type and shape and nearly the same elements.
func close(t *testing.T, got, want *graph.Tensor) {
	t.Helper()
	if got.DType != want.DType || !got.Shape.Equal(want.Shape) {
		t.Fatalf("got %v%v, want %v%v", got.DType, got.Shape, want.DType, want.Shape)
	}
	for i := range want.Len() {
		if d := math.Abs(got.Float(i) - want.Float(i)); !(d <= floatTolerance*max(1, math.Abs(want.Float(i)))) {
			t.Fatalf("element %d: got %v, want %v (all: %v, want %v)", i, got.Float(i), want.Float(i), got.Floats(), want.Floats())
		}
	}
}

func TestOperators(t *testing.T) {
	names := operatorNames()
	met := make(map[int]bool)
	for _, cases := range []map[string]opCase{spatialCases, mathCases, moveCases} {
		for name, c := range cases {
			met[c.code] = true
			operator, _, _ := strings.Cut(name, "/")
			t.Run(name, func(t *testing.T) {
				if names[c.code] != operator {
					t.Fatalf("code %d is %q", c.code, names[c.code])
				}
				c.run(t)
			})
		}
	}
	for code, name := range names {
		if !met[code] && name != "QUANTIZE" && name != "DEQUANTIZE" {
			t.Errorf("%s has no case", name)
		}
	}
}
