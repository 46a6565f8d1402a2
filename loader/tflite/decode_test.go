package tflite_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/loader/tflite"
)

var floats = tensor{kind: typeFloat32, shape: dims(1, 2)}

func TestBatchComesFromTheSignature(t *testing.T) {
	x := floats
	x.signature = dims(-1, 2)
	if s := decode(t, unary(101, x, x)).Inputs[0].Shape; !s.Equal(graph.Shape{graph.Batch, 2}) {
		t.Errorf("open: got %v", s)
	}
	if s := decode(t, unary(101, floats, floats)).Inputs[0].Shape; !s.Equal(graph.Shape{1, 2}) {
		t.Errorf("fixed: got %v", s)
	}
}

func TestOpenDimensionsWantAShape(t *testing.T) {
	x := floats
	x.shape, x.signature = dims(1, 1), dims(-1, -1)
	m := unary(101, x, x)
	_, err := tflite.Decode(m.bytes(), tflite.Options{})
	if !errors.Is(err, tflite.ErrDynamic) || !strings.Contains(err.Error(), `"x"`) {
		t.Errorf("got %v", err)
	}
	g, err := tflite.Decode(m.bytes(), tflite.Options{InputShapes: map[string]graph.Shape{"x": {graph.Batch, 7}}})
	if err != nil || !g.Inputs[0].Shape.Equal(graph.Shape{graph.Batch, 7}) {
		t.Errorf("given: got %v, %v", g, err)
	}
	_, err = tflite.Decode(unary(101, floats, floats).bytes(), tflite.Options{InputShapes: map[string]graph.Shape{"x": {1, 7}}})
	if !errors.Is(err, tflite.ErrFormat) {
		t.Errorf("contradiction: got %v", err)
	}
}

func TestNamesAreMadeUnique(t *testing.T) {
	m := model{in: []int32{0}, out: []int32{3}}
	for i, name := range []string{"a", "a", "", "a_2"} {
		x := floats
		x.name = name
		m.tensors = append(m.tensors, x)
		if i > 0 {
			m.operators = append(m.operators, operator{code: 101, in: []int32{int32(i - 1)}, out: []int32{int32(i)}})
		}
	}
	g := decode(t, m)
	got := []string{g.Inputs[0].Name}
	for _, n := range g.Nodes {
		got = append(got, n.Outputs[0].Name)
	}
	if want := "[a a_2 tensor_2 a_2_2]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestConstantsAliasTheFile(t *testing.T) {
	c := opCase{0, 11, nil, []operand{fv(dims(1, 2), 0, 0), constant(fv(dims(2), 10, 20))}, []operand{fv(dims(1, 2), 0, 0)}}
	data := c.model().bytes()
	g, err := tflite.Decode(data, tflite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	x := g.Nodes[0].Inputs[1].Const
	at := strings.Index(string(data), string(f32(10, 20)))
	if at < 0 || &x.Data[0] != &data[at] {
		t.Error("the constant is a copy")
	}
}

func TestAllOperatorsThatCannotBeConvertedAreReported(t *testing.T) {
	x := floats
	m := model{in: []int32{0}, out: []int32{4}}
	for i := range 5 {
		x.name = fmt.Sprint("t", i)
		m.tensors = append(m.tensors, x)
	}
	for i, code := range []int{16, 101, 32, 119} {
		m.operators = append(m.operators, operator{code: code, in: []int32{int32(i)}, out: []int32{int32(i + 1)}})
	}
	m.operators[2].custom, m.operators[2].in = "Sobel", []int32{0}
	m.operators[3].in = []int32{0}
	_, err := tflite.Decode(m.bytes(), tflite.Options{})
	var list tflite.OperatorErrors
	if !errors.As(err, &list) || !errors.Is(err, tflite.ErrUnsupported) || len(list) != 3 {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{"3 operators", "operator 0 LSTM", `custom operator "Sobel"`, "operator 3 WHILE"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v: want %q", err, want)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	abs := func(change func(m *model)) model {
		m := unary(101, floats, floats)
		change(&m)
		return m
	}
	one := func(code int, kind byte, f fields, in ...operand) model {
		return opCase{code, kind, f, in, []operand{fv(dims(1, 2), 0, 0)}}.model()
	}
	picture := fv(dims(1, 2, 2, 2), 0, 0, 0, 0, 0, 0, 0, 0)
	weights := constant(fv(dims(1, 1, 1, 2), 1, 1))
	for name, c := range map[string]struct {
		m    model
		want error
	}{
		"a tensor out of range":        {abs(func(m *model) { m.operators[0].in[0] = 9 }), tflite.ErrFormat},
		"a negative tensor":            {abs(func(m *model) { m.operators[0].in[0] = -2 }), tflite.ErrFormat},
		"an absent input":              {abs(func(m *model) { m.operators[0].in[0] = -1 }), tflite.ErrFormat},
		"an absent output":             {abs(func(m *model) { m.operators[0].out[0] = -1 }), tflite.ErrFormat},
		"no output of an operator":     {abs(func(m *model) { m.operators[0].out = nil }), tflite.ErrFormat},
		"too many inputs":              {abs(func(m *model) { m.operators[0].in = []int32{0, 0} }), tflite.ErrFormat},
		"an output that is an input":   {abs(func(m *model) { m.operators[0].out[0] = 0 }), tflite.ErrFormat},
		"a value that nobody produces": {abs(func(m *model) { m.in = nil }), tflite.ErrFormat},
		"an input given twice":         {abs(func(m *model) { m.in = []int32{0, 0} }), tflite.ErrFormat},
		"no outputs":                   {abs(func(m *model) { m.out = nil }), tflite.ErrFormat},
		"a negative dimension":         {abs(func(m *model) { m.tensors[0].shape = dims(-1, 2) }), tflite.ErrFormat},
		"a signature of another rank":  {abs(func(m *model) { m.tensors[0].signature = dims(-1) }), tflite.ErrFormat},
		"too many axes":                {abs(func(m *model) { m.tensors[0].shape = make([]int32, 17) }), tflite.ErrLimit},
		"a string tensor":              {abs(func(m *model) { m.tensors[1].kind = typeString }), tflite.ErrUnsupported},
		"an unknown type":              {abs(func(m *model) { m.tensors[1].kind = 99 }), tflite.ErrUnsupported},
		"a variable":                   {abs(func(m *model) { m.tensors[1].variable = true }), tflite.ErrUnsupported},
		"a scale of the wrong length":  {unary(101, tensor{kind: typeInt8, shape: dims(1, 2), scale: []float32{1, 2, 3}}, floats), tflite.ErrFormat},
		"a zero point out of range":    {unary(101, quantized(typeInt8, dims(1, 2), 1, 500), floats), tflite.ErrFormat},
		"a negative scale":             {unary(101, quantized(typeInt8, dims(1, 2), -1, 0), floats), tflite.ErrFormat},
		"zero points too many":         {unary(101, tensor{kind: typeInt8, shape: dims(1, 2), scale: []float32{1}, zero: []int64{0, 0, 0}}, floats), tflite.ErrFormat},
		"a constant that is too short": {one(0, 11, nil, fv(dims(1, 2), 0, 0), constant(operand{tensor{shape: dims(3), data: f32(1)}, picture.x, true})), tflite.ErrFormat},
		"sparse weights":               {one(0, 11, nil, fv(dims(1, 2), 0, 0), constant(operand{tensor{shape: dims(1), data: f32(1), sparse: true}, picture.x, true})), tflite.ErrUnsupported},

		"stride 0":                   {one(3, 1, fields{}, picture, weights), tflite.ErrFormat},
		"an unknown padding":         {one(3, 1, fields{0: byte(7), 1: int32(1), 2: int32(1)}, picture, weights), tflite.ErrFormat},
		"an unknown activation":      {one(3, 1, fields{1: int32(1), 2: int32(1), 3: byte(5)}, picture, weights), tflite.ErrUnsupported},
		"channels that do not fit":   {one(3, 1, fields{1: int32(1), 2: int32(1)}, fv(dims(1, 1, 1, 3), 0, 0, 0), weights), tflite.ErrFormat},
		"data of three axes":         {one(3, 1, fields{1: int32(1), 2: int32(1)}, rising, weights), tflite.ErrFormat},
		"depthwise weights [2 ...]":  {one(4, 2, fields{1: int32(1), 2: int32(1)}, picture, constant(fv(dims(2, 1, 1, 1), 1, 1))), tflite.ErrFormat},
		"shuffled weights":           {one(9, 8, fields{1: byte(1)}, fv(dims(1, 2), 0, 0), constant(fv(dims(1, 2), 1, 1))), tflite.ErrUnsupported},
		"axes that are computed":     {one(40, 27, fields{}, rising, iv(dims(1), 1)), tflite.ErrUnsupported},
		"axes that are not integers": {one(40, 27, fields{}, rising, constant(fv(dims(1), 1))), tflite.ErrFormat},
		"a permutation with repeats": {one(39, 26, nil, rising, list(0, 1, 1)), tflite.ErrFormat},
		"slice stride 0":             {sliced(fields{}, list(0), list(1), list(0), rising).model(), tflite.ErrFormat},
		"slice bounds for more axes": {sliced(fields{}, list(0, 0, 0, 0), list(1, 1, 1, 1), list(1, 1, 1, 1), rising).model(), tflite.ErrFormat},
		"two ellipses":               {sliced(fields{2: int32(3)}, list(0, 0), list(0, 0), list(1, 1), rising).model(), tflite.ErrFormat},
		"an odd number of paddings":  {one(34, 22, nil, rising, list(0, 0, 1)), tflite.ErrFormat},
		"wide symmetric padding":     {one(100, 77, fields{0: byte(1)}, rising, list(0, 0, 0, 0, 2, 2)), tflite.ErrUnsupported},
		"sizes of a split too large": {one(102, 79, nil, rising, list(9), number(2)), tflite.ErrFormat},
		"blocks that do not divide":  {one(38, 25, nil, picture, list(3, 1), constant(iv(dims(2, 2), 0, 0, 0, 0))), tflite.ErrFormat},
		"gather with batch_dims":     {one(36, 23, fields{1: int32(1)}, rising, list(0)), tflite.ErrUnsupported},
		"no shape":                   {one(22, 17, fields{}, rising), tflite.ErrFormat},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tflite.Decode(c.m.bytes(), tflite.Options{})
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestLimitsAreKept(t *testing.T) {
	m := unary(101, floats, floats)
	for name, l := range map[string]tflite.Limits{
		"file": {FileBytes: 100}, "nodes": {Nodes: -1}, "tensors": {Tensors: 1}, "rank": {Rank: 1}, "decoded": {DecodedBytes: 1000},
	} {
		if _, err := tflite.Decode(m.bytes(), tflite.Options{Limits: l}); !errors.Is(err, tflite.ErrLimit) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestSharedVectorsDoNotMultiplyMemory decodes files whose vectors of tensors and operators refer to one table, with one long
// name, thousands of times.
func TestSharedVectorsDoNotMultiplyMemory(t *testing.T) {
	for name, data := range map[string][]byte{"names": sharedNames(10_000, 100_000), "buffers": sharedWeights(10_000, 1<<20)} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := tflite.Decode(data, tflite.Options{})
		runtime.ReadMemStats(&after)
		if !errors.Is(err, tflite.ErrLimit) {
			t.Errorf("%s: got %v", name, err)
		}
		used, bound := after.TotalAlloc-before.TotalAlloc, 2*uint64(16<<20+8*len(data))
		t.Logf("%s: %d bytes allocated for a file of %d", name, used, len(data))
		if used > bound {
			t.Errorf("%s: %d bytes allocated, want at most %d", name, used, bound)
		}
	}
}
