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

// UnaryArgs describes Dst[i] = f(Src[i]) for i in 0..N-1, f being Clamp to Lo..Hi or a Function, which ignores both.
// N is at least 1. Dst may be Src.
type UnaryArgs struct {
	Src, Dst []float32
	N        int64
	Lo, Hi   float32
}

// Unary is an element-wise kernel of one operand.
type Unary struct {
	Name string
	Run  func(a *UnaryArgs)
}

// Function names a function that a set may have a kernel for. It gives the bits of the function of that name in package
// f32, but for the payload of a NaN.
type Function uint8

// The functions.
const (
	Exp Function = iota
	Sigmoid
	Tanh
	Silu
	HardSwish
	Mish
	GeluErf
	GeluTanh
	NumFunctions
)
