package generic

import "github.com/octet-ml/octet/int8/internal/kernel"

// transposeStep is how many rows of the destination are written side by side.
const transposeStep = 8

func transpose(a *kernel.TransposeArgs) {
	if a.M == 0 || a.N == 0 {
		return
	}
	m, n, ss, ds := int(a.M), int(a.N), int(a.SrcRow), int(a.DstRow)
	src, dst := bytesAt(a.Src, uintptr((m-1)*ss+n)), bytesAt(a.Dst, uintptr((n-1)*ds+m))
	j := 0
	for ; j+transposeStep <= n; j += transposeStep {
		for i := range m {
			s := src[i*ss+j:][:transposeStep]
			to := j*ds + i
			dst[to], dst[to+ds], dst[to+2*ds], dst[to+3*ds] = s[0], s[1], s[2], s[3]
			to += 4 * ds
			dst[to], dst[to+ds], dst[to+2*ds], dst[to+3*ds] = s[4], s[5], s[6], s[7]
		}
	}
	for ; j < n; j++ {
		for i := range m {
			dst[j*ds+i] = src[i*ss+j]
		}
	}
}

func interleave3(a *kernel.TransposeArgs) {
	src, dst := bytesAt(a.Src, 2*a.SrcRow+a.N), bytesAt(a.Dst, 3*a.N)
	x, y, z := src[:a.N], src[a.SrcRow:][:a.N], src[2*a.SrcRow:][:a.N]
	for i := range x {
		d := dst[3*i : 3*i+3]
		d[0], d[1], d[2] = x[i], y[i], z[i]
	}
}

func interleave4(a *kernel.TransposeArgs) {
	src, dst := bytesAt(a.Src, 3*a.SrcRow+a.N), bytesAt(a.Dst, 4*a.N)
	x, y, z, w := src[:a.N], src[a.SrcRow:][:a.N], src[2*a.SrcRow:][:a.N], src[3*a.SrcRow:][:a.N]
	for i := range x {
		d := dst[4*i : 4*i+4]
		d[0], d[1], d[2], d[3] = x[i], y[i], z[i], w[i]
	}
}
