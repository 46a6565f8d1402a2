package kernel

// GemmArgs describes Tiles*MR rows by NR columns of an indirect matrix product, where MR and NR belong to the kernel:
//
//	for r := range Tiles * MR {
//		for n := range Columns {
//			acc := Bias[n]
//			for t := range Taps {
//				row := Row(Src, Alt, Offsets[t*OffsetStride+r])
//				for k := range K {
//					acc += row[k] * Weights[(t*K+k)*NR+n]
//				}
//			}
//			if AddResidual != 0 {
//				acc += Residual[r*DstStride+n]
//			}
//			Dst[r*DstStride+n] = Clamp(acc, Lo, Hi)
//		}
//	}
//
// Taps, K and Tiles are at least 1, Columns is 1..NR. Weights holds whole panels [Taps][K][NR], 64-byte aligned, and Bias
// [NR]; columns past Columns hold zero. Residual has Dst's layout and may be Dst itself.
type GemmArgs struct {
	Src, Alt      []float32
	Weights, Bias []float32
	Dst, Residual []float32
	Offsets       []int32
	OffsetStride  int64
	DstStride     int64
	K             int64
	Taps          int64
	Tiles         int64
	Columns       int64
	AddResidual   int64
	Rows          int64 // MR of this call; kernels of one height ignore it
	AltLen        int64 // len(Alt)
	Lo, Hi        float32
}

// Row returns the slice that offset stands for: Src from there on, or for a negative offset Alt counted from its end.
//
// Alt holds what no row of the input can give: the zeros of padded taps, and copies of windows that straddle an edge.
func Row(src, alt []float32, offset int32) []float32 {
	if offset < 0 {
		return alt[len(alt)+int(offset):]
	}
	return src[offset:]
}

// Clamp returns x limited to lo..hi; a NaN stays a NaN.
func Clamp(x, lo, hi float32) float32 {
	if x < lo {
		x = lo
	}
	if x > hi {
		x = hi
	}
	return x
}

// MaxMR is the greatest tile height of any set.
const MaxMR = 12

// Gemm is a family of matrix kernels of one panel width.
type Gemm struct {
	Name string                       // of the tallest kernel
	NR   int                          // panel width, columns
	MR   int                          // greatest height, 1..MaxMR
	Run  [MaxMR + 1]func(a *GemmArgs) // by height; 1..MR are set
}
