package kernel

// DepthwiseArgs is the argument of a depthwise convolution over a block of output pixels and NC channels.
//
// For each y < Rows, x < Width, channel c < Cols:
//
//	p = In + y*InRow + x*InPixel
//	acc[c] = Bias[c] + sum over t < Taps of p[Offs[t]+c] * W[t/TR][c][t%TR]    (modulo 1<<32)
//
// (where DepthwiseFamily.Signed is set, p[Offs[t]+c]-128 in place of p[Offs[t]+c], the driver having added 128 times the
// channel's sum of W to Bias) is written to Out + y*OutRow + x*OutPixel in channel order, one byte, as OutU8 of GemmArgs, or four as OutI32.
// Packed channels of W, Bias and Mult stand in the order that DepthwiseFamily.Order names.
//
// Preconditions: Taps is a positive multiple of TR (surplus taps have weight zero and the offset of another tap); offsets are
// not negative; for a kernel made for one window, Taps is KW times KH rounded up to TR, and Offs[kx*(Taps/KW)+ky] =
// ky*TapRow + kx*TapPixel for ky < KH; Rows, Width and Cols are positive, Cols <= NC; W, Bias and Mult are 64-byte aligned
// and full; HiF is Hi-Zero; where Plain is 1, Zero and Lo are 0, Hi is 255, and no |acc*Mult| reaches 1<<30. A kernel may read NC bytes at every tap of every pixel, and nothing else; it writes exactly
// Cols channels of each pixel.
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
	Output   Output // OutU8 or OutI32
	HiF      float32
	Zero     int32 // 0..255
	Lo       uint8
	Plain    uint8
	_        [6]byte
}

// Depthwise is a row of the depthwise family.
type Depthwise struct {
	Name   string
	KH, KW int  // window it is made for; 0: any
	Ratio  int  // InPixel/TapPixel it is made for; 0: any
	Words  bool // writes OutI32 too
	Func   func(*DepthwiseArgs)
}

// DepthwiseFamily is the depthwise kernels of a set, which share one packing.
type DepthwiseFamily struct {
	Rows  []Depthwise // the first that fits is taken; the last fits everything
	NC    int         // channels of a block
	TR    int         // taps that stand together for one channel
	Order []uint8     // channel of each packed channel, NC long
	Work  int64       // products that take about 50 microseconds

	Signed bool // multiplies inputs less 128, as int8
}

// Fixed reports whether a row is made for this window, so that columns of taps are padded to TR.
func (f *DepthwiseFamily) Fixed(kh, kw int) bool {
	for i := range f.Rows {
		if f.Rows[i].KH == kh && f.Rows[i].KW == kw {
			return true
		}
	}
	return false
}

// Fit returns the index of the first row for this window, ratio and output; fixed says that columns of taps are padded.
func (f *DepthwiseFamily) Fit(fixed bool, kh, kw, ratio int, out Output) int {
	for i := range f.Rows {
		r := &f.Rows[i]
		if out == OutI32 && !r.Words {
			continue
		}
		if r.KH == 0 || fixed && r.KH == kh && r.KW == kw && (r.Ratio == 0 || r.Ratio == ratio) {
			return i
		}
	}
	panic("bug: a depthwise family without a row for any window")
}
