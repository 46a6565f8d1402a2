package kernel

// Interleave3Args asks for three planes as pixels of three channels:
//
//	for i := range N {
//		for c := range 3 {
//			Dst[3*i+c] = Src[c*Plane+i]
//		}
//	}
//
// N is at least 1.
type Interleave3Args struct {
	Src, Dst []float32
	Plane    int64
	N        int64
}

// Interleave3 is a kernel that interleaves three planes.
type Interleave3 struct {
	Name string
	Run  func(a *Interleave3Args)
}
