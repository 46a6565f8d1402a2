package bench

import "time"

// bandwidthBytes is what ProbeBandwidth copies: more than caches hold.
const bandwidthBytes = 64 << 20

// ProbeBandwidth returns how fast one core copies memory, in 10⁹ bytes a second that are read or written: the best of a few copies
// of 64 MiB.
func ProbeBandwidth() float64 {
	src, dst := make([]byte, bandwidthBytes), make([]byte, bandwidthBytes)
	for i := range src {
		src[i] = byte(i)
	}
	best := 0.0
	for range 8 {
		start := time.Now()
		copy(dst, src)
		best = max(best, giga(2*bandwidthBytes, time.Since(start)))
	}
	return best
}
