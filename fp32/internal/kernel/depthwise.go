package kernel

// DepthwiseArgs describes Pixels outputs of a convolution in which each channel is its own group:
//
//	for p := range Pixels {
//		for c := range Channels {
//			acc := Bias[c]
//			for t := range Taps {
//				acc += Row(Src, Alt, Offsets[t*OffsetStride+p])[c] * Weights[t*WeightStride+c]
//			}
//			if AddResidual != 0 {
//				acc += Residual[p*Channels+c]
//			}
//			Dst[p*Channels+c] = Clamp(acc, Lo, Hi)
//		}
//	}
//
// Pixels, Channels and Taps are at least 1. WeightStride is Channels rounded up to DepthwiseAlign; Weights
// [Taps][WeightStride] and Bias [WeightStride] are 64-byte aligned.
type DepthwiseArgs struct {
	Src, Alt      []float32
	Weights, Bias []float32
	Dst, Residual []float32
	Offsets       []int32
	OffsetStride  int64
	WeightStride  int64
	Channels      int64
	Taps          int64
	Pixels        int64
	AddResidual   int64
	AltLen        int64 // len(Alt)
	Lo, Hi        float32
}

// DepthwiseAlign is the multiple of channels that packed depthwise weights are padded to.
const DepthwiseAlign = 16

// Depthwise is a depthwise kernel.
type Depthwise struct {
	Name string
	Run  func(a *DepthwiseArgs)
}
