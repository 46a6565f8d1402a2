package i8

import (
	"math"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

// orderSteps moves the steps of k of a packed panel whose products with bytes cannot saturate as int16 before the others of their
// tap, and appends the order to steps. The last step comes last where a tail is to be cleared after the expansion of codes.
func (c *ConvWeights) orderSteps(data []byte, w *Weights, row *kernel.Gemm) {
	block := row.NR * row.KR
	each := c.kPad / row.KR
	moved := make([]byte, 0, each*block)
	var proved, others []uint16
	for t := range c.taps {
		tap := data[t*each*block:][:each*block]
		proved, others = proved[:0], others[:0]
		for s := range each {
			if fits := pairsFit(tap[s*block:][:block], w); fits && !(c.noZero && s == each-1) {
				proved = append(proved, uint16(s*row.KR))
			} else {
				others = append(others, uint16(s*row.KR))
			}
		}
		c.proved += len(proved)
		c.steps = append(append(append(c.steps, uint16(len(proved))), proved...), others...)
		moved = moved[:0]
		for _, at := range c.steps[len(c.steps)-each:] {
			moved = append(moved, tap[int(at)/row.KR*block:][:block]...)
		}
		copy(tap, moved)
	}
}

// pairsFit reports whether no pair of neighbouring weights among codes can bring a sum of two products with bytes out of int16:
// 255*128 = 32640 fits, 255*129 does not, above and below.
func pairsFit(codes []byte, w *Weights) bool {
	for i := 0; i < len(codes); i += 2 {
		a, b := w.value(codes[i]), w.value(codes[i+1])
		if 255*(max(a, 0)+max(b, 0)) > math.MaxInt16 || 255*(min(a, 0)+min(b, 0)) < math.MinInt16 {
			return false
		}
	}
	return true
}

// Proved returns how many steps of four products are proved not to saturate, so that a faster instruction may add them, and how
// many there are; 0 of 0 where the kernels have no use for that.
func (c *ConvWeights) Proved() (proved, all int) {
	if len(c.steps) == 0 {
		return 0, 0
	}
	return c.proved, len(c.steps) - c.taps*len(c.panels)
}
