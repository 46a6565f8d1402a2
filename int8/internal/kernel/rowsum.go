package kernel

// RowSumArgs asks for the sums of rows of bytes: for i < Rows
//
//	Dst[i] += the sum of K bytes from Base + Offs[i] on, or PadSum where Offs[i] is negative; without Offs, from Base + i*Stride
//
// Preconditions: Rows and K are positive, K <= 1<<16. A kernel may read up to 31 bytes past each row.
type RowSumArgs struct {
	Dst    *int32
	Base   *byte
	Offs   *int32
	Stride int64
	Rows   int64
	K      int64
	PadSum int64
}

// RowSum is the kernel that sums rows.
type RowSum struct {
	Name string
	Func func(*RowSumArgs)
}
