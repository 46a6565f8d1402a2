package onnx

import (
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// auxiliary are operators of package ops that Becomes leaves out: they convert types.
var auxiliary = []string{"Cast", "Quantize", "Dequantize", "Requantize", "Reinterpret"}

// work returns the sorted names of operators that are not auxiliary.
func work(list []string) []string {
	var out []string
	for _, name := range list {
		if !slices.Contains(auxiliary, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// opsOf returns the operators of a graph.
func opsOf(g *graph.Graph) []string {
	var out []string
	for _, n := range g.Nodes {
		out = append(out, n.Op)
	}
	return out
}

func TestOperatorsNameOperatorsOfOps(t *testing.T) {
	rows := Operators()
	if len(rows) != len(table) || rows[0].Name != "Abs" || rows[0].MinInputs != 1 || rows[0].MaxInputs != 1 {
		t.Fatalf("%d rows, the first %+v", len(rows), rows[0])
	}
	met := map[string]bool{}
	for i, r := range rows {
		met[r.Name] = true
		for _, name := range r.Becomes {
			if _, err := ops.Lookup(name); err != nil {
				t.Errorf("%s becomes %s: %v", r.Name, name, err)
			}
		}
		if i > 0 && r.Domain == rows[i-1].Domain && r.Name <= rows[i-1].Name {
			t.Errorf("%s comes after %s", r.Name, rows[i-1].Name)
		}
	}
	for name := range becomes {
		if !met[name] {
			t.Errorf("%s becomes something, but has no row", name)
		}
	}
}

// TestOperatorsBecomeWhatTheirRowsSay converts a node of every operator that becomes one of another name.
func TestOperatorsBecomeWhatTheirRowsSay(t *testing.T) {
	w4, w2 := konst("w", graph.Int8, graph.Shape{2, 4, 1, 1}, 1), konst("w", graph.Int8, graph.Shape{4, 2}, 1)
	s, r, z, ws, wz := f32("s", 0.5), f32("r", 0.25), u8("z", 3), f32("ws", 1), i8("wz", 0)
	f4, f2 := konst("f", graph.Float32, graph.Shape{2, 4, 1, 1}, 1), konst("f", graph.Float32, graph.Shape{4, 2}, 1)
	constants := []*graph.Value{s, r, z, ws, wz}
	rows2, reals2 := []*graph.Value{in("x", graph.Uint8, 2, 4)}, []*graph.Value{in("x", graph.Float32, 2, 4)}
	product, window := slices.Concat(constants, []*graph.Value{w2}), slices.Concat(constants, []*graph.Value{w4})
	untested := maps.Clone(becomes)
	for name, p := range map[string]proto{
		"CastLike":                 {inputs: append(x4(), in("u", graph.Uint8, 1)), nodes: []protoNode{op("CastLike", "x u", "y")}, opset: 15},
		"Constant":                 {nodes: []protoNode{op("Constant", "", "y", attribute{"value_float", float32(1)})}},
		"ConvInteger":              {inputs: bytes4(), constants: window, nodes: []protoNode{op("ConvInteger", "x w z", "y")}},
		"DequantizeLinear":         {inputs: bytes4(), constants: constants, nodes: []protoNode{op("DequantizeLinear", "x s z", "y")}},
		"Dropout":                  {inputs: x4(), nodes: []protoNode{op("Dropout", "x", "y")}},
		"DynamicQuantizeMatMul":    {inputs: reals2, constants: product, nodes: []protoNode{op("com.microsoft:DynamicQuantizeMatMul", "x w ws", "y")}},
		"FusedConv":                {inputs: x4(), constants: []*graph.Value{f4}, nodes: []protoNode{op("com.microsoft:FusedConv", "x f", "y")}},
		"FusedGemm":                {inputs: reals2, constants: []*graph.Value{f2}, nodes: []protoNode{op("com.microsoft:FusedGemm", "x f", "y")}},
		"MatMulInteger":            {inputs: rows2, constants: product, nodes: []protoNode{op("MatMulInteger", "x w z", "y")}},
		"MatMulIntegerToFloat":     {inputs: rows2, constants: product, nodes: []protoNode{op("com.microsoft:MatMulIntegerToFloat", "x w s ws z", "y")}},
		"NhwcMaxPool":              {inputs: bytes4(), nodes: []protoNode{op("com.microsoft:NhwcMaxPool", "x", "y", attribute{"kernel_shape", []int{2, 2}})}},
		"QGemm":                    {inputs: rows2, constants: product, nodes: []protoNode{op("com.microsoft:QGemm", "x s z w ws wz _ r z", "y")}},
		"QLinearAdd":               {inputs: bytes4(), constants: constants, nodes: []protoNode{op("com.microsoft:QLinearAdd", "x s z x s z r z", "y")}},
		"QLinearAveragePool":       {inputs: bytes4(), constants: constants, nodes: []protoNode{op("com.microsoft:QLinearAveragePool", "x s z r z", "y", attribute{"kernel_shape", []int{2, 2}})}},
		"QLinearConcat":            {inputs: bytes4(), constants: constants, nodes: []protoNode{op("com.microsoft:QLinearConcat", "r z x s z x s z", "y", attribute{"axis", 1})}},
		"QLinearConv":              {inputs: bytes4(), constants: window, nodes: []protoNode{op("QLinearConv", "x s z w ws wz r z", "y")}},
		"QLinearGlobalAveragePool": {inputs: bytes4(), constants: constants, nodes: []protoNode{op("com.microsoft:QLinearGlobalAveragePool", "x s z r z", "y")}},
		"QLinearLeakyRelu":         {inputs: bytes4(), constants: constants, nodes: []protoNode{op("com.microsoft:QLinearLeakyRelu", "x s z r z", "y")}},
		"QLinearMatMul":            {inputs: rows2, constants: product, nodes: []protoNode{op("QLinearMatMul", "x s z w ws wz r z", "y")}},
		"QLinearMul":               {inputs: bytes4(), constants: constants, nodes: []protoNode{op("com.microsoft:QLinearMul", "x s z x s z r z", "y")}},
		"QLinearReduceMean":        {inputs: bytes4(), constants: constants, nodes: []protoNode{op("com.microsoft:QLinearReduceMean", "x s z r z", "y", attribute{"axes", []int{2, 3}})}},
		"QLinearSigmoid":           {inputs: bytes4(), constants: constants, nodes: []protoNode{op("com.microsoft:QLinearSigmoid", "x s z r z", "y")}},
		"QLinearSoftmax":           {inputs: bytes4(), constants: constants, nodes: []protoNode{op("com.microsoft:QLinearSoftmax", "x s z r z", "y", attribute{"opset", 13}, attribute{"axis", 1})}},
		"QLinearWhere":             {inputs: append(bytes4(), in("c", graph.Bool, 1)), constants: constants, nodes: []protoNode{op("com.microsoft:QLinearWhere", "c x s z x s z r z", "y")}},
		"QuantizeLinear":           {inputs: x4(), constants: constants, nodes: []protoNode{op("QuantizeLinear", "x s z", "y")}},
		"QuickGelu":                {inputs: x4(), nodes: []protoNode{op("com.microsoft:QuickGelu", "x", "y")}},
		"Upsample":                 {inputs: x4(), opset: 7, nodes: []protoNode{op("Upsample", "x", "y", attribute{"scales", []float32{1, 1, 2, 2}})}},
	} {
		got, want := opsOf(p.decode(t)), becomes[name]
		if !slices.Equal(work(got), work(want)) || !containsAll(got, want) {
			t.Errorf("%s became %v, its row says %v", name, got, want)
		}
		delete(untested, name)
	}
	for name := range untested {
		t.Errorf("%s has no case", name)
	}
}

func containsAll(list, wanted []string) bool {
	return !slices.ContainsFunc(wanted, func(name string) bool { return !slices.Contains(list, name) })
}

// TestNodesBecomeTheOperatorOfTheirName holds for ONNX's node tests and all operators without a row in becomes.
func TestNodesBecomeTheOperatorOfTheirName(t *testing.T) {
	confirmed := map[string]bool{}
	for _, path := range models(t, nodeTests) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		m, err := parseModel(data, Limits{}.withDefaults())
		if err != nil || len(m.graph.nodes) != 1 {
			continue
		}
		name := m.graph.nodes[0].op
		if _, other := becomes[name]; other {
			continue
		}
		g, err := Decode(data, Options{})
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if got := opsOf(g); !slices.Contains(got, name) {
			t.Errorf("%s: %s became %v", path, name, got)
		}
		confirmed[name] = true
	}
	if len(confirmed) < 70 {
		t.Errorf("only %d operators met", len(confirmed))
	}
}
