package generic

import "github.com/octet-ml/octet/fp32/internal/kernel"

// block is the number of channels whose accumulators stay on the stack.
const block = 64

// depthwise implements kernel.DepthwiseArgs.
func depthwise(a *kernel.DepthwiseArgs) {
	channels := int(a.Channels)
	for p := range int(a.Pixels) {
		for c0 := 0; c0 < channels; c0 += block {
			c1 := min(c0+block, channels)
			var sums [block]float32
			acc := sums[:c1-c0]
			copy(acc, a.Bias[c0:c1])
			for t := range int(a.Taps) {
				src := kernel.Row(a.Src, a.Alt, a.Offsets[t*int(a.OffsetStride)+p])[c0:c1]
				w := a.Weights[t*int(a.WeightStride)+c0:][:len(acc)]
				for i := range acc {
					acc[i] += float32(src[i] * w[i])
				}
			}
			if a.AddResidual != 0 {
				for i, v := range a.Residual[p*channels+c0 : p*channels+c1] {
					acc[i] += v
				}
			}
			dst := a.Dst[p*channels+c0 : p*channels+c1]
			for i := range dst {
				dst[i] = kernel.Clamp(acc[i], a.Lo, a.Hi)
			}
		}
	}
}
