package generic

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// dotReference returns what dot1x8 adds, modulo 1<<32.
func dotReference(row, b []byte) (sums [gemmNR]int32) {
	for k, v := range row {
		for n := range sums {
			sums[n] += int32(v) * int32(int8(b[k*gemmNR+n]))
		}
	}
	return sums
}

// checkDots compares the kernels of one and two rows with the reference.
func checkDots(t *testing.T, r0, r1, b []byte) {
	t.Helper()
	want0, want1 := dotReference(r0, b), dotReference(r1, b)
	var one, s0, s1 [gemmNR]int32
	dot1x8(&r0[0], &b[0], len(r0), &one)
	dot2x8(&r0[0], &r1[0], &b[0], len(r0), &s0, &s1)
	if one != want0 || s0 != want0 || s1 != want1 {
		t.Errorf("k %d: one row %v, two rows %v and %v, want %v and %v", len(r0), one, s0, s1, want0, want1)
	}
}

func TestDotsOfEveryLengthAndAlignment(t *testing.T) {
	const most = 21
	random := rand.New(rand.NewPCG(1, 1))
	bytes := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		return b
	}
	for k := 1; k <= most; k++ {
		checkDots(t, bytes(k + k%8)[k%8:], bytes(k), bytes(k*gemmNR))
	}
}

func TestDotsOfTheLargestSums(t *testing.T) {
	const k = 65536
	ones := slices.Repeat([]byte{255}, k)
	for _, weight := range []int8{-128, -1, 127} {
		b := slices.Repeat([]byte{byte(weight)}, k*gemmNR)
		checkDots(t, ones, make([]byte, k), b)
	}
}
