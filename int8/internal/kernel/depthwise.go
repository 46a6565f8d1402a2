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
// A row made for one window (Depthwise.Window > 0) reads Lines in place of InRow, InPixel and Offs. Row ky of the window of
// output row y is
//
//	line = In + Lines[y*Window+ky], or Pad where that offset is negative
//
// and byte c of column kx of the window of output x is, with o = Start + (x*Ratio + kx)*TapPixel + c, line[o] where 0 <= o < Limit,
// and elsewhere Pad[0]. Its weights stand in the order of FixedTaps.
//
// Preconditions: Taps is a positive multiple of TR (surplus taps have weight zero and the offset of another tap); offsets of Offs
// are not negative; Rows, Width and Cols are positive, Cols <= NC; W, Bias and Mult are 64-byte aligned and full; HiF is Hi-Zero;
// Pad has Limit bytes where Lines names it, all the same; where Plain is 1, Zero and Lo are 0, Hi is 255, and no |acc*Mult|
// reaches 1<<30. A kernel may read NC bytes at every tap of every pixel, and nothing else; it writes exactly Cols channels of each
// pixel.
type DepthwiseArgs struct {
	In       *byte
	InRow    int64
	InPixel  int64
	Offs     *int32
	TapPixel int64
	Taps     int64
	Lines    *int32
	Pad      *byte
	Start    int64
	Limit    int64
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
	Window int  // it is made for windows of Window x Window; 0: any
	Ratio  int  // columns between windows that it is made for, where Window is not 0
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

// Fixed returns the window, n x n, that rows are made for and a layer of kh x kw has; 0 if there is none.
func (f *DepthwiseFamily) Fixed(kh, kw int) int {
	for i := range f.Rows {
		if w := f.Rows[i].Window; w == kh && w == kw {
			return w
		}
	}
	return 0
}

// Fit returns the first row for weights in the order of FixedTaps(window), or 0 for any order, and for a ratio and an output.
func (f *DepthwiseFamily) Fit(window, ratio int, out Output) *Depthwise {
	for i := range f.Rows {
		r := &f.Rows[i]
		if (r.Window == 0 || r.Window == window && r.Ratio == ratio) && (out != OutI32 || r.Words) {
			return r
		}
	}
	panic("bug: a depthwise family without a row for any window")
}

// Tap is a place in a window; -1, -1 where a packed tap has no weight.
type Tap struct{ Y, X int }

// FixedTaps returns the packed taps, four in a group, for rows made for windows of n x n, n 3 or 5: of each column the first rows,
// up to four; of a window of five rows then the last row, four columns and, behind three taps without weight, the fifth.
func FixedTaps(n int) []Tap {
	none := Tap{-1, -1}
	var taps []Tap
	for x := range n {
		for y := range 4 {
			if y < n {
				taps = append(taps, Tap{y, x})
			} else {
				taps = append(taps, none)
			}
		}
	}
	if n == 5 {
		taps = append(taps, Tap{4, 0}, Tap{4, 1}, Tap{4, 2}, Tap{4, 3}, none, none, none, Tap{4, 4})
	}
	return taps
}
