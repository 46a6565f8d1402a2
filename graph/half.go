package graph

import "math"

// Float16ToFloat32 returns the value of an IEEE 754 binary16 number; the conversion is exact.
func Float16ToFloat32(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	exp := uint32(h >> 10 & 31)
	frac := uint32(h & 0x3ff)
	switch exp {
	case 0:
		v := float32(frac) * (1.0 / (1 << 24))
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 31:
		return math.Float32frombits(sign | 0x7f800000 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
}

// Float32ToFloat16 returns the binary16 number nearest to f, ties to even; too large values become infinite.
func Float32ToFloat16(f float32) uint16 {
	b := math.Float32bits(f)
	sign := uint16(b >> 16 & 0x8000)
	b &= 0x7fffffff
	switch {
	case b > 0x7f800000:
		return sign | 0x7e00
	case b >= 0x477ff000:
		return sign | 0x7c00
	case b < 0x38800000:
		v := math.Float32frombits(b) * (1 << 24)
		return sign | uint16(math.RoundToEven(float64(v)))
	}
	b += 0xfff + b>>13&1
	return sign | uint16(b>>13-112<<10)
}

// Float32ToBFloat16 returns the bfloat16 number nearest to f, ties to even.
func Float32ToBFloat16(f float32) uint16 {
	b := math.Float32bits(f)
	if b&0x7fffffff > 0x7f800000 {
		return uint16(b>>16) | 0x40
	}
	b += 0x7fff + b>>16&1
	return uint16(b >> 16)
}
