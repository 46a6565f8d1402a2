package kernel

// A 3x3 convolution of stride 1 by Winograd's F(4x4, 3x3) (Lavin and Gray, "Fast algorithms for convolutional neural networks",
// 2015): a tile of 4x4 output pixels comes of 6x6 input pixels d and the window g as
//
//	Aᵀ ((G g Gᵀ) ⊙ (Bᵀ d B)) A
//
// where the product of transforms, ⊙, is a sum over input channels: for each of the 36 places of the transforms a matrix product
// of tiles x channels by channels x output channels. That takes 36 products a tile and pair of channels in place of 144.
const (
	WinogradOut    = 4                         // output pixels of a side of a tile
	WinogradIn     = WinogradOut + 2           // input pixels of a side
	WinogradPlanes = WinogradIn * WinogradIn   // places of a transform
	WinogradTmp    = WinogradPlanes * maxLanes // floats of Tmp
	maxLanes       = 16
)

// WinogradInArgs asks for the transforms of input tiles:
//
//	for t := range Tiles {
//		for c := range Channels {
//			d[i][j] := Src[t*TileStride+i*RowStride+j*PixelStride+c]
//			v := Bᵀ d B
//			Dst[(6*i+j)*Plane+t*Channels+c] = v[i][j]
//		}
//	}
//
// Channels is a multiple of 16, Tiles at least 1. Tmp has WinogradTmp elements that the kernel may change.
type WinogradInArgs struct {
	Src, Dst, Tmp []float32
	TileStride    int64
	RowStride     int64
	PixelStride   int64
	Channels      int64
	Plane         int64
	Tiles         int64
}

// WinogradOutArgs asks for the output pixels of one tile:
//
//	for n := range Columns {
//		m[i][j] := Src[(6*i+j)*Plane+n]
//		y := Aᵀ m A
//		at := i*RowStride+j*PixelStride+n
//		y[i][j] += Bias[n]
//		if AddResidual != 0 {
//			y[i][j] += Residual[at]
//		}
//		Dst[at] = Clamp(y[i][j], Lo, Hi)
//	}
//
// Columns is a multiple of 16. Residual may be Dst itself. Tmp has WinogradTmp elements that the kernel may change.
type WinogradOutArgs struct {
	Src, Dst, Tmp  []float32
	Bias, Residual []float32
	RowStride      int64
	PixelStride    int64
	Columns        int64
	Plane          int64
	AddResidual    int64
	Lo, Hi         float32
}

// Winograd is the transforms of 3x3 convolutions.
type Winograd struct {
	Name string
	In   func(a *WinogradInArgs)
	Out  func(a *WinogradOutArgs)
}
