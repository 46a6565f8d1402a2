package quantize

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/octet-ml/octet/graph"
)

// Scheme is how a layer's weights are stored.
type Scheme uint8

// The schemes. All but Float are executed as integers with a scale for each output channel.
const (
	Int8       Scheme = iota // -127 to 127
	Int4                     // -8 to 7
	Int4KMeans               // 16 int8 levels for each tensor, the centres of clusters of its weights
	Int4Log                  // 0 and powers of two with a sign, 1 to 64
	Float                    // the layer stays float
)

var schemeNames = []string{"int8", "int4", "int4-kmeans", "int4-log", "float"}

// Schemes returns the names of the schemes.
func Schemes() []string { return slices.Clone(schemeNames) }

// ParseScheme returns the scheme with the given name, or an error that wraps ErrOption.
func ParseScheme(name string) (Scheme, error) {
	if i := slices.Index(schemeNames, name); i >= 0 {
		return Scheme(i), nil
	}
	return 0, fmt.Errorf("%w: scheme %q: want one of %s", ErrOption, name, strings.Join(schemeNames, ", "))
}

// String returns the name.
func (s Scheme) String() string {
	if int(s) < len(schemeNames) {
		return schemeNames[s]
	}
	return fmt.Sprintf("scheme(%d)", uint8(s))
}

// Bits returns the size of one weight.
func (s Scheme) Bits() int {
	switch s {
	case Int8:
		return 8
	case Float:
		return 32
	}
	return 4
}

// Levels are the whole numbers, ascending, that integers of a scheme stand for before they are scaled.
type Levels []float32

// Integers returns the levels lo to hi.
func Integers(lo, hi int) Levels {
	var l Levels
	for v := lo; v <= hi; v++ {
		l = append(l, float32(v))
	}
	return l
}

// logLevels are 0 and powers of two with a sign: 15 values. One code of 16 is spare.
var logLevels = Levels{-64, -32, -16, -8, -4, -2, -1, 0, 1, 2, 4, 8, 16, 32, 64}

// Nearest returns the level nearest to x; x is a number.
func (l Levels) Nearest(x float32) float32 {
	if first, last := l[0], l[len(l)-1]; int(last-first) == len(l)-1 {
		return min(max(float32(math.RoundToEven(float64(x))), first), last)
	}
	i, _ := slices.BinarySearch(l, x)
	if i == len(l) {
		return l[i-1]
	}
	if i > 0 && x-l[i-1] <= l[i]-x {
		return l[i-1]
	}
	return l[i]
}

// Largest returns the greatest magnitude that both signs have, or where one has none, the other one's.
func (l Levels) Largest() float32 {
	if both := min(-l[0], l[len(l)-1]); both > 0 {
		return both
	}
	return max(-l[0], l[len(l)-1])
}

// packed is a layer's quantized weights.
type packed struct {
	scheme Scheme
	levels Levels
	values []float32     // [oc depth], each one of the levels
	scale  []float32     // [oc]
	bias   []float32     // [oc], as real numbers
	codes  *graph.Tensor // of the values, once tensor has made them; who changes values sets it to nil
}

// levelsOf returns the levels of a scheme; those of Int4KMeans belong to the weights [oc depth] of a layer.
func levelsOf(s Scheme, w []float32, oc int) Levels {
	switch s {
	case Int8:
		return Integers(-127, 127)
	case Int4:
		return Integers(-8, 7)
	case Int4Log:
		return logLevels
	}
	return clusters(w, oc)
}

// tensor returns the constant that holds the weights in the given shape, with its quantization. Its data are made once for all
// constants of the same weights.
func (p *packed) tensor(name string, s graph.Shape) *graph.Value {
	q := &graph.Quant{Scale: p.scale}
	if p.scheme != Int8 && p.scheme != Int4 {
		q.Table = new([16]int8)
		for i, v := range p.levels {
			q.Table[i] = int8(v)
		}
	}
	if p.codes == nil {
		p.codes = p.encode(s)
	}
	v := graph.NewConst(name, p.codes)
	v.Quant = q
	return v
}

// encode returns the values as integers, those of a codebook as their places in it.
func (p *packed) encode(s graph.Shape) *graph.Tensor {
	d := graph.Int8
	switch {
	case p.scheme == Int4:
		d = graph.Int4
	case p.scheme != Int8:
		d = graph.Uint4
	}
	t := graph.NewTensor(d, s...)
	for i, v := range p.values {
		if d == graph.Uint4 {
			code, _ := slices.BinarySearch(p.levels, v)
			t.SetInt(i, int64(code))
			continue
		}
		t.SetInt(i, int64(v))
	}
	return t
}

// integerBias returns the bias at scale sx*sw, as the sum of products has it. A bias beyond int32 is cut there.
func (p *packed) integerBias(name string, sx float32) *graph.Value {
	out := make([]int32, len(p.bias))
	q := &graph.Quant{Scale: make([]float32, len(p.bias))}
	for i, b := range p.bias {
		q.Scale[i] = sx * p.scale[i]
		out[i] = int32(min(max(math.RoundToEven(float64(b)/float64(q.Scale[i])), -MostBias), MostBias))
	}
	v := graph.NewConst(name, graph.Int32s(out, len(out)))
	v.Quant = q
	return v
}

// MostBias bounds the integers of biases: it leaves half of the range of int32 to the products.
const MostBias = 1 << 30

// leastWeightScale is the least scale of weights: that of a channel of zeros.
const leastWeightScale = 1e-12

// scaleFor returns the scale that puts the greatest magnitude of row at the greatest level.
func scaleFor(row []float32, l Levels) float32 {
	var most float32
	for _, w := range row {
		most = max(most, w, -w)
	}
	return max(most/l.Largest(), leastWeightScale)
}

// round returns the layer's weights by a scheme, rounded to the nearest level; the scales of 4-bit ones are searched.
func (l *layer) round(s Scheme) *packed {
	return round(s, l.weights(), l.bias(), l.oc, s != Int8)
}

// round returns the weights [oc depth] rounded to the nearest level, with scales from the greatest magnitudes, or where search is
// on from a search for the least squared error.
func round(s Scheme, w, bias []float32, oc int, search bool) *packed {
	p := &packed{scheme: s, levels: levelsOf(s, w, oc), values: make([]float32, len(w)), scale: make([]float32, oc), bias: slices.Clone(bias)}
	depth := len(w) / oc
	for c := range oc {
		row := w[c*depth : (c+1)*depth]
		p.scale[c] = scaleFor(row, p.levels)
		if search {
			p.scale[c] = searchScale(row, nil, p.levels, p.scale[c])
		}
		for i, v := range row {
			p.values[c*depth+i] = p.levels.Nearest(v / p.scale[c])
		}
	}
	return p
}

// The search for a scale: shares of the one that cuts nothing.
const (
	leastShare = 0.4
	scaleSteps = 60
)

// searchScale returns the scale with the least squared error of rounding row to the nearest level, each weight's error counting by
// importance, nil meaning 1 for all.
func searchScale(row, importance []float32, l Levels, whole float32) float32 {
	best, kept := math.Inf(1), whole
	for i := range scaleSteps + 1 {
		s := whole * float32(leastShare+(1-leastShare)*float64(i)/scaleSteps)
		if s < leastWeightScale {
			continue
		}
		var sum float64
		for k, v := range row {
			d := float64(v - s*l.Nearest(v/s))
			if importance != nil {
				d *= math.Sqrt(float64(importance[k]))
			}
			sum += d * d
		}
		if sum <= best {
			best, kept = sum, s
		}
	}
	return kept
}
