package gorgonia

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// The module requires the version whose operators are known. Who changes it there must look at fields.go and the rules again.
func TestModuleRequiresTheVersion(t *testing.T) {
	data, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{packagePath + " " + Version, "gorgonia.org/tensor v0.9.24"} {
		if !strings.Contains(string(data), want+"\n") {
			t.Errorf("go.mod does not require %s", want)
		}
	}
}

// fields is the parameters of an operator: int, bool, float64 or []int.
type fields map[string]any

// Operators of the version contain and print what the rules read of them.
func TestFieldsAreThoseOfTheVersion(t *testing.T) {
	g := gorgonia.NewGraph()
	leaf := func(name string, shape ...int) *gorgonia.Node {
		return gorgonia.NewTensor(g, tensor.Float32, len(shape), gorgonia.WithShape(shape...), gorgonia.WithName(name))
	}
	x, m, v := leaf("x", 2, 6, 19, 19), leaf("m", 3, 5), leaf("v", 5)
	must := gorgonia.Must
	bn, _, _, _, err := gorgonia.BatchNorm(x, leaf("s", 1, 6, 1, 1), leaf("t", 1, 6, 1, 1), 0.9, 0.125)
	if err != nil {
		t.Fatal(err)
	}
	// within returns the operator of that kind that is nearest to n among those that compute it.
	within := func(k string, n *gorgonia.Node) (found gorgonia.Op) {
		for n := range gorgonia.WalkGraph(n) {
			if found == nil && kind(n.Op()) == k {
				found = n.Op()
			}
		}
		if found == nil {
			t.Fatalf("no %s in %v", k, n)
		}
		return found
	}
	pads := []int{1, 2, 3, 4} // north, south, west, east
	for _, c := range []struct {
		node   *gorgonia.Node
		kind   string
		prints string
		fields fields
	}{
		{must(gorgonia.Im2Col(x, tensor.Shape{3, 2}, tensor.Shape{1, 2}, tensor.Shape{3, 4}, tensor.Shape{5, 6})), "im2colOp", "",
			fields{"h": 3, "w": 2, "padH": 1, "padW": 2, "strideH": 3, "strideW": 4, "dilationH": 5, "dilationW": 6}},
		{must(gorgonia.MaxPool2D(x, tensor.Shape{6, 5}, pads, []int{2, 3})), "maxPoolOp", "",
			fields{"h": 6, "w": 5, "padNorth": 1, "padSouth": 2, "padWest": 3, "padEast": 4, "explicitPadding": true, "strideH": 2, "strideW": 3}},
		{must(gorgonia.MaxPool2D(x, tensor.Shape{6, 5}, []int{1, 2}, []int{2, 3})), "maxPoolOp", "",
			fields{"padNorth": 1, "padSouth": 1, "padWest": 2, "padEast": 2, "explicitPadding": false}},
		{must(gorgonia.AveragePool2D(x, tensor.Shape{6, 5}, pads, []int{2, 3})), "avgPoolOp", "",
			fields{"h": 6, "w": 5, "padNorth": 1, "padSouth": 2, "padWest": 3, "padEast": 4, "explicitPadding": true, "strideH": 2, "strideW": 3}},
		{must(gorgonia.GlobalAveragePool2D(x)), "globalAveragePoolOp", "GlobalAveragePool", nil},
		{must(gorgonia.Upsample2D(x, 3)), "upsampleOp", "", fields{"stride": 2}},
		{bn, "BatchNormOp", "", fields{"epsilon": 0.125}},
		{must(gorgonia.Dropout(x, 0.5)), "dropoutOp", "", nil},
		{must(gorgonia.SoftMax(m, 1)), "softmaxOp", "", fields{"axis": 1, "isLog": false}},
		{must(gorgonia.LogSoftMax(m)), "softmaxOp", "", fields{"axis": -1, "isLog": true}},
		{must(gorgonia.Sum(x, 1, 3)), "sumOp", "", fields{"along": []int{1, 3}}},
		{must(gorgonia.Max(x, 2)), "maxOp", "", fields{"along": []int{2}}},
		{must(gorgonia.Transpose(x, 3, 0, 2, 1)), "transposeOp", "", fields{"pattern": []int{3, 0, 2, 1}}},
		{must(gorgonia.Reshape(m, tensor.Shape{15})), "reshapeOp", "Reshape(15)", nil},
		{must(gorgonia.Concat(1, m, m)), "concatOp", "", fields{"axis": 1}},
		{must(gorgonia.Slice(m, nil, gorgonia.S(1, 3))), "sliceOp", "", fields{"along": 1}},
		{must(gorgonia.SizeOf(1, m)), "sizeOp", "", fields{"axis": 1}},
		{must(gorgonia.BroadcastAdd(m, v, nil, []byte{0})), "repeatOp", "", fields{"along": 0}},
		{must(gorgonia.Mul(m, must(gorgonia.Transpose(m)))), "linAlgBinOp", "A × B", fields{"transA": false, "transB": false}},
		{must(gorgonia.Mul(m, v)), "linAlgBinOp", "A × b", fields{"transA": false, "transB": false}},
		{must(gorgonia.BatchedMatMul(leaf("b", 2, 3, 4), leaf("c", 2, 3, 5), true)), "linAlgBinOp", "Aᵀ ××× B", fields{"transA": true, "transB": false}},
		{must(gorgonia.Add(m, m)), "elemBinOp", "+ false", nil},
		{must(gorgonia.Sub(m, m)), "elemBinOp", "- false", nil},
		{must(gorgonia.HadamardProd(m, m)), "elemBinOp", "⊙ false", nil},
		{must(gorgonia.HadamardDiv(m, m)), "elemBinOp", "÷ false", nil},
		{must(gorgonia.Pow(m, m)), "elemBinOp", "^ false", nil},
		{must(gorgonia.Lt(m, m, true)), "elemBinOp", "< true", nil},
		{must(gorgonia.Gte(m, leaf("m2", 3, 5), false)), "elemBinOp", ">= false", nil},
		{must(gorgonia.InverseSqrt(m)), "elemUnaryOp", "invSqrt", nil},
		{must(gorgonia.MinBetween(m, m)), "minBetween", "MinBetween", nil},
		{must(gorgonia.MaxBetween(m, m)), "maxBetween", "MaxBetween", nil},
		{must(gorgonia.ApplyOp(gorgonia.Iop{}, m)), "Iop", "I", nil},
		{must(gorgonia.Add(m, gorgonia.NewConstant(float32(2)))), "constantScalar", "const 2", nil},
	} {
		op := within(c.kind, c.node)
		if c.prints != "" && op.String() != c.prints {
			t.Errorf("%s prints %q, want %q", c.kind, op, c.prints)
		}
		if _, ok := rules[c.kind]; !ok && c.kind != "constantScalar" {
			t.Errorf("no rule for %s", c.kind)
		}
		p := parametersOf(op)
		for name, want := range c.fields {
			var got any
			switch want.(type) {
			case int:
				got = p.int(name)
			case bool:
				got = p.bool(name)
			case float64:
				got = p.float(name)
			case []int:
				got = p.ints(name)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s has %s %v, want %v", c.kind, name, got, want)
			}
		}
		if p.err != nil {
			t.Error(p.err)
		}
	}
}

// A field that is missing, or of another type, is an error that says so.
func TestMissingFieldsAreErrors(t *testing.T) {
	p := parametersOf(gorgonia.Iop{})
	if p.int("axis") != 0 || p.bool("isLog") || p.float("epsilon") != 0 || p.ints("along") != nil {
		t.Error("fields that do not exist have values")
	}
	if !errors.Is(p.err, ErrVersion) || !strings.Contains(p.err.Error(), `no int "axis"`) {
		t.Error(p.err)
	}
}

// Operands come in order and as often as they are operands, whoever has the same ones.
func TestOperands(t *testing.T) {
	g := gorgonia.NewGraph()
	x := gorgonia.NewScalar(g, tensor.Float32, gorgonia.WithName("x"))
	y := gorgonia.NewScalar(g, tensor.Float32, gorgonia.WithName("y"))
	d := gorgonia.Must(gorgonia.Sub(y, x))
	s := gorgonia.Must(gorgonia.Add(d, d))
	f := familyOf(gorgonia.Nodes{s, d})
	for n, want := range map[*gorgonia.Node]gorgonia.Nodes{s: {d, d}, d: {y, x}, x: {}} {
		got := f.operands(n)
		if fmt.Sprint(got) != fmt.Sprint(want) || len(got) != len(want) || len(f) != 4 {
			t.Errorf("operands of %v: %v, want %v", n, got, want)
		}
	}
}
