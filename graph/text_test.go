package graph

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// mode, window and attrs stand in for the attribute structs of package ops.
type mode uint8

type window struct {
	Layout  mode
	Strides [2]int
}

type inner struct {
	Scale  float32
	Signed bool
}

type attrs struct {
	window
	Group  int64
	Small  int8
	Alpha  float32
	Beta   float64
	On     bool
	Mode   string
	To     DType
	Types  []DType
	Shape  Shape
	Axes   []int
	Names  []string
	Inner  inner
	Sum    *inner
	Value  *Tensor
	Matrix [2][]float32
	Table  *[4]int8
	hidden int
}

func newTestAttrs(op string) (any, error) {
	switch op {
	case "Plain", "a b", "_":
		return nil, nil
	case "All":
		return &attrs{Group: 7, Mode: "default"}, nil
	case "Value":
		return attrs{}, nil
	}
	return nil, fmt.Errorf("no operator %q", op)
}

func text(t testing.TB, print func(w *bytes.Buffer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := print(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func full(t testing.TB, g *Graph) string {
	t.Helper()
	return text(t, func(w *bytes.Buffer) error { return PrintFull(w, g) })
}

func short(t testing.TB, g *Graph) string {
	t.Helper()
	return text(t, func(w *bytes.Buffer) error { return Print(w, g) })
}

// ramp returns a tensor whose bytes count up from a start that is not a run of valid numbers.
func ramp(d DType, shape ...int) *Tensor {
	t := NewTensor(d, shape...)
	for i := range t.Data {
		t.Data[i] = byte(i*37 + 200)
	}
	return t
}

// pile returns a graph of one chain of Plain nodes that read the given values.
func pile(values ...*Value) *Graph {
	g := new(Graph)
	x := g.AddInput("x", Uint8, Shape{Batch, 3})
	for i, v := range values {
		x = g.Add("Plain", "", nil, []*Value{x, v}, fmt.Sprintf("y%d", i)).Outputs[0]
	}
	g.Outputs = []*Value{x}
	return g
}

func constant(name string, t *Tensor, q *Quant) *Value {
	v := NewConst(name, t)
	v.Quant = q
	return v
}

func typesGraph() *Graph {
	var list []*Value
	for d := Float32; d < numDTypes; d++ {
		list = append(list,
			constant(fmt.Sprintf("%v/short", d), ramp(d, 3), nil),
			constant(fmt.Sprintf("%v/long", d), ramp(d, 3, 5), nil),
			constant(fmt.Sprintf("%v/none", d), ramp(d, 0, 4), nil))
	}
	return pile(append(list,
		constant("scalar", Float32s([]float32{0.1}), nil),
		constant("special", Float32s([]float32{float32(math.Inf(-1)), float32(math.Copysign(0, -1)), 1e-45, math.MaxFloat32, 1 << 24}, 5), nil),
		constant("payload", &Tensor{DType: Float32, Shape: Shape{1}, Data: []byte{1, 2, 0xc0, 0xff}}, nil),
		constant("int64", Int64s([]int64{math.MinInt64, math.MaxInt64}, 2), nil),
		constant("uint64", &Tensor{DType: Uint64, Shape: Shape{1}, Data: bytes.Repeat([]byte{255}, 8)}, nil))...)
}

func quantGraph() *Graph {
	var blocks, channels []float32
	for i := range 12 {
		blocks = append(blocks, 0.1/float32(i+3))
		channels = append(channels, float32(math.Exp(float64(-i))))
	}
	zeros := make([]int32, 12)
	zeros[11] = -7
	table := &[16]int8{-127, -64, -32, -16, -8, -4, -2, -1, 0, 1, 2, 4, 8, 16, 32, 127}
	g := pile(
		constant("tensor", ramp(Int8, 2, 12), PerTensor(1.0/3, -5)),
		constant("symmetric", ramp(Int8, 2, 12), &Quant{Scale: []float32{0.25}}),
		constant("axis", ramp(Int32, 12), &Quant{Scale: []float32{0.25}, Zero: []int32{0}, Axis: 3}),
		constant("two", ramp(Int8, 2, 12), &Quant{Scale: []float32{0.5, 0.1}, Axis: 0}),
		constant("channels", ramp(Int8, 2, 12), &Quant{Scale: channels, Zero: zeros, Axis: 1}),
		constant("blocks", ramp(Int4, 2, 24), &Quant{Scale: blocks, Zero: zeros, Axis: 1, Block: 4}),
		constant("codebook", ramp(Uint4, 12, 4), &Quant{Scale: channels, Table: table}),
		constant("wide", ramp(Int32, 1), PerTensor(math.SmallestNonzeroFloat32, math.MinInt32)))
	g.Nodes[0].Outputs[0].DType = Uint8 // a declared type, the shape unknown
	g.Nodes[0].Outputs[0].Quant = PerTensor(0.0235, 0)
	g.Nodes[1].Outputs[0].Shape = Shape{-2, Batch, 0} // a shape without a type
	g.Nodes[2].Outputs[0].Quant = &Quant{}            // a Quant without anything
	g.Nodes[3].Outputs[0].DType = Float16
	g.Nodes[3].Outputs[0].Shape = Shape{}
	return g
}

func namesGraph() *Graph {
	g := &Graph{Name: "net \"1\"\n", Metadata: map[string]string{
		"octet.vision": `{"size": 224, "mean": [0.485, 0.456, 0.406], "labels": ["tench, Tinca tinca", "goldfish", "great white shark"]}`,
		"a b":          "two\nlines # and no comment", "": "", "π": "\xff\xfe",
	}}
	names := []string{"input", "output", "const", "graph", "meta", "_", "q", "nil", "true", "base64", "-1", "2N", "[1]", " ", "a,b",
		"a\"b", "a\nb", "a\r", "#", "=", "\x00", "\xff", "é", "/layer1/conv.0+bn-1", "onnx::Conv_12", "x: f32"}
	x := g.AddInput("x", Invalid, nil)
	withDefault := g.AddInput("default", Float32, Shape{2})
	withDefault.Const = Float32s([]float32{1, 2}, 2)
	for _, name := range names {
		x = g.Add("Plain", name, nil, []*Value{x}, name).Outputs[0]
	}
	many := g.Add("a b", "", nil, []*Value{nil, x, nil, withDefault, nil}, "", "o1", "", "o2", "")
	g.Add("_", "sink", nil, []*Value{x})
	g.Add("Plain", "", nil, nil, "source")
	g.Outputs = []*Value{many.Outputs[3], x, x, NewConst("result", Int64s([]int64{1})), g.Inputs[0]}
	return g
}

func attrsGraph() *Graph {
	g := pile()
	x := g.Inputs[0]
	for i, a := range []*attrs{
		{}, {window: window{Layout: 1, Strides: [2]int{2, -1}}}, {Group: math.MinInt64, Small: -128},
		{Alpha: 0.1, Beta: 0.1, Inner: inner{Scale: float32(math.Inf(1))}}, {Alpha: float32(math.Copysign(0, -1)), On: true},
		{Mode: "a } \"b\""}, {To: Uint4, Types: []DType{Bool, Invalid, BFloat16}}, {Shape: Shape{}, Axes: []int{}, Names: []string{}},
		{Shape: Shape{Batch, -3, 0, 7}, Axes: []int{-1, 2}, Names: []string{"", "a b"}}, {Sum: &inner{}}, {Sum: &inner{Scale: 2, Signed: true}},
		{Value: Float32s([]float32{0.5}, 1)}, {Value: Int64s([]int64{-3}), On: true}, {Value: ramp(Float16, 3, 3), Small: 1},
		{Matrix: [2][]float32{{1, 2.5}, {}}, Table: &[4]int8{-1, 0, 1, 2}},
	} {
		x = g.Add("All", "", a, []*Value{x}, fmt.Sprintf("a%d", i)).Outputs[0]
	}
	g.Outputs[0] = x
	return g
}

func graphs() map[string]*Graph {
	return map[string]*Graph{"types": typesGraph(), "quant": quantGraph(), "names": namesGraph(), "attributes": attrsGraph()}
}

func TestTextGivesTheGraphBack(t *testing.T) {
	for name, g := range graphs() {
		t.Run(name, func(t *testing.T) {
			s := full(t, g)
			back, err := Parse(s, newTestAttrs)
			if err != nil {
				t.Fatalf("%v\n%s", err, s)
			}
			if again := full(t, back); again != s {
				t.Errorf("got\n%s\nwant\n%s", again, s)
			}
			if !reflect.DeepEqual(back, g) {
				t.Errorf("another graph than\n%s", s)
			}
		})
	}
}

func TestTextIsAsBefore(t *testing.T) {
	for name, g := range graphs() {
		for file, got := range map[string]string{name + ".txt": short(t, g), name + ".full.txt": full(t, g)} {
			path := filepath.Join("testdata", file)
			if *update {
				if err := os.MkdirAll("testdata", 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s (rewrite it with -update): got\n%s", path, got)
			}
		}
	}
}

func TestNegativeZeroAttributeSurvives(t *testing.T) {
	g := pile()
	n := g.Add("All", "", &attrs{On: true, Alpha: float32(math.Copysign(0, -1))}, []*Value{g.Inputs[0]}, "y")
	g.Outputs[0] = n.Outputs[0]
	back, err := Parse(full(t, g), newTestAttrs)
	if err != nil {
		t.Fatal(err)
	}
	if a := back.Nodes[0].Attrs.(*attrs).Alpha; !math.Signbit(float64(a)) {
		t.Errorf("got %v", a)
	}
}

func TestPrintLeavesUnexportedFieldsOut(t *testing.T) {
	g := small()
	g.Nodes[0].Attrs = &attrs{hidden: 1, Group: 2}
	if got, want := short(t, g), "input x: f32[N 4]\ny = Relu(x) {Group=2} @r\noutput y\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestPrintShowsBrokenGraphs(t *testing.T) {
	v := &Value{Name: "c", DType: 99, Shape: Shape{2}, Const: &Tensor{DType: Int8, Shape: Shape{Batch}}, Quant: &Quant{}}
	g := &Graph{Inputs: []*Value{nil, v}, Outputs: []*Value{nil}, Nodes: []*Node{{Inputs: []*Value{{Name: ""}}}}}
	if got, want := short(t, g), "input _\ninput c: dtype(99)[2] q{} = crc32:00000000\n= \"\"(\"\")\noutput _\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if err := PrintFull(new(bytes.Buffer), g); !errors.Is(err, ErrInvalid) {
		t.Errorf("PrintFull: got %v", err)
	}
}

func TestPrintRefusesAttributesWithoutTextForm(t *testing.T) {
	type odd struct{ M map[string]int }
	type holed struct{ P []*int }
	for _, a := range []any{1, attrs{}, &odd{map[string]int{}}, &holed{[]*int{nil}}} {
		g := small()
		g.Nodes[0].Attrs = a
		if err := Print(new(bytes.Buffer), g); err == nil || !strings.Contains(err.Error(), `Relu "r"`) {
			t.Errorf("%T: got %v", a, err)
		}
	}
	g := small()
	g.Nodes[0].Attrs = &attrs{Value: &Tensor{DType: Int8, Shape: Shape{3}}}
	if err := PrintFull(new(bytes.Buffer), g); err == nil {
		t.Error("a tensor attribute without its bytes: no error")
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestPrintReportsTheWritersError(t *testing.T) {
	if err := Print(brokenWriter{}, small()); !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v", err)
	}
	if err := PrintFull(brokenWriter{}, pile(constant("c", ramp(Int8, 100000), nil))); !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestParseReadsWhatPeopleWrite(t *testing.T) {
	g, err := Parse("# a comment\r\n\r\n  input  x :f32 [ N 0x ]", newTestAttrs)
	if err == nil {
		t.Fatalf("got %v", g)
	}
	g, err = Parse("# a comment\r\n\r\ninput x:f32[1N 4]# another\n\ty,_=Plain( x,_ )@n\r\nz = All(y)\noutput y\noutput z", newTestAttrs)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := full(t, g), "input x: f32[N 4]\ny, _ = Plain(x, _) @n\nz = All(y)\noutput y\noutput z\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if a, ok := g.Nodes[1].Attrs.(*attrs); !ok || !reflect.DeepEqual(a, new(attrs)) {
		t.Errorf("attributes that are not given: got %+v", g.Nodes[1].Attrs)
	}
}

func TestParseRefuses(t *testing.T) {
	const head = "input x: u8[N 3]\n"
	for _, c := range []struct{ text, want string }{
		{"", "no outputs"},
		{head + "nonsense", `line 2: want ',' before the end of the line`},
		{head + "\x00", `line 2: want a word before "\x00"`},
		{head + "output x y", `line 2: want the end of the line before "y"`},
		{head + "output y", `line 2: value "y" is read before it is defined`},
		{head + "y = Plain(y)", `line 2: value "y" is read before it is defined`},
		{head + "x = Plain(x)", `line 2: value "x": another value has the same name`},
		{head + "y, y = Plain(x)", `line 2: value "y": another value has the same name`},
		{head + `"" = Plain(x)`, `value without a name`},
		{head + `"y = Plain(x)`, `line 2: quoted text: invalid syntax`},
		{head + `"\q" = Plain(x)`, `line 2: quoted text: invalid syntax`},
		{head + "y = Plain(x", `line 2: want ',' before the end of the line`},
		{head + "y = Unknown(x)", `line 2: no operator "Unknown"`},
		{head + "y = Plain(x) {On=true}", `line 2: want the end of the line before "{On=true}"`},
		{head + "y = Value(x)", `line 2: bug: attributes of "Value" are graph.attrs`},
		{head + "y = All(x) {Off=true}", `line 2: graph.attrs has no attribute "Off"`},
		{head + "y = All(x) {hidden=1}", `line 2: graph.attrs has no attribute "hidden"`},
		{head + "y = All(x) {On=true On=true}", `line 2: attribute On is given twice`},
		{head + "y = All(x) {On=yes}", `line 2: want true or false before "yes}"`},
		{head + "y = All(x) {Small=128}", `line 2: strconv.ParseInt: parsing "128": value out of range`},
		{head + "y = All(x) {Layout=256}", `line 2: strconv.ParseUint: parsing "256": value out of range`},
		{head + "y = All(x) {Alpha=1e39}", `line 2: strconv.ParseFloat: parsing "1e39": value out of range`},
		{head + "y = All(x) {Strides=[1]}", `line 2: want a word before "]}"`},
		{head + "y = All(x) {Strides=[1 2 3]}", `line 2: want ']' before "3]}"`},
		{head + "y = All(x) {Axes=[1 2", `line 2: want a word before the end of the line`},
		{head + "y = All(x) {To=u8[1]}", `line 2: want a word before "[1]}"`},
		{head + "y = All(x) {Mode=a}", `line 2: want a quoted text before "a}"`},
		{head + "y = All(x) {Value=f32[1]}", `line 2: want data before "}"`},
		{head + "graph a\ngraph b", `line 3: the graph has a name already`},
		{head + "meta a \"b\"\nmeta a \"c\"", `line 3: metadata "a" is given twice`},
		{head + "meta a 120 bytes crc32:00", `line 2: want a quoted text before "120 bytes crc32:00"`},
		{"input x: u9[1]", `line 1: unknown data type "u9"`},
		{"input x: u8[0N]", `line 1: dimension "0N"`},
		{"input x: u8[-1]", `line 1: dimension "-1"`},
		{"input x: u8[99999999999999999999]", `line 1: dimension "99999999999999999999"`},
		{"input x: u8[65536 65536]", ` elements`},
		{"input x: u8[N N]", `not linear in the batch size`},
		{"input x: u8[3] q[9 scales axis 0]", `line 1: the quantization is elided`},
		{"input x: u8[3] q{Scale=[1 2]}", `line 1: value "x": quantization: want 3 scales, got 2`},
		{"input x: u8[3] q(-1:0)", `line 1: value "x": quantization: scale 0 is -1`},
		{"const c: i8[3] = crc32:00112233", `line 1: the data are elided`},
		{"const c: i8[3]", `line 1: want '=' before the end of the line`},
		{"const c: i8[3] = (1 2)", `line 1: i8[3] wants 3 elements, got 2`},
		{"const c: i8[3] = (1 2 128)", `line 1: element "128" of type i8`},
		{"const c: i8[3] = (1 2 0.5)", `line 1: element "0.5" of type i8`},
		{"const c: u64[1] = (-1)", `line 1: element "-1" of type u64`},
		{"const c: i8[N] = (1)", `line 1: data want a type and a shape without a batch`},
		{"const c = (1)", `line 1: data want a type and a shape without a batch`},
		{"const c: f32[33554431] = (1)", `line 1: f32[33554431] wants 33554431 elements, got 1`},
		{"const c: f32[33554431] = base64:AAAA", `bytes, got 3`},
		{"const c: i8[3] = base64:A", `line 1: illegal base64 data`},
		{"const c: i8[3] = (1 2 3)\n" + head + "output x", `constant "c" is not used`},
	} {
		g, err := Parse(c.text, newTestAttrs)
		if !errors.Is(err, ErrSyntax) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, %v; want %s", c.text, g, err, c.want)
		}
	}
	if _, err := Parse(head, newTestAttrs); !errors.Is(err, ErrInvalid) {
		t.Errorf("no outputs: got %v", err)
	}
	if _, err := Parse(strings.Repeat("input a\n", 1)+strings.Repeat("=Plain()\n", maxValues+1), newTestAttrs); !errors.Is(err, ErrSyntax) {
		t.Errorf("too many nodes: got %v", err)
	}
}

func FuzzGraphText(f *testing.F) {
	for _, name := range []string{"names", "attributes", "quant", "types"} {
		s := full(f, graphs()[name])
		if name != "types" { // its size would make the fuzzer minimize for minutes
			f.Add(s)
		}
		for line := range strings.Lines(s) {
			if rest, ok := strings.CutPrefix(line, "const "); ok {
				constant, _, _ := strings.Cut(rest, ":")
				f.Add(line + "output " + constant + "\n")
			}
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		g, err := Parse(s, newTestAttrs)
		if err != nil {
			if !errors.Is(err, ErrSyntax) {
				t.Fatalf("got %v", err)
			}
			return
		}
		short(t, g)
		want := full(t, g)
		back, err := Parse(want, newTestAttrs)
		if err != nil {
			t.Fatalf("%v\n%s", err, want)
		}
		if got := full(t, back); got != want {
			t.Fatalf("got\n%s\nwant\n%s", got, want)
		}
	})
}
