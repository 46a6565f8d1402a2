package ops

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/octet-ml/octet/graph"
)

// TestTextFormKeepsAttributes checks that the text form of graphs gives back every attribute struct: with its defaults,
// zero (the defaults must not come back), and with every field set.
func TestTextFormKeepsAttributes(t *testing.T) {
	for _, op := range All() {
		if op.Attrs == nil {
			continue
		}
		t.Run(op.Name, func(t *testing.T) {
			defaults, zero, set := op.Attrs(), op.Attrs(), op.Attrs()
			reflect.ValueOf(zero).Elem().SetZero()
			next := 2
			setFields(t, reflect.ValueOf(set).Elem(), &next)
			for name, attrs := range map[string]any{"defaults": defaults, "zero": zero, "set": set} {
				back, text := throughText(t, op, attrs)
				if !reflect.DeepEqual(back, attrs) {
					t.Errorf("%s: got %+v, want %+v\n%s", name, back, attrs, text)
				}
			}
		})
	}
}

// throughText returns the attributes of a node after its graph was printed and parsed, and the text.
func throughText(t *testing.T, op *Operator, attrs any) (any, string) {
	t.Helper()
	g := new(graph.Graph)
	var inputs []*graph.Value
	for range op.In.Min {
		inputs = append(inputs, g.AddInput("x"+string(rune('a'+len(inputs))), graph.Float32, graph.Shape{graph.Batch, 3}))
	}
	g.Outputs = g.Add(op.Name, "n", attrs, inputs, "y").Outputs
	var b bytes.Buffer
	if err := graph.PrintFull(&b, g); err != nil {
		t.Fatal(err)
	}
	back, err := graph.Parse(b.String(), NewAttrs)
	if err != nil {
		t.Fatalf("%v\n%s", err, b.String())
	}
	return back.Nodes[0].Attrs, b.String()
}

// setFields gives everything in v a value of its own that is not zero.
func setFields(t *testing.T, v reflect.Value, next *int) {
	t.Helper()
	*next++
	switch v.Interface().(type) {
	case graph.DType:
		v.Set(reflect.ValueOf(graph.Float32 + graph.DType(*next%10)))
		return
	case graph.Shape:
		v.Set(reflect.ValueOf(graph.Shape{graph.Batch, -*next, 0, *next}))
		return
	case *graph.Tensor:
		v.Set(reflect.ValueOf(graph.Float32s([]float32{float32(*next) / 3}, 1)))
		return
	}
	switch {
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); !f.IsExported() {
				t.Fatalf("%v: field %s is not exported: the text form cannot keep it", v.Type(), f.Name)
			}
			setFields(t, v.Field(i), next)
		}
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		setFields(t, v.Elem(), next)
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 3, 3))
		for i := range v.Len() {
			setFields(t, v.Index(i), next)
		}
	case v.Kind() == reflect.Array:
		for i := range v.Len() {
			setFields(t, v.Index(i), next)
		}
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.Kind() == reflect.String:
		v.SetString(string(rune('a'+*next%26)) + " \"}\n")
	case v.CanInt():
		v.SetInt(-int64(*next))
	case v.CanUint():
		v.SetUint(uint64(*next))
	case v.CanFloat():
		v.SetFloat(float64(float32(*next) / 7))
	default:
		t.Fatalf("type %v: teach this test and the text form about it", v.Type())
	}
}
