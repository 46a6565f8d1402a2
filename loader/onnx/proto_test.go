package onnx

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
)

// proto is a small model in the words of ONNX.
type proto struct {
	opset     int // 0 means 13
	inputs    []*graph.Value
	constants []*graph.Value
	nodes     []protoNode
	outputs   []string // nil means the first output of the last node
}

// protoNode is a node; op may be "domain:op".
type protoNode struct {
	op    string
	in    string // names separated by blanks, _ for an absent one
	out   string
	attrs []attribute
}

func op(op, in, out string, attrs ...attribute) protoNode { return protoNode{op, in, out, attrs} }

func in(name string, d graph.DType, s ...int) *graph.Value { return graph.NewValue(name, d, s) }

func konst(name string, d graph.DType, s graph.Shape, v ...float64) *graph.Value {
	t := graph.NewTensor(d, s...)
	for i := range t.Len() {
		x := v[i%len(v)]
		if d.IsFloat() {
			t.SetFloat(i, x)
		} else {
			t.SetInt(i, int64(x))
		}
	}
	return graph.NewConst(name, t)
}

func f32(name string, v float64) *graph.Value { return konst(name, graph.Float32, nil, v) }
func u8(name string, v float64) *graph.Value  { return konst(name, graph.Uint8, nil, v) }
func i8(name string, v float64) *graph.Value  { return konst(name, graph.Int8, nil, v) }

func names(list string) []string {
	out := strings.Fields(list)
	for i, s := range out {
		if s == "_" {
			out[i] = ""
		}
	}
	return out
}

func (p proto) bytes() []byte {
	e := &encoder{taken: make(map[string]bool), called: make(map[string]bool)}
	for _, c := range p.constants {
		e.initializer(c.Name, c.Const)
	}
	var last []string
	for i, n := range p.nodes {
		domain, name, found := strings.Cut(n.op, ":")
		if !found {
			domain, name = "", n.op
		}
		last = names(n.out)
		e.emitIn(domain, name, fmt.Sprint("n", i), names(n.in), last, n.attrs...)
	}
	if p.outputs == nil {
		p.outputs = last[:1]
	}
	var g, m message
	for _, n := range e.body {
		g.message(1, n)
	}
	for _, c := range e.constants {
		g.message(5, c)
	}
	for _, v := range p.inputs {
		info, err := valueMessage(v.Name, v.DType, shapeOf(v.Shape))
		if err != nil {
			panic(err)
		}
		g.message(11, info)
	}
	for _, name := range p.outputs {
		info, _ := valueMessage(name, graph.Invalid, nil)
		g.message(12, info)
	}
	if p.opset == 0 {
		p.opset = 13
	}
	m.integer(1, 8)
	m.message(7, g)
	m.message(8, opsetMessage("", p.opset))
	return m.bytes()
}

func (p proto) decode(t testing.TB) *graph.Graph {
	t.Helper()
	g, err := Decode(p.bytes(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// lines writes the nodes of a graph, one to a line: attributes that are not zero, values with their quantization, constants of up to four elements as they
// are.
func lines(g *graph.Graph) string {
	var b strings.Builder
	for _, n := range g.Nodes {
		fmt.Fprintf(&b, "%s", n.Op)
		b.WriteString(fields(reflect.ValueOf(n.Attrs)))
		for _, v := range n.Inputs {
			b.WriteString(" " + short(v))
		}
		b.WriteString(" ->")
		for _, v := range n.Outputs {
			b.WriteString(" " + short(v))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// fields writes the fields of a struct that are not zero.
func fields(v reflect.Value) string {
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		if v.IsValid() {
			return fmt.Sprint(v.Interface())
		}
		return ""
	}
	var list []string
	for i := range v.NumField() {
		if f := v.Field(i); !f.IsZero() {
			list = append(list, v.Type().Field(i).Name+":"+fields(f))
		}
	}
	if list == nil {
		return ""
	}
	return "{" + strings.Join(list, " ") + "}"
}

func short(v *graph.Value) string {
	if v == nil {
		return "_"
	}
	s := v.Name
	if v.Const != nil && v.Const.Len() <= 4 {
		s = fmt.Sprint(v.Const.Floats())
	}
	if v.Quant != nil {
		s += fmt.Sprintf("<%v %v>", v.DType, v.Quant)
	} else if v.Producer != nil && v.DType != graph.Invalid {
		s += fmt.Sprintf("<%v>", v.DType)
	}
	return s
}

// check compares the graph that a model becomes with lines.
func (p proto) check(t *testing.T, want string) {
	t.Helper()
	got := strings.TrimSpace(lines(p.decode(t)))
	var trimmed []string
	for _, line := range strings.Split(strings.TrimSpace(want), "\n") {
		trimmed = append(trimmed, strings.TrimSpace(line))
	}
	if want := strings.Join(trimmed, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
