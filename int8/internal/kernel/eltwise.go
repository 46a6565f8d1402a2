package kernel

import "unsafe"

// Row is one kernel: its name (dtypes_family_tile__isa) and the function that runs it.
//
// Run takes its whole argument by one pointer. The struct belongs to the caller, is only read, and may be used again as
// soon as Run returns. A Row without Run is absent: the table falls back to the next poorer level.
type Row[A any] struct {
	Name string
	Run  func(*A)
}

// over returns r where it is present, else the poorer row.
func (r Row[A]) over(poorer Row[A]) Row[A] {
	if r.Run == nil {
		return poorer
	}
	return r
}

// Eltwise is the part of a kernel set that works element by element or channel by channel: no weights, no accumulation
// over channels.
//
// Every row computes the same bytes at every level. Sizes may be any number, zero included; a row stores exactly the
// bytes that its contract names and may read up to 63 bytes past the end of a uint8 input and up to 31 bytes past the
// end of a float32 input.
type Eltwise struct {
	Lookup         Row[LookupArgs]
	LookupF32      Row[LookupF32Args]
	Quantize       Row[QuantizeArgs]
	QuantizeAway   Row[QuantizeArgs] // reads Offset, ignores Zero and Inv
	Extent         Row[ExtentArgs]
	Scale          Row[ScaleArgs]
	Add            Row[BinaryArgs] // needs BCol = 1
	Mul            Row[BinaryArgs] // needs BCol = 1
	AddAny         Row[BinaryArgs] // any BCol
	MulAny         Row[BinaryArgs] // any BCol
	MaxPool        Row[PoolArgs]
	AveragePool    Row[PoolArgs]      // needs KW ≤ 256 and Flush ≥ 1
	AverageNarrow  Row[PoolArgs]      // AveragePool, and W ≤ 32
	MaxPoolAny     Row[PoolArgs]      // preemptible
	AveragePoolAny Row[PoolArgs]      // preemptible, any KW
	Transpose      Row[TransposeArgs] // needs M ≥ 8 and N ≥ 8
	TransposeAny   Row[TransposeArgs]
	Interleave3    Row[TransposeArgs] // needs M = DstRow = 3 and N ≥ 16
	Interleave4    Row[TransposeArgs] // needs M = DstRow = 4 and N ≥ 16
}

// Overlay replaces the rows of e that are present in richer.
func (e *Eltwise) Overlay(richer Eltwise) {
	*e = Eltwise{
		Lookup:         richer.Lookup.over(e.Lookup),
		LookupF32:      richer.LookupF32.over(e.LookupF32),
		Quantize:       richer.Quantize.over(e.Quantize),
		QuantizeAway:   richer.QuantizeAway.over(e.QuantizeAway),
		Extent:         richer.Extent.over(e.Extent),
		Scale:          richer.Scale.over(e.Scale),
		Add:            richer.Add.over(e.Add),
		Mul:            richer.Mul.over(e.Mul),
		AddAny:         richer.AddAny.over(e.AddAny),
		MulAny:         richer.MulAny.over(e.MulAny),
		MaxPool:        richer.MaxPool.over(e.MaxPool),
		AveragePool:    richer.AveragePool.over(e.AveragePool),
		AverageNarrow:  richer.AverageNarrow.over(e.AverageNarrow),
		MaxPoolAny:     richer.MaxPoolAny.over(e.MaxPoolAny),
		AveragePoolAny: richer.AveragePoolAny.over(e.AveragePoolAny),
		Transpose:      richer.Transpose.over(e.Transpose),
		TransposeAny:   richer.TransposeAny.over(e.TransposeAny),
		Interleave3:    richer.Interleave3.over(e.Interleave3),
		Interleave4:    richer.Interleave4.over(e.Interleave4),
	}
}

// names returns the names of the rows that are present, in the order of the fields.
func (e *Eltwise) names() []string {
	var names []string
	for _, n := range []string{
		e.Lookup.Name, e.LookupF32.Name, e.Quantize.Name, e.Add.Name, e.Mul.Name, e.AddAny.Name, e.MulAny.Name,
		e.MaxPool.Name, e.AveragePool.Name, e.AverageNarrow.Name, e.MaxPoolAny.Name, e.AveragePoolAny.Name,
		e.QuantizeAway.Name, e.Extent.Name, e.Scale.Name, e.Transpose.Name, e.TransposeAny.Name, e.Interleave3.Name, e.Interleave4.Name,
	} {
		if n != "" {
			names = append(names, n)
		}
	}
	return names
}

// LookupArgs asks for Dst[i] = Table.Plain[Src[i]] for i < N. Dst may be Src.
type LookupArgs struct {
	Dst, Src unsafe.Pointer // uint8
	N        uintptr
	Table    *Table
}

// Table is a function of one byte, in the two forms that kernels use.
type Table struct {
	Plain [256]uint8
	// Delta[x] = Plain[x] ^ Plain[x-16], but Plain[x] for x < 16 and for 128 ≤ x < 144: the exclusive or of Delta[j],
	// Delta[16+j] ... Delta[16h+j], begun at 0 or at 128, is Plain[16h+j]. A 16-entry byte shuffle per step does that.
	Delta [256]uint8
}

// NewTable returns both forms of t.
func NewTable(t *[256]uint8) *Table {
	out := &Table{Plain: *t}
	for x := range 256 {
		out.Delta[x] = t[x]
		if x%128 >= 16 {
			out.Delta[x] ^= t[x-16]
		}
	}
	return out
}

// LookupF32Args asks for Dst[i] = Table[Src[i]] for i < N; the table holds the bits of float32 values.
type LookupF32Args struct {
	Dst, Src unsafe.Pointer // float32 little endian; uint8
	N        uintptr
	Table    *[256]uint32
}

// QuantizeArgs asks for Dst[i] = uint8(clamp(RoundHalfEven(x/Scale), Lo, Hi) + Zero) ^ Flip for i < N, x = Src[i]; of
// QuantizeAway for uint8(RoundHalfAway(clamp(float32(x*Scale) + Offset, Lo, Hi))) ^ Flip.
type QuantizeArgs struct {
	Dst, Src unsafe.Pointer // uint8; float32 little endian
	N        uintptr
	Params   *QuantizeParams
}

// QuantizeParams holds the constants of a quantization. Lo and Hi are whole numbers of magnitude ≤ 511, clamped before
// rounding, which gives the same as after it. A quotient or product that is a NaN counts as 0.
type QuantizeParams struct {
	Scale  float32
	Lo, Hi float32
	Zero   int32
	Offset float32 // QuantizeAway: a whole number
	Flip   uint32  // the byte four times
	Inv    uint32  // 1: multiply by Scale instead of dividing

	// Refine is 1 where a kernel may take
	//
	//	p = float32(x*Recip), q = fma(fma(-p, Scale, x), Recip, p)
	//
	// for the quotient where its magnitude is less than 1<<15: the byte is the same. Lo, Hi and Flip are then those of all uint8 or of
	// all int8 in the uint8 order.
	Refine uint32
	Recip  float32
	ZeroUp int32 // Zero, or Zero + 128 with Flip: the byte of 0
}

// BinaryArgs asks for Rows rows of N elements: Dst[r*Row+i] = Dst op of A[r*Row+i] and B[r*BRow+i*BCol].
// Dst may be A, or B where B has the same strides.
type BinaryArgs struct {
	Dst, A, B unsafe.Pointer // uint8
	Rows, N   uintptr
	Row       uintptr // bytes between rows of Dst and A
	BRow      uintptr // bytes between rows of B; 0 repeats the row
	BCol      uintptr // bytes between elements of B
	Params    *BinaryParams
}

// BinaryParams holds the constants of Add and Mul over uint8.
//
//	Add: y = rne(clamp(float32(float32(a-AZero)*AScale) + float32(float32(b-BZero)*BScale), Lo, Hi)) + OutZero
//	Mul: y = rne(clamp(float32(float32((a-AZero)*(b-BZero)) * AScale), Lo, Hi)) + OutZero
//
// rne rounds half to even. Lo and Hi are whole numbers, OutZero already taken off, so that y fits a byte. A NaN (sums of
// opposite infinities) counts as Lo. Where Narrow is 1, which Mul reads, no product reaches 1<<30, so that it may be bounded as a
// byte, to LoB and HiB.
type BinaryParams struct {
	AScale, BScale float32
	AZero, BZero   int32
	Lo, Hi         float32
	OutZero        int32
	Narrow         uint8
	LoB, HiB       uint8
}

// TransposeArgs asks for Dst[j*DstRow+i] = Src[i*SrcRow+j] for i < M, j < N. SrcRow is at least N, DstRow at least M; Dst does
// not overlap Src. A byte may be written twice, with the same value.
type TransposeArgs struct {
	Dst, Src       unsafe.Pointer // uint8
	M, N           uintptr
	SrcRow, DstRow uintptr // bytes
}

// PoolArgs asks for Units output pixels of W channels, each over the same window of KH x KW taps:
//
//	Dst[u*DstUnit+c] = f(Src[u*SrcUnit + i*RowStride + j*ColStride + c] for i < KH, j < KW)
//
// MaxPool: f is the greatest, clamped to LoB..HiB. AveragePool: f is
// rne(clamp(float32(sum-Bias)*Mult, Lo, Hi)) + OutZero, the sum exact in int32 (KH*KW ≤ 2²³).
// KH and KW are at least 1. Dst does not overlap Src.
type PoolArgs struct {
	Dst, Src             unsafe.Pointer // uint8
	Units, W             uintptr
	DstUnit, SrcUnit     uintptr
	KH, KW               uintptr
	RowStride, ColStride uintptr
	Flush                uintptr // window rows that a 16-bit sum can hold: Flush*KW ≤ 256
	LoB, HiB             uint32  // a byte four times each
	Bias                 int32
	Mult                 float32
	Lo, Hi               float32
	OutZero              int32
}
