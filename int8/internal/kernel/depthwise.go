package kernel

// DepthwiseArgs is the argument of a depthwise convolution over a block of output pixels and NC channels.
//
// For each y < Rows, x < Width, channel c < Cols:
//
//	p = In + y*InRow + x*InPixel
//	acc[c] = Bias[c] + sum over t < Taps of p[Offs[t]+c] * W[t/TR][c][t%TR]    (modulo 1<<32)
//
// is written to Out + y*OutRow + x*OutPixel in channel order, one byte, as OutU8 of GemmArgs, or four as OutI32.
// Packed channels stand in the order that Depthwise.Order names.
//
// Preconditions: Taps is a multiple of TR (taps beyond the kernel window have weight zero and any valid offset); offsets
// are not negative; a kernel that is made for one window (KH > 0) may rely on Offs[ky*KW+kx] = ky*TapRow + kx*TapPixel;
// W, Bias and Mult are 64-byte aligned and full. A kernel may read NC bytes at every tap of every pixel, and nothing else;
// it writes exactly Cols channels of each pixel.
type DepthwiseArgs struct {
	In       *byte
	InRow    int64
	InPixel  int64
	Offs     *int32
	TapRow   int64
	TapPixel int64
	Taps     int64
	W        *byte
	Bias     *int32
	Mult     *float32
	Out      *byte
	OutRow   int64
	OutPixel int64
	Rows     int64
	Width    int64
	Cols     int64
	Output   Output
	HiF      float32
	Zero     int32 // 0..255
	Lo       uint8
	_        [7]byte
}

// Depthwise is a row of the depthwise family.
type Depthwise struct {
	Name    string
	KH, KW  int     // window it is made for; 0: any
	StrideW int     // horizontal stride it is made for; 0: any
	NC      int     // channels of a block
	TR      int     // taps that stand together for one channel
	Order   []uint8 // channel of each packed channel, NC long
	Func    func(*DepthwiseArgs)
}
