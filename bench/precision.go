package bench

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/runtime"
)

// Precision is the arithmetic of a built model.
type Precision uint8

// The precisions. Activations of the integer ones are uint8, biases int32.
const (
	FP32 Precision = iota // float32 throughout
	Int8                  // int8 weights with a scale for each output channel
	Int4                  // 4-bit weights likewise, but int8 in the first convolution
)

var precisionNames = []string{"fp32", "int8", "int4"}

// ParsePrecision returns the precision with the given name, fp32, int8 or int4, or an error that wraps ErrUnknown.
func ParsePrecision(name string) (Precision, error) {
	for i, n := range precisionNames {
		if n == name {
			return Precision(i), nil
		}
	}
	return 0, fmt.Errorf("precision %q: %w: want fp32, int8 or int4", name, ErrUnknown)
}

// String returns the name.
func (p Precision) String() string {
	if int(p) < len(precisionNames) {
		return precisionNames[p]
	}
	return fmt.Sprintf("precision(%d)", uint8(p))
}

// Integer reports whether convolutions and dense layers compute on integers.
func (p Precision) Integer() bool { return p != FP32 }

// PrecisionOf returns the precision of a program's convolutions and dense layers: Int8 where any of them computes on integers,
// Int4 where any of those has 4-bit weights.
func PrecisionOf(p *runtime.Program) Precision {
	out := FP32
	for _, n := range p.Canonical().Nodes {
		if n.Op != "Conv" && n.Op != "Dense" || !n.Inputs[0].DType.IsInteger() {
			continue
		}
		if n.Inputs[1].DType.Bits() == 4 {
			return Int4
		}
		out = Int8
	}
	return out
}

// weightType returns the type of the weights of layer l.
func (p Precision) weightType(l *layer) graph.DType {
	switch {
	case p == FP32:
		return graph.Float32
	case p == Int4 && l.in[0].op != opInput:
		return graph.Int4
	}
	return graph.Int8
}
