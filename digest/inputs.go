package digest

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/runtime"
)

// Examples is the number of examples that a digest covers.
const Examples = 8

// amplitudes are the bounds of float inputs, by example in turn: normalized pixels, wider ones, and pixels as they are.
var amplitudes = [...]float32{1, 4, 32, 256}

// newRandom returns the source of all inputs of a digest.
func newRandom() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// fill fills an input of one example. Floats are uniform in [-amplitude, amplitude) in steps of amplitude/2²³, the bytes
// of integers are the low bytes of one number each.
func fill(t *graph.Tensor, random *rand.Rand, amplitude float32) {
	switch t.DType {
	case graph.Float32:
		for i := range t.Len() {
			binary.LittleEndian.PutUint32(t.Data[4*i:], math.Float32bits(uniform(random)*amplitude))
		}
	case graph.Float64:
		for i := range t.Len() {
			binary.LittleEndian.PutUint64(t.Data[8*i:], math.Float64bits(float64(uniform(random)*amplitude)))
		}
	case graph.Bool:
		for i := range t.Data {
			t.Data[i] = byte(random.Uint32()) & 1
		}
	default:
		for i := range t.Data {
			t.Data[i] = byte(random.Uint32())
		}
	}
}

// uniform returns one of the 2²⁴ multiples of 2⁻²³ in [-1, 1).
func uniform(random *rand.Rand) float32 { return float32(random.Uint32()>>8)/(1<<23) - 1 }

// checkTypes returns an error unless the definition covers all inputs and outputs.
func checkTypes(p *runtime.Program) error {
	for _, v := range p.Inputs() {
		if isHalf(v.DType) {
			return fmt.Errorf("input %q: %w: %v: compile the model with runtime.Float32", v.Name, ErrType, v.DType)
		}
	}
	for _, v := range p.Outputs() {
		if isHalf(v.DType) {
			return fmt.Errorf("output %q: %w: %v: compile the model with runtime.Float32", v.Name, ErrType, v.DType)
		}
	}
	return nil
}

func isHalf(d graph.DType) bool { return d == graph.Float16 || d == graph.BFloat16 }
