package i8

import (
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/octet-ml/octet/int8/internal/kerneltest"
	"github.com/octet-ml/octet/internal/cpu"
)

// awayReference is the definition of HalfAway.
func awayReference(p QuantizeParams, x float32) byte {
	v := float32(x * p.Scale)
	if v != v {
		v = 0
	}
	v += float32(p.Zero)
	q := math.Round(float64(v)) // half away from zero
	return uint8(int32(min(max(q, float64(p.Lo)), float64(p.Hi)))) ^ p.Flip
}

var awayCases = []QuantizeParams{
	{Inv: true, HalfAway: true, Scale: 1, Lo: -128, Hi: 127},
	{Inv: true, HalfAway: true, Scale: 2, Zero: -17, Lo: -128, Hi: 127, Flip: 0x80},
	{Inv: true, HalfAway: true, Scale: 57.8, Zero: 127, Lo: -128, Hi: 127, Flip: 0x80},
	{Inv: true, HalfAway: true, Scale: 0.25, Lo: -127, Hi: 127, Flip: 0x80},
	{Inv: true, HalfAway: true, Scale: math.MaxFloat32, Zero: 3, Lo: 0, Hi: 255},
}

func floatBytes(t testing.TB, r *rand.Rand, x []float32) []byte {
	b := kerneltest.Buffer(t, 4*len(x), Slack, kerneltest.Where(r.IntN(2)))
	putFloats(b, x)
	return b
}

func TestQuantizeHalfAway(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		r := eltwiseRand(t)
		for _, p := range awayCases {
			x := append(hardFloats(1/p.Scale), 0.49999997, -0.49999997, 0.5, -0.5, 8388609, -8388609)
			for _, n := range append([]int{len(x)}, oddLengths[:20]...) {
				r.Shuffle(len(x), func(i, j int) { x[i], x[j] = x[j], x[i] })
				n = min(n, len(x))
				dst, check := kerneltest.Canaried(t, n)
				s, err := k.Quantize(p).Bind(floatBytes(t, r, x[:n]), dst)
				runAll(t, r, s, err)
				check()
				for i, got := range dst {
					if want := awayReference(p, x[i]); got != want {
						t.Fatalf("%s %+v: element %d of %d, %v: got %d, want %d", k.Quantize(p).Kernel(), p, i, n, x[i], got, want)
					}
				}
			}
		}
	})
	if _, err := (&Kernels{}).Quantize(QuantizeParams{HalfAway: true, Scale: 1, Hi: 255}).Bind(nil, nil); !errors.Is(err, ErrParameter) {
		t.Errorf("a division with HalfAway: got %v, want ErrParameter", err)
	}
}

// byExtent is a rule whose result shows the range that it was given.
func byExtent(lo, hi float32) RowQuant {
	return RowQuant{Params: QuantizeParams{Inv: true, HalfAway: lo < -1, Scale: 100, Zero: 3, Lo: 0, Hi: 255}, Scale: hi - lo, Zero: uint8(hi)}
}

func TestDynamicQuantizeTakesEachRowByItself(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		r := eltwiseRand(t)
		for _, length := range oddLengths {
			const rows = 3
			x := make([]float32, rows*length)
			for i := range x {
				x[i] = float32(r.NormFloat64()) * float32(i/max(length, 1))
				switch r.IntN(50) {
				case 0:
					x[i] = float32(math.NaN())
				case 1:
					x[i] = float32(math.Copysign(0, -1))
				}
			}
			dst, check := kerneltest.Canaried(t, len(x))
			scales, zeros := make([]byte, 4*rows), make([]byte, rows)
			first, second, err := k.DynamicQuantize(rows, length, byExtent).Bind(floatBytes(t, r, x), dst, scales, zeros)
			runAll(t, r, first, err)
			runAll(t, r, second, err)
			check()
			if length == 0 {
				continue
			}
			for row := range rows {
				var lo, hi float32
				for _, v := range x[row*length : (row+1)*length] {
					if v < lo {
						lo = v
					}
					if v > hi {
						hi = v
					}
				}
				want := byExtent(lo, hi)
				if got := math.Float32frombits(binary.LittleEndian.Uint32(scales[4*row:])); got != want.Scale || zeros[row] != want.Zero {
					t.Fatalf("row %d of %d: scale %v, zero %d: want %v, %d", row, length, got, zeros[row], want.Scale, want.Zero)
				}
				for i := row * length; i < (row+1)*length; i++ {
					w := awayReference(want.Params, x[i])
					if !want.Params.HalfAway {
						w = quantizeReference(want.Params, x[i])
					}
					if dst[i] != w {
						t.Fatalf("element %d of row %d of %d, %v: got %d, want %d", i-row*length, row, length, x[i], dst[i], w)
					}
				}
			}
			noAllocs(t, first, err)
			noAllocs(t, second, err)
		}
	})
}

func TestScaleAccumulators(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		r := eltwiseRand(t)
		for _, channels := range []int{1, 2, 7, 8, 9, 15, 16, 17, 24, 31, 32, 100, 1001, 9000} {
			groups, rows := 1+r.IntN(3), 1+r.IntN(40)
			n := groups * rows * channels
			p := ScaleParams{Weights: make([]float32, channels), Bias: make([]float32, channels), Lo: -1, Hi: 2}
			for c := range channels {
				p.Weights[c], p.Bias[c] = r.Float32()*1e-5, r.Float32()-0.5
			}
			if r.IntN(2) == 0 {
				p.Weights = p.Weights[:1]
			}
			if r.IntN(2) == 0 {
				p.Bias = nil
			}
			src, scales := kerneltest.Buffer(t, 4*n, Slack, kerneltest.Where(r.IntN(2))), make([]byte, 4*groups)
			for i := range n {
				binary.LittleEndian.PutUint32(src[4*i:], r.Uint32()>>r.IntN(20))
			}
			for g := range groups {
				putFloats(scales[4*g:], []float32{r.Float32()})
			}
			dst, check := kerneltest.Canaried(t, 4*n)
			s, err := k.Scale(p, groups, rows, channels).Bind(src, scales, dst)
			runAll(t, r, s, err)
			check()
			want := make([]byte, 4*n)
			for i := range n {
				c := i % channels
				sx := math.Float32frombits(binary.LittleEndian.Uint32(scales[i/(rows*channels)*4:]))
				m := float32(sx * p.Weights[c%len(p.Weights)])
				y := float32(float32(int32(binary.LittleEndian.Uint32(src[4*i:]))) * m)
				if p.Bias != nil {
					y += p.Bias[c]
				}
				putFloats(want[4*i:], []float32{min(max(y, p.Lo), p.Hi) + 0})
			}
			sameBytes(t, k.Scale(p, groups, rows, channels).Kernel(), dst, want)
			noAllocs(t, s, err)
		}
	})
}

func TestScaleRefusesBadSizes(t *testing.T) {
	k, err := Select(cpu.Generic)
	if err != nil {
		t.Fatal(err)
	}
	ok := ScaleParams{Weights: []float32{1}, Hi: 1}
	b := make([]byte, 64)
	if _, err := k.Scale(ok, 1, 2, 3).Bind(b[:24], b[24:28], b[:24]); err != nil {
		t.Error(err)
	}
	for _, p := range []*ScalePlan{k.Scale(ok, 0, 2, 3), k.Scale(ScaleParams{Weights: []float32{1, 2}, Hi: 1}, 1, 2, 3), k.Scale(ScaleParams{Weights: []float32{1}, Lo: 2}, 1, 2, 3)} {
		if _, err := p.Bind(b[:24], b[24:28], b[:24]); !errors.Is(err, ErrParameter) {
			t.Errorf("got %v, want ErrParameter", err)
		}
	}
	if _, err := k.Scale(ok, 1, 2, 3).Bind(b[:20], b[24:28], b[:20]); !errors.Is(err, ErrBuffer) {
		t.Errorf("got %v, want ErrBuffer", err)
	}
}
