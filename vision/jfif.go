package vision

// jfifColor is the colour system of JPEG files (JFIF 1.02): BT.601 over the full range, chroma interpolated by the
// triangle filter that libjpeg calls fancy upsampling.
var jfifColor = colorSystem{upsample: triangleUpsample, convert: fullRange}

// fullRange converts to RGB in 16-bit fixed point as libjpeg does:
// R = Y + 1.402 Cr', G = Y - 0.34414 Cb' - 0.71414 Cr', B = Y + 1.772 Cb', where Cb' and Cr' are less 128.
func fullRange(dst, luma, cb, cr []uint8) {
	const half = 1 << 15
	cb, cr = cb[:len(luma)], cr[:len(luma)]
	for i, v := range luma {
		y, b, r := int32(v), int32(cb[i])-128, int32(cr[i])-128
		p := dst[3*i : 3*i+3 : 3*i+3]
		p[0] = clip8(y + (91881*r+half)>>16)
		p[1] = clip8(y + (-22554*b-46802*r+half)>>16)
		p[2] = clip8(y + (116130*b+half)>>16)
	}
}

// triangleUpsample interpolates where chroma is halved: a pixel takes 3/4 of the nearer and 1/4 of the farther sample
// along each halved axis. Roundings up and down alternate. Narrow planes and other ratios repeat samples, as in libjpeg.
func triangleUpsample(dst []uint8, p plane, y int) {
	switch {
	case p.h == 1 && p.v == 1:
		copy(dst, p.row(y))
	case p.h == 1 && p.v == 2:
		near, far := p.row(y/2), p.row(y/2-1+y%2*2)
		bias := int32(1 + y%2)
		for x := range dst {
			dst[x] = uint8((3*int32(near[x]) + int32(far[x]) + bias) >> 2)
		}
	case p.h == 2 && p.v == 1 && p.width > 2:
		triangleRow(dst, p.row(y))
	case p.h == 2 && p.v == 2 && p.width > 2:
		triangleRows(dst, p.row(y/2), p.row(y/2-1+y%2*2))
	default:
		blockyUpsample(dst, p, y)
	}
}

// triangleRow interpolates across; len(dst) is 2 len(src).
func triangleRow(dst, src []uint8) {
	last := len(src) - 1
	for i, v := range src {
		left, right := int32(src[max(i-1, 0)]), int32(src[min(i+1, last)])
		dst[2*i] = uint8((3*int32(v) + left + 1) >> 2)
		dst[2*i+1] = uint8((3*int32(v) + right + 2) >> 2)
	}
}

// triangleRows interpolates across and down; len(dst) is 2 len(near).
func triangleRows(dst, near, far []uint8) {
	far = far[:len(near)]
	sum := func(i int) int32 { return 3*int32(near[i]) + int32(far[i]) }
	last := len(near) - 1
	left, here := sum(0), sum(0)
	for i := range near {
		right := sum(min(i+1, last))
		dst[2*i] = uint8((3*here + left + 8) >> 4)
		dst[2*i+1] = uint8((3*here + right + 7) >> 4)
		left, here = here, right
	}
}
