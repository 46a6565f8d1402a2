package quantize

import (
	"math"

	"github.com/octet-ml/octet/graph"
)

// The search for a scale of a sum of two activations: tieSteps scales, each greater than the last by tieStep of it, are tried for one with
// which no sum of common terms, those within tieTerms steps of 0, is within tieMargin of a tie. An engine that adds the terms as floats
// of up to 256 steps, whose last bit is 2⁻¹⁶, may round such a sum to the other side.
const (
	tieSteps  = 64
	tieStep   = 1e-5
	tieTerms  = 32
	tieMargin = 1.2e-5
)

// awayFromTies returns the quantization of a sum of terms a and b, q with perhaps a slightly greater scale, with which engines that
// round sums in different ways agree.
func awayFromTies(q, a, b *graph.Quant) *graph.Quant {
	for i := range tieSteps {
		scale := q.Scale[0] * float32(1+tieStep*float64(i))
		if !nearTie(float64(a.Scale[0])/float64(scale), float64(b.Scale[0])/float64(scale)) {
			return graph.PerTensor(scale, q.ZeroAt(0))
		}
	}
	return q
}

// nearTie reports whether a sum i ra + k rb of common terms is nearly halfway between two integers.
func nearTie(ra, rb float64) bool {
	for i := -tieTerms; i <= tieTerms; i++ {
		for k := -tieTerms; k <= tieTerms; k++ {
			v := float64(i)*ra + float64(k)*rb
			if math.Abs(v-math.Floor(v)-0.5) < tieMargin {
				return true
			}
		}
	}
	return false
}
