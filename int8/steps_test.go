package i8

import (
	"math/rand/v2"
	"testing"

	"github.com/octet-ml/octet/internal/testkit"
)

// TestPairsThatJustFit puts pairs of weights on both sides of the bound beside activations of 255, where VPMADDUBSW would saturate.
func TestPairsThatJustFit(t *testing.T) {
	pairs := [][2]int8{{127, 1}, {127, 2}, {64, 64}, {65, 64}, {-128, 0}, {-128, -1}, {-64, -64}, {-64, -65}, {127, 127}, {-128, -128}, {127, -128}, {0, 0}}
	fits := []bool{true, false, true, false, true, false, true, false, false, false, true, true}
	for i, p := range pairs {
		codes := []byte{byte(p[0]), byte(p[1])}
		if got := pairsFit(codes, &Weights{Bits: 8}); got != fits[i] {
			t.Errorf("weights %v: fits %t, want %t", p, got, fits[i])
		}
	}
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for _, p := range pairs {
			c := convCase{w: layer(1, 1, 24, 40), g: image(3, 5)}
			c.fill(newRand(1))
			for i := range c.w.Data {
				c.w.Data[i] = byte(p[i%2])
			}
			for i := range c.src {
				c.src[i] = 255
			}
			c.check(t, k, nil)
		}
	})
}

// TestProvedShares packs weights of several magnitudes; results must not depend on what is proved.
func TestProvedShares(t *testing.T) {
	r := newRand(testkit.Seed(t))
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for _, most := range []int{64, 100, 127} {
			c := convCase{w: layer(3, 3, 36, 50), g: padded(6, 6, 1, 1)}
			c.fill(r)
			for i := range c.w.Data {
				c.w.Data[i] = byte(int8(r.IntN(2*most+1) - most))
				if r.IntN(3) > 0 {
					c.w.Data[i] = byte(rand.N(3))
				}
			}
			c.check(t, k, nil)
			w, err := k.PackConv(c.w)
			if err != nil {
				t.Fatal(err)
			}
			if proved, all := w.Proved(); all > 0 && most == 64 && proved != all || proved > all {
				t.Errorf("weights up to %d: %d of %d steps proved", most, proved, all)
			}
		}
	})
}
