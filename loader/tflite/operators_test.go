package tflite_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/octet-ml/octet/loader/tflite"
	"github.com/octet-ml/octet/ops"
)

// operatorNames returns the names of the operators that are converted, by code.
func operatorNames() map[int]string {
	out := make(map[int]string)
	for _, r := range tflite.Operators() {
		out[r.Code] = r.Name
	}
	return out
}

func TestOperatorsNameOperatorsOfOps(t *testing.T) {
	rows := tflite.Operators()
	for i, r := range rows {
		if i > 0 && r.Code <= rows[i-1].Code {
			t.Errorf("%s comes after %s", r.Name, rows[i-1].Name)
		}
		if len(r.Becomes) == 0 {
			t.Errorf("%s becomes nothing", r.Name)
		}
		for _, name := range r.Becomes {
			if _, err := ops.Lookup(name); err != nil {
				t.Errorf("%s becomes %s: %v", r.Name, name, err)
			}
		}
	}
}

// TestOperatorsBecomeWhatTheirRowsSay wants a case of each operator that becomes the operators of its row, in order, and
// no others but Cast; one that repeats counts once.
func TestOperatorsBecomeWhatTheirRowsSay(t *testing.T) {
	made := map[int][][]string{}
	add := func(name string, m model) {
		g, err := tflite.Decode(m.bytes(), tflite.Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		code := m.operators[0].code
		var list []string
		for _, n := range g.Nodes {
			if n.Op != "Cast" || code == castCode {
				list = append(list, n.Op)
			}
		}
		made[code] = append(made[code], slices.Compact(list))
	}
	for _, cases := range []map[string]opCase{spatialCases, mathCases, moveCases} {
		for _, name := range slices.Sorted(maps.Keys(cases)) {
			add(name, cases[name].model())
		}
	}
	float, integer := tensor{kind: typeFloat32, shape: dims(1, 4)}, quantized(typeUint8, dims(1, 4), 0.5, 3)
	add("QUANTIZE", unary(114, float, integer))
	add("DEQUANTIZE", unary(6, integer, float))
	for _, r := range tflite.Operators() {
		if !slices.ContainsFunc(made[r.Code], func(list []string) bool { return slices.Equal(list, r.Becomes) }) {
			t.Errorf("%s became %v, its row says %v", r.Name, made[r.Code], r.Becomes)
		}
	}
}

// castCode is the code of CAST.
const castCode = 53
