package main

import "github.com/octet-ml/octet/internal/a64"

const depthwiseDotProdNotes = `
Depthwise convolutions with SDOT; kernel.DepthwiseArgs is the contract, DepthwiseFamily.Signed is set.

Four taps of 16 channels are interleaved, first bytes and then halfwords, so that a word holds the taps of one channel and
SDOT adds them:

    V16 a0 a1 a2 ...    a0 b0 a1 b1 ...
    V18 b0 b1 b2 ...    c0 d0 c1 d1 ...    a0 b0 c0 d0 a1 b1 c1 d1 ...  . weights   += V0, channels 0 to 3
    V20 c0 c1 c2 ...
    V22 d0 d1 d2 ...

The odd registers V17 to V23 hold channels 16 to 31.`

func depthwiseDotProd() []byte {
	t := head("arm64 && !noasm", depthwiseDotProdNotes)
	a64Depthwise(t, "any window, four taps at a time.", 4, func() {
		for i := range 4 {
			t.op("MOVWU.P 4(R7), R11")
			t.op("ADD R2, R11")
			t.op("VLD1 (R11), %s", vecs(16+2*i, 2, "B16"))
		}
		for v := 16; v < 24; v++ {
			t.op("VEOR V31.B16, V%d.B16, V%d.B16", v, v)
		}
		for half := range 2 {
			v := 16 + half
			t.op("VLD1.P 64(R8), %s", vecs(8, 4, "B16"))
			zip := func(arrangement string, a, b, low, high int) {
				for i, d := range []int{low, high} {
					t.op("VZIP%d V%d.%s, V%d.%s, V%d.%s", i+1, b, arrangement, a, arrangement, d, arrangement)
				}
			}
			zip("B16", v, v+2, 24, 25)
			zip("B16", v+4, v+6, 26, 27)
			zip("H8", 24, 26, v, v+2)
			zip("H8", 25, 27, v+4, v+6)
			for j := range 4 {
				t.word(a64.SDOT, 4*half+j, 8+j, v+2*j)
			}
		}
	})
	return t.Bytes()
}
