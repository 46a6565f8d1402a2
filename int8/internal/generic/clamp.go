//go:build !wasm

package generic

// clamp returns v bounded by lo and hi, lo <= hi; a NaN stays a NaN.
func clamp(v, lo, hi float32) float32 { return max(min(v, hi), lo) }
