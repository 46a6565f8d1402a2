package kernel

// BinaryOp names an element-wise operation of two operands.
type BinaryOp uint8

// The operations. Max is "a if a > b, else b" and Min "a if a < b, else b", as the x86 instructions have it.
const (
	Add BinaryOp = iota
	Sub
	Mul
	Div
	Max
	Min
	RSub // b - a
	RDiv // b / a
	NumBinaryOps
)

// BinaryArgs describes Dst[i] = Clamp(A[i] op B[i], Lo, Hi) for i in 0..N-1; a scalar kernel reads B[0] throughout.
// N is at least 1. Dst may be A or B.
type BinaryArgs struct {
	A, B, Dst []float32
	N         int64
	Lo, Hi    float32
}

// Binary is an element-wise kernel of two operands in both forms.
type Binary struct {
	Name           string
	Vector, Scalar func(a *BinaryArgs)
}

// ClampArgs describes Dst[i] = Clamp(Src[i], Lo, Hi) for i in 0..N-1. N is at least 1. Dst may be Src.
type ClampArgs struct {
	Src, Dst []float32
	N        int64
	Lo, Hi   float32
}

// Unary is an element-wise clamp kernel.
type Unary struct {
	Name string
	Run  func(a *ClampArgs)
}
