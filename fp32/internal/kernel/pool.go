package kernel

// PoolArgs describes one output pixel of a pool: the taps inside the input form a grid of Rows by Cols.
//
//	for c := range Channels {
//		acc := Start // -Inf for max, 0 for average
//		for y := range Rows {
//			for x := range Cols {
//				v := Src[y*RowStride+x*ColStride+c]
//				acc = max: if v > acc { v } else { acc }; average: acc + v
//			}
//		}
//		Dst[c] = Clamp(acc / Count, Lo, Hi) // max: no division
//	}
//
// Rows, Cols and Channels are at least 1; strides are in elements.
type PoolArgs struct {
	Src, Dst             []float32
	Rows, Cols           int64
	RowStride, ColStride int64
	Channels             int64
	Count, Lo, Hi        float32
}

// Pool is a pooling kernel.
type Pool struct {
	Name string
	Run  func(a *PoolArgs)
}
