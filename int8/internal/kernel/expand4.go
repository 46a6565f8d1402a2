package kernel

// Expand4Args is the argument of the expansion of 4-bit codes into bytes. For each of Blocks blocks of 64 source bytes s
// and 128 destination bytes d:
//
//	d[i] = Table[s[i]&15], d[64+i] = Table[s[i]>>4]    for i < 64
//
// Preconditions: Dst is 64-byte aligned; Blocks is positive. Nothing is read or written beyond the blocks.
type Expand4Args struct {
	Src    *byte
	Dst    *byte
	Table  *[16]int8
	Blocks int64
}

// Expand4 is the kernel that expands 4-bit codes.
type Expand4 struct {
	Name string
	Func func(*Expand4Args)
}
