package generic

import "github.com/octet-ml/octet/fp32/internal/kernel"

// interleave3 implements kernel.Interleave3Args.
func interleave3(a *kernel.Interleave3Args) {
	n, plane := int(a.N), int(a.Plane)
	r, g, b := a.Src[:n], a.Src[plane:][:n], a.Src[2*plane:][:n]
	dst := a.Dst[:3*n]
	for i, v := range r {
		pixel := dst[3*i:][:3]
		pixel[0], pixel[1], pixel[2] = v, g[i], b[i]
	}
}
