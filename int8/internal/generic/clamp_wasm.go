package generic

// clamp returns v bounded by lo and hi, lo <= hi; a NaN stays a NaN. For wasm the compiler calls the runtime for min and max of
// floats.
func clamp(v, lo, hi float32) float32 {
	if v > hi {
		v = hi
	}
	if v < lo {
		v = lo
	}
	return v
}
