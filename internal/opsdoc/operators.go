package opsdoc

import (
	"reflect"
	"slices"

	"github.com/octet-ml/octet/loader/onnx"
	"github.com/octet-ml/octet/loader/tflite"
	"github.com/octet-ml/octet/ops"
)

// Operator is an operator of package ops with the operators of the formats that become it.
type Operator struct {
	Name       string    `json:"name"`
	Attributes string    `json:"attributes,omitempty"` // name of the attribute struct, "" where there is none
	Inputs     ops.Arity `json:"inputs"`
	Outputs    ops.Arity `json:"outputs"`
	Can        []string  `json:"can,omitempty"`    // capabilities, as Capabilities names them
	ONNX       []string  `json:"onnx,omitempty"`   // with the domain in front where it is not ONNX's own
	TFLite     []string  `json:"tflite,omitempty"` // names of BuiltinOperator
}

// capabilities are the optional parts of an operator's row, by the names that documents use.
var capabilities = []struct {
	Name, Means string
	has         func(op *ops.Operator) bool
}{
	{"kernels", "Lower binds kernels or tiles; without it the reference runs as one tile", func(op *ops.Operator) bool { return op.Lower != nil }},
	{"view", "the output is the input's bytes, nothing is copied", func(op *ops.Operator) bool { return op.View }},
	{"in place", "the output may be written over an input", func(op *ops.Operator) bool { return op.InPlace != nil }},
	{"layout", "takes a permutation of its axes, so that no Transpose is needed around it", func(op *ops.Operator) bool { return op.Permute != nil }},
	{"clamp", "an activation that is a clamp is fused", func(op *ops.Operator) bool { return op.WithClamp != nil }},
	{"quantize", "quantizes float32 as it moves them, where it is a transposition of few rows", func(op *ops.Operator) bool { return op.ReadsFloat != nil }},
	{"element", "works element by element; after a layer that takes functions it is one of its bytes", func(op *ops.Operator) bool { return op.Elementwise }},
	{"function", "a function of its bytes that follows is fused", func(op *ops.Operator) bool { return op.WithFunction != nil }},
	{"place", "its inputs stand in its output as they are; layers whose results it alone reads write there at once", func(op *ops.Operator) bool { return op.Place != nil }},
	{"bits", "works on the bits of quantized integers, whatever reals they stand for", func(op *ops.Operator) bool { return op.PlainIntegers }},
}

// Operators returns a row for each operator of package ops, sorted by name.
func Operators() []Operator {
	fromONNX, fromTFLite := map[string][]string{}, map[string][]string{}
	for _, r := range onnx.Operators() {
		for _, name := range unique(r.Becomes) {
			fromONNX[name] = append(fromONNX[name], qualified(r))
		}
	}
	for _, r := range tflite.Operators() {
		for _, name := range unique(r.Becomes) {
			fromTFLite[name] = append(fromTFLite[name], r.Name)
		}
	}
	var out []Operator
	for _, op := range ops.All() {
		o := Operator{Name: op.Name, Inputs: op.In, Outputs: op.Out, ONNX: fromONNX[op.Name], TFLite: fromTFLite[op.Name]}
		if op.Attrs != nil {
			o.Attributes = reflect.TypeOf(op.Attrs()).Elem().Name()
		}
		for _, c := range capabilities {
			if c.has(op) {
				o.Can = append(o.Can, c.Name)
			}
		}
		out = append(out, o)
	}
	return out
}

// qualified returns the name of an ONNX operator with its domain, where that is not ONNX's own.
func qualified(r onnx.OperatorRow) string {
	if r.Domain == "" {
		return r.Name
	}
	return r.Domain + "." + r.Name
}

// unique returns the names without repetitions.
func unique(names []string) []string {
	out := slices.Sorted(slices.Values(names))
	return slices.Compact(out)
}
