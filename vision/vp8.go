package vision

// vp8Color is the colour system of lossy WebP files (RFC 6386, section 9.2): BT.601 over the studio range 16..235,
// interpolated and converted in the fixed point of libwebp.
var vp8Color = colorSystem{upsample: diamondUpsample, convert: studioRange}

// studioRange converts to RGB: each product keeps 6 fractional bits of the coefficient times 2¹⁴.
func studioRange(dst, luma, cb, cr []uint8) {
	cb, cr = cb[:len(luma)], cr[:len(luma)]
	for i, v := range luma {
		y, b, r := 19077*int32(v)>>8, int32(cb[i]), int32(cr[i])
		p := dst[3*i : 3*i+3 : 3*i+3]
		p[0] = clip8((y + 26149*r>>8 - 14234) >> 6)
		p[1] = clip8((y - 6419*b>>8 - 13320*r>>8 + 8708) >> 6)
		p[2] = clip8((y + 33050*b>>8 - 17685) >> 6)
	}
}

// diamondUpsample interpolates chroma halved along both axes with weights 9, 3, 3 and 1 sixteenths, in two roundings.
func diamondUpsample(dst []uint8, p plane, y int) {
	if p.h != 2 || p.v != 2 {
		blockyUpsample(dst, p, y)
		return
	}
	near, far := p.row(y/2), p.row(y/2-1+y%2*2)
	far = far[:len(near)]
	last := len(near) - 1
	dst[0] = uint8((3*int32(near[0]) + int32(far[0]) + 2) >> 2)
	dst[2*last+1] = uint8((3*int32(near[last]) + int32(far[last]) + 2) >> 2)
	for i := range last {
		a, b, c, d := int32(near[i]), int32(near[i+1]), int32(far[i]), int32(far[i+1])
		all := a + b + c + d + 8
		dst[2*i+1] = uint8(((all+2*(b+c))>>3 + a) >> 1)
		dst[2*i+2] = uint8(((all+2*(a+d))>>3 + b) >> 1)
	}
}
