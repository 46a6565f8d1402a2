package kernel

// CopyArgs asks for N pieces of Width bytes:
//
//	Dst[i*DstStep + b] = Src[i*SrcStep + b]    for i < N, b < Width
//
// Preconditions: N and Width are positive; Dst is apart from Src. Nothing else is read or written.
type CopyArgs struct {
	Dst, Src         *byte
	DstStep, SrcStep int64
	N                int64
	Width            int64
}

// Copy is the kernel that copies pieces.
type Copy struct {
	Name string
	Func func(*CopyArgs)
}
