package bench

import (
	"encoding/binary"
	"math"
	"math/rand/v2"

	"github.com/octet-ml/octet/graph"
)

// bellDeviation is the standard deviation of bell.
var bellDeviation = math.Sqrt(8 * (256*256 - 1) / 12.0)

// bell returns a nearly normal integer of mean 0: the sum of eight uniform bytes (Irwin-Hall), -1020 to 1020. Integers are
// the same on every machine.
func bell(random *rand.PCG) int {
	const low = 0x00ff00ff00ff00ff
	u := random.Uint64()
	u = u&low + u>>8&low
	return int(u*0x0001000100010001>>48) - 1020
}

// filters are the weights of one layer, drawn filter by filter.
type filters struct {
	random *rand.PCG
	gain   float64 // Euclidean norm of each filter
	values []int32 // of the last filter
	scale  float64 // of values: real weight = scale * value
	most   int32   // largest magnitude among values
}

// newFilters returns the source of weights of layer l, whose inputs, padding counted, have the given second moment: filters whose results have
// variance 1. Layers have independent seeds.
func newFilters(l *layer, square float64) *filters {
	seed := uint64(l.number)
	if l.op == opDense {
		seed |= 1 << 32
	}
	return &filters{random: rand.NewPCG(1, seed), gain: 1 / math.Sqrt(snap(square)), values: make([]int32, l.fan())}
}

// next draws the next filter.
func (f *filters) next() {
	norm := int64(0)
	f.most = 1
	for i := range f.values {
		v := int32(bell(f.random))
		f.values[i] = v
		norm += int64(v) * int64(v)
		f.most = max(f.most, v, -v)
	}
	f.scale = f.gain / math.Sqrt(float64(max(norm, 1)))
}

// quantized returns value v as an integer in -limit..limit, half away from zero; the filter's scale is then step(limit).
func (f *filters) quantized(v int32, limit int32) int32 {
	n := 2*v*limit + f.most
	if v < 0 {
		n = 2*v*limit - f.most
	}
	return n / (2 * f.most)
}

// step returns the scale of quantized values.
func (f *filters) step(limit int32) float32 {
	return float32(f.scale * float64(f.most) / float64(limit))
}

// parameters are the weights and bias of a layer as tensors, with their quantizations where they are integers.
type parameters struct {
	weights, bias           *graph.Tensor
	weightsQuant, biasQuant *graph.Quant
}

// draw makes the parameters of layer l: weights encoded so, of shape [l.c ...], where inputs have the given second moment and, for
// integer weights, the given scale. The bias is real or int32 at the product of both scales.
func (l *layer) draw(e *encoding, square float64, inputScale float32, shape ...int) parameters {
	f := newFilters(l, square)
	p := parameters{weights: graph.NewTensor(e.dtype, shape...)}
	var scales []float32
	for c := range l.c {
		f.next()
		first := c * len(f.values)
		switch e.dtype.Bits() {
		case 32:
			s := float32(f.scale)
			for i, v := range f.values {
				binary.LittleEndian.PutUint32(p.weights.Data[4*(first+i):], math.Float32bits(s*float32(v)))
			}
		case 4:
			for i, v := range f.values {
				k := first + i
				p.weights.Data[k/2] |= e.code(f.quantized(v, e.limit)) & 15 << (k % 2 * 4)
			}
		default:
			for i, v := range f.values {
				p.weights.Data[first+i] = e.code(f.quantized(v, e.limit))
			}
		}
		scales = append(scales, f.step(e.limit))
	}
	unit := biasDeviation / bellDeviation
	if e.dtype == graph.Float32 {
		bias := make([]float32, l.c)
		for c := range bias {
			bias[c] = float32(unit * float64(bell(f.random)))
		}
		p.bias = graph.Float32s(bias, l.c)
		return p
	}
	p.weightsQuant = &graph.Quant{Scale: scales, Table: e.table}
	p.biasQuant = &graph.Quant{Scale: make([]float32, l.c)}
	bias := make([]int32, l.c)
	for c := range bias {
		p.biasQuant.Scale[c] = scales[c] * inputScale
		bias[c] = int32(math.RoundToEven(unit * float64(bell(f.random)) / float64(p.biasQuant.Scale[c])))
	}
	p.bias = graph.Int32s(bias, l.c)
	return p
}
