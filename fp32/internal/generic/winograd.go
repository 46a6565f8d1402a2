package generic

import "github.com/octet-ml/octet/fp32/internal/kernel"

// winogradIn implements kernel.WinogradInArgs.
func winogradIn(a *kernel.WinogradInArgs) {
	channels, plane := int(a.Channels), int(a.Plane)
	for t := range int(a.Tiles) {
		src := a.Src[t*int(a.TileStride):]
		dst := a.Dst[t*channels:]
		for c := range channels {
			var v [kernel.WinogradIn][kernel.WinogradIn]float32
			for i := range v {
				for j := range v[i] {
					v[i][j] = src[i*int(a.RowStride)+j*int(a.PixelStride)+c]
				}
				bTransform(&v[i][0], &v[i][1], &v[i][2], &v[i][3], &v[i][4], &v[i][5])
			}
			for j := range v {
				bTransform(&v[0][j], &v[1][j], &v[2][j], &v[3][j], &v[4][j], &v[5][j])
				for i := range v {
					dst[(kernel.WinogradIn*i+j)*plane+c] = v[i][j]
				}
			}
		}
	}
}

// bTransform multiplies a column by Bᵀ.
func bTransform(d0, d1, d2, d3, d4, d5 *float32) {
	even, odd := *d4-float32(4**d2), *d3-float32(4**d1)
	first, second := *d4-*d2, float32(2*(*d3-*d1))
	*d0 = float32(4**d0) - float32(5**d2) + *d4
	*d5 = float32(4**d1) - float32(5**d3) + *d5
	*d1, *d2, *d3, *d4 = even+odd, even-odd, first+second, first-second
}

// winogradOut implements kernel.WinogradOutArgs.
func winogradOut(a *kernel.WinogradOutArgs) {
	plane := int(a.Plane)
	for n := range int(a.Columns) {
		var half [kernel.WinogradOut][kernel.WinogradIn]float32
		for j := range kernel.WinogradIn {
			var m [kernel.WinogradIn]float32
			for i := range m {
				m[i] = a.Src[(kernel.WinogradIn*i+j)*plane+n]
			}
			half[0][j], half[1][j], half[2][j], half[3][j] = aTransform(&m)
		}
		for i := range half {
			var y [kernel.WinogradOut]float32
			y[0], y[1], y[2], y[3] = aTransform(&half[i])
			for j, v := range y {
				at := i*int(a.RowStride) + j*int(a.PixelStride) + n
				v += a.Bias[n]
				if a.AddResidual != 0 {
					v += a.Residual[at]
				}
				a.Dst[at] = kernel.Clamp(v, a.Lo, a.Hi)
			}
		}
	}
}

// aTransform multiplies a column by Aᵀ.
func aTransform(m *[kernel.WinogradIn]float32) (y0, y1, y2, y3 float32) {
	a, b, c, d := m[1]+m[2], m[1]-m[2], m[3]+m[4], float32(2*(m[3]-m[4]))
	return m[0] + a + c, b + d, a + float32(4*c), b + float32(4*d) + m[5]
}
