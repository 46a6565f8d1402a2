package generic

// requantize is the OutU8 epilogue of one accumulator. The value is bounded by hi above and, because only its clamp to lo
// matters, by -32768 below before it becomes an integer.
func requantize(acc int32, mult, hi float32, zero int32, lo uint8) uint8 {
	v := clamp(float32(float32(acc)*mult), -32768, hi)
	return uint8(max(int32(roundHalfEven(v))+zero, int32(lo)))
}

// roundHalfEven rounds |v| <= 1<<22 to the nearest integer, ties to even: adding 1.5*2^23 leaves no bits below the units.
func roundHalfEven(v float32) float32 {
	const magic = 3 << 22
	return float32(v+magic) - magic
}
