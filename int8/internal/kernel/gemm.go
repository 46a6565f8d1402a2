package kernel

// Output says what a kernel writes for an accumulator.
type Output int64

// The outputs, in the terms of GemmArgs.
const (
	OutU8  Output = iota // uint8(max(Lo, roundHalfEven(min(float32(acc)*Mult, HiF)) + Zero)), saturated at 0
	OutI32               // acc
	OutF32               // max(LoF, min(float32(acc)*Mult, HiF))
)

// GemmArgs is the argument of an indirect u8*s8 matrix product with its epilogue.
//
// For each of Tiles tiles, one after another, of h rows (h belongs to the function) by NR columns:
//
//	acc[m][n] = Bias[n] + RowBias[m] + sum over t < Taps, k < K of row(t, m)[k] * B[t][k/KR][n][k%KR]    (modulo 1<<32)
//
// where a row whose Gemm.Signed is set multiplies row(t, m)[k]-128 in place of row(t, m)[k], the driver having added 128
// times the column's sum of B to Bias,
// and the first Cols columns of each row m are written to C + m*LDC as Output says, in channel order.
//
// Row(t, m) of tile i starts at Base + Offs[(i*Taps+t)*h+m], or at Pad where that offset is negative; where Offs is nil,
// Taps is 1 and it starts at Base + (i*h+m)*RowStride.
//
// A row of the family whose Scatter is set reads Outs instead of LDC: row m of tile i, m counted within the tile, is written to
// C + i*OutTile + Outs[i*OutStep+m], and its residual stands as far from Residual. Where TapList is not nil, which takes such a
// row and Offs, B[TapList[t]] stands for B[t] in the sum.
//
// Packed columns stand in the order that Gemm.Order names: column n of Bias, Mult and B is channel Order[n] of the panel.
//
// Where Residual is not nil (OutU8, and a row whose Residual is set), the sum is written instead, from the bytes b of the row's
// residual and the byte q of the above:
//
//	uint8(max(AddLo, min(roundHalfEven(float32((q-Zero)*AScale) + float32((b-BZero)*BScale)) + AddZero, AddHi)))
//
// where each product and the sum are rounded to float32, and no sum reaches 1<<30. NR bytes of each row may be read.
//
// A row whose Steps is set, whose KR is 4, takes the steps of k in an order that the packer chose: for each tap, Steps has the
// number p of proved steps, then K/4 byte offsets within a row of A, in the order in which the tap's blocks of NR*KR bytes stand
// in B; TapList names taps here too. In the first p blocks no pair of weights, at bytes 0 and 1 or 2 and 3 of a column, adds up
// to more than 128 or less than -128, counting only weights of one sign, so that no sum of its products with bytes leaves int16.
//
// The functions in Gemm.Func4 take B as blocks of 4-bit codes (Expand4Args) that stand for bytes through Table.
//
// Preconditions: K is a positive multiple of KR; Taps, Tiles and Cols are positive; Cols <= NR, and Cols < NR only for
// OutU8 and a row whose Partial is set; B, Bias and Mult are 64-byte aligned and full panels; Mult may be nil for OutI32;
// HiF is Hi-Zero for OutU8, so that it bounds the value before it becomes an integer; where Narrow is 1, no |acc*Mult| reaches
// 1<<30, so that it may be bounded after; where Plain is 1 too, Zero and Lo are 0 and Hi is 255. Kernels read within the rows' K
// bytes only (the over-read allowance of a source is spent by rounding K up), and write only what is said above.
type GemmArgs struct {
	Base      *byte
	Pad       *byte
	Offs      *int32
	RowStride int64
	B         *byte
	Bias      *int32
	RowBias   *int32 // nil: none; else one for each row of each tile
	Mult      *float32
	C         *byte
	LDC       int64 // bytes
	K         int64
	Taps      int64
	Tiles     int64
	Cols      int64
	Output    Output
	HiF, LoF  float32
	Zero      int32 // OutU8: 0..255
	Lo, Hi    uint8 // OutU8
	Narrow    uint8
	Plain     uint8
	Prefetch  uintptr // address to prefetch, a hint, moved by Stride for every 8 bytes of k; may run past its object
	Stride    int64
	Table     *[16]int8 // Func4: value of each code
	TapList   *int32
	Steps     *uint16
	Outs      *int32
	OutTile   int64 // bytes
	OutStep   int64 // elements of Outs
	Residual  *byte
	LoQ       float32 // Lo-Zero
	AScale    float32
	BMagic    float32 // 1<<23 + BZero: less this, 0x4b000000|b as a float32 is b-BZero
	BScale    float32
	AddZero   int32
	AddLo     uint8
	AddHi     uint8
	_         [2]byte
}

// Gemm is a row of the matrix product family: kernels of one panel width.
type Gemm struct {
	Name     string            // of the tallest tile
	MR, NR   int               // tallest tile, columns of a panel
	KR       int               // bytes of k that stand together for one column
	Order    []uint8           // channel of each packed column, NR long
	Residual bool              // adds a residual (OutU8)
	Scatter  bool              // reads Outs and TapList
	Steps    bool              // reads Steps
	Partial  bool              // writes Cols < NR columns itself (OutU8)
	Signed   bool              // multiplies rows less 128, as int8
	Func     []func(*GemmArgs) // by tile height, 1..MR; index 0 is nil
	Func4    []func(*GemmArgs) // the same for weights of 4 bits, where NR*KR is a multiple of 128; nil: expand first
}

// GemmFamily is the matrix product's rows and the rule that chooses between them.
type GemmFamily struct {
	Rows []Gemm // widest first; all have the same KR
	// Main returns the index of the row that most panels of a layer should use; pixels are output pixels of an image, 0 if many.
	Main func(taps, pixels int) int
	// Work is the number of products that take about 50 microseconds, for cutting layers into tiles.
	Work int64
}

// PadOffset stands in GemmArgs.Offs for a row that is padding.
const PadOffset = -1
