package bench

import (
	"fmt"
	"slices"
	"strings"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/runtime"
)

// Precision is the arithmetic of a built model.
type Precision uint8

// The precisions. Activations of the integer ones are uint8, biases int32. 4-bit weights are codes of a table of 16 values, with a
// scale for each output channel; the first convolution has int8 weights.
const (
	FP32       Precision = iota // float32 throughout
	Int8                        // int8 weights with a scale for each output channel
	Int4                        // 4-bit weights, uniform: -7 to 7
	Int4KMeans                  // the centres of 16 clusters of normally distributed weights
	Int4Log                     // 0 and powers of two with a sign, 1 to 64
	Mixed                       // Int8 for the first half of the multiplications, FP32 for the rest
)

var precisionNames = []string{"fp32", "int8", "int4", "int4-kmeans", "int4-log", "mixed"}

// Precisions returns the names of the precisions.
func Precisions() []string { return slices.Clone(precisionNames) }

// ParsePrecision returns the precision with the given name, or an error that wraps ErrUnknown.
func ParsePrecision(name string) (Precision, error) {
	for i, n := range precisionNames {
		if n == name {
			return Precision(i), nil
		}
	}
	return 0, fmt.Errorf("precision %q: %w: want one of %s", name, ErrUnknown, strings.Join(precisionNames, ", "))
}

// String returns the name.
func (p Precision) String() string {
	if int(p) < len(precisionNames) {
		return precisionNames[p]
	}
	return fmt.Sprintf("precision(%d)", uint8(p))
}

// Integer reports whether convolutions and dense layers, of Mixed the first half, compute on integers.
func (p Precision) Integer() bool { return p != FP32 }

// PrecisionOf returns the precision of a program's convolutions and dense layers: Int8 where all of them compute on integers, Int4
// where any of those has 4-bit weights, Mixed where some compute on floats.
func PrecisionOf(p *runtime.Program) Precision {
	integers, floats, codes := false, false, false
	for _, n := range p.Canonical().Nodes {
		switch {
		case n.Op != "Conv" && n.Op != "Dense":
		case n.Inputs[0].DType.IsFloat():
			floats = true
		default:
			integers = true
			codes = codes || n.Inputs[1].DType.Bits() == 4
		}
	}
	switch {
	case integers && floats:
		return Mixed
	case codes:
		return Int4
	case integers:
		return Int8
	}
	return FP32
}

// encoding is how weights are stored.
type encoding struct {
	dtype graph.DType
	limit int32      // values are -limit to limit before they are coded
	table *[16]int8  // of a code; nil where values are their own codes
	codes [256]uint8 // with a table: of value v at v+128
}

// The tables of 4-bit weights: the 16 levels that quantize a normal distribution with the least error (Max, "Quantizing for minimum
// distortion", 1960), the outermost at 127; and powers of two.
var (
	kmeansTable = [16]int8{-127, -96, -75, -58, -44, -31, -18, -6, 6, 18, 31, 44, 58, 75, 96, 127}
	logTable    = [16]int8{-64, -32, -16, -8, -4, -2, -1, 0, 1, 2, 4, 8, 16, 32, 64, 0}
)

var encodings = map[Precision]*encoding{
	FP32: {dtype: graph.Float32}, Int8: {dtype: graph.Int8, limit: 127}, Int4: {dtype: graph.Int4, limit: 7},
	Int4KMeans: newCodebook(127, &kmeansTable), Int4Log: newCodebook(64, &logTable),
}

// newCodebook returns the encoding by the nearest value of a table.
func newCodebook(limit int32, table *[16]int8) *encoding {
	e := &encoding{dtype: graph.Uint4, limit: limit, table: table}
	for i := range e.codes {
		v := i - 128
		for code, t := range table {
			if d, best := v-int(t), v-int(table[e.codes[i]]); d*d < best*best {
				e.codes[i] = uint8(code)
			}
		}
	}
	return e
}

// code returns the code of value v, in two's complement where it is the value itself.
func (e *encoding) code(v int32) byte {
	if e.table != nil {
		return e.codes[v+128]
	}
	return byte(v)
}
