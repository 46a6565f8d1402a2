package i8

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/octet-ml/octet/int8/internal/kerneltest"
	"github.com/octet-ml/octet/internal/cpu"
)

// binaryReference applies f to every pair that s names.
func binaryReference(s Broadcast, a, b []byte, f func(a, b byte) byte) []byte {
	y := make([]byte, len(a))
	for o := range s.Outer {
		for m := range s.Mid {
			for c := range s.Inner {
				i := (o*s.Mid+m)*s.Inner + c
				y[i] = f(a[i], b[o*s.O+m*s.M+c*s.C])
			}
		}
	}
	return y
}

// orLo gives what a NaN counts as: less than everything.
func orLo(x float32) float32 {
	if x != x {
		return -1e9
	}
	return x
}

func addReference(p AddParams) func(a, b byte) byte {
	return func(a, b byte) byte {
		x := float32(float32(int32(a)-p.AZero) * p.AScale)
		y := float32(float32(int32(b)-p.BZero) * p.BScale)
		return clampByte(orLo(x+y), p.OutZero, p.Lo, p.Hi)
	}
}

func mulReference(p MulParams) func(a, b byte) byte {
	return func(a, b byte) byte {
		return clampByte(float32(float32((int32(a)-p.AZero)*(int32(b)-p.BZero))*p.Scale), p.OutZero, p.Lo, p.Hi)
	}
}

// broadcastCases holds the ways in which models broadcast, and some that none does.
func broadcastCases(r *rand.Rand) []Broadcast {
	cases := []Broadcast{
		{1, 1, 1, 0, 0, 0},
		{1, 1, 256 * 256, 0, 0, 1},             // dense
		{2, 49, 24, 49 * 24, 24, 1},            // dense, as three dimensions
		{3, 49, 40, 40, 0, 1},                  // one value a channel
		{1, 100, 3, 0, 0, 1},                   // few channels
		{1, 900, 16, 0, 0, 1},                  //
		{2, 300, 96, 96, 0, 1},                 //
		{1, 3136, 64, 0, 0, 1},                 //
		{2, 700, 130, 130, 0, 1},               //
		{1, 3, 20000, 0, 0, 1},                 // rows longer than a tile
		{1, 50, 33, 0, 1, 0},                   // one value a pixel
		{1, 1, 5000, 0, 0, 0},                  // a scalar
		{5, 7, 9, 1, 5, 35},                    // transposed
		{4, 1, 100, 100, 0, 1},                 //
		{0, 5, 5, 1, 1, 1}, {5, 5, 0, 1, 1, 1}, // empty
		{2, 60, 65, 60 * 70, 70, 1}, // rows of b further apart than those of a
	}
	for range 60 {
		s := Broadcast{Outer: 1 + r.IntN(4), Mid: 1 + r.IntN(80), Inner: 1 + r.IntN(150)}
		strides := [][3]int{{s.Mid * s.Inner, s.Inner, 1}, {s.Inner, 0, 1}, {0, 0, 1}, {s.Mid, 1, 0}, {1, 0, 0}, {0, s.Inner, 1}, {3, 2, 5}}
		v := strides[r.IntN(len(strides))]
		s.O, s.M, s.C = v[0], v[1], v[2]
		cases = append(cases, s)
	}
	return cases
}

func randomZeros(r *rand.Rand) (a, b, y int32, lo, hi uint8) {
	lo, hi = uint8(r.UintN(256)), uint8(r.UintN(256))
	if r.IntN(2) == 0 || lo > hi {
		lo, hi = 0, 255
	}
	return r.Int32N(256), r.Int32N(256), r.Int32N(256), lo, hi
}

// randomScale favours halves, which make ties, and takes extremes now and then.
func randomScale(r *rand.Rand) float32 {
	switch r.IntN(6) {
	case 0, 1:
		return float32(r.IntN(9)-4) / 2
	case 2:
		return []float32{math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32, 1e-20}[r.IntN(4)]
	default:
		return float32(r.NormFloat64())
	}
}

func checkBinaryPlan(t *testing.T, r *rand.Rand, s Broadcast, p *BinaryPlan, f func(a, b byte) byte, what string) {
	t.Helper()
	na, nb, err := s.extent()
	if err != nil {
		t.Fatal(err)
	}
	a, b := randomSrc(t, r, na), randomSrc(t, r, nb)
	if na == 1<<16 {
		for i := range a { // every pair of bytes
			a[i], b[i] = byte(i), byte(i>>8)
		}
	}
	want := binaryReference(s, a, b, f)
	dst, check := kerneltest.Canaried(t, na)
	step, err := p.Bind(a, b, dst)
	runAll(t, r, step, err)
	check()
	sameBytes(t, fmt.Sprintf("%s %s over %+v", p.Kernel(), what, s), dst, want)

	if s.M == s.Inner && s.O == s.Mid*s.Inner && s.C == 1 {
		in := append(make([]byte, 0, nb+Slack), b...)
		step, err = p.Bind(a, in, in)
		runAll(t, r, step, err)
		sameBytes(t, p.Kernel()+" onto b", in, want)
	}
	step, err = p.Bind(a, b, a)
	runAll(t, r, step, err)
	sameBytes(t, p.Kernel()+" in place", a, want)
}

func TestAddMatchesTheFormula(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		r := eltwiseRand(t)
		for _, s := range broadcastCases(r) {
			p := AddParams{AScale: randomScale(r), BScale: randomScale(r)}
			p.AZero, p.BZero, p.OutZero, p.Lo, p.Hi = randomZeros(r)
			checkBinaryPlan(t, r, s, k.Add(p, s), addReference(p), fmt.Sprintf("%+v", p))
		}
	})
}

func TestMulMatchesTheFormula(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		r := eltwiseRand(t)
		for _, s := range broadcastCases(r) {
			p := MulParams{Scale: randomScale(r) / 100}
			p.AZero, p.BZero, p.OutZero, p.Lo, p.Hi = randomZeros(r)
			checkBinaryPlan(t, r, s, k.Mul(p, s), mulReference(p), fmt.Sprintf("%+v", p))
		}
	})
}

func TestAddAndMulOfEveryPairOfBytes(t *testing.T) {
	s := Broadcast{1, 1, 1 << 16, 0, 0, 1}
	eachLevel(t, func(t *testing.T, k *Kernels) {
		r := eltwiseRand(t)
		for _, p := range []AddParams{
			{0.5, 0.5, 0, 0, 0, 0, 255}, {0.5, -0.5, 128, 128, 128, 0, 255}, {1, 1, 255, 255, 255, 0, 255},
			{0.731, 1.24, 121, 7, 63, 5, 200}, {math.MaxFloat32, -math.MaxFloat32, 0, 0, 9, 3, 250}, {0, 0, 0, 0, 4, 0, 255},
		} {
			checkBinaryPlan(t, r, s, k.Add(p, s), addReference(p), fmt.Sprintf("%+v", p))
		}
		for _, p := range []MulParams{
			{0.5, 0, 0, 0, 0, 255}, {1.0 / 255, 0, 0, 0, 0, 255}, {0.0039, 128, 128, 128, 0, 255}, {-0.0625, 255, 0, 255, 1, 254},
			{math.MaxFloat32, 3, 200, 9, 3, 250},
		} {
			checkBinaryPlan(t, r, s, k.Mul(p, s), mulReference(p), fmt.Sprintf("%+v", p))
		}
	})
}

func TestBinaryRefusesWhatItCannotDo(t *testing.T) {
	k, err := Select(cpu.Generic)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 256)
	ok, flat := AddParams{AScale: 1, BScale: 1, Hi: 255}, Broadcast{1, 1, 64, 0, 0, 1}
	channels := Broadcast{1, 4, 16, 0, 0, 1}
	for name, c := range map[string]struct {
		plan      *BinaryPlan
		a, b, dst []byte
		want      error
	}{
		"a short":            {k.Add(ok, flat), b[:63], b[64:128], b[128:192], ErrBuffer},
		"b short":            {k.Add(ok, flat), b[:64], b[64:127], b[128:192], ErrBuffer},
		"dst long":           {k.Add(ok, flat), b[:64], b[64:128], b[128:193], ErrBuffer},
		"dst overlaps a":     {k.Add(ok, flat), b[:64], b[128:192], b[1:65], ErrBuffer},
		"dst overlaps b":     {k.Add(ok, flat), b[:64], b[128:192], b[129:193], ErrBuffer},
		"dst is repeated b":  {k.Add(ok, channels), b[:64], b[128:144], b[128:192], ErrBuffer},
		"nan scale":          {k.Add(AddParams{AScale: float32(math.NaN()), Hi: 255}, flat), b, b, b, ErrParameter},
		"infinite scale":     {k.Mul(MulParams{Scale: float32(math.Inf(1)), Hi: 255}, flat), b, b, b, ErrParameter},
		"zero point":         {k.Mul(MulParams{Scale: 1, BZero: 256, Hi: 255}, flat), b, b, b, ErrParameter},
		"empty clamp":        {k.Mul(MulParams{Scale: 1, Lo: 2, Hi: 1}, flat), b, b, b, ErrParameter},
		"negative size":      {k.Add(ok, Broadcast{1, -1, 64, 0, 0, 1}), b, b, b, ErrShape},
		"negative stride":    {k.Add(ok, Broadcast{1, 1, 64, 0, 0, -1}), b, b, b, ErrShape},
		"size overflows":     {k.Add(ok, Broadcast{1 << 30, 1 << 30, 1 << 30, 0, 0, 1}), b, b, b, ErrShape},
		"distance overflows": {k.Add(ok, Broadcast{2, 2, 2, math.MaxInt32, math.MaxInt32, 1}), b, b, b, ErrShape},
	} {
		if _, err := c.plan.Bind(c.a, c.b, c.dst); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

func TestBinaryDoesNotAllocate(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		a, b := make([]byte, 64000, 64064), make([]byte, 64000, 64064)
		for _, s := range []Broadcast{{1, 1, 64000, 0, 0, 1}, {1, 4000, 16, 0, 0, 1}, {1, 4000, 16, 0, 1, 0}} {
			step, err := k.Add(AddParams{AScale: 1, BScale: 1, Hi: 255}, s).Bind(a, b, a)
			noAllocs(t, step, err)
		}
	})
}
