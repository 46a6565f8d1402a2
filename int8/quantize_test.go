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

func quantizeReference(p QuantizeParams, x float32) byte {
	if p.Inv {
		x *= p.Scale
	} else {
		x /= p.Scale
	}
	if x != x {
		x = 0
	}
	q := math.RoundToEven(float64(x)) + float64(p.Zero)
	return uint8(int32(min(max(q, float64(p.Lo)), float64(p.Hi)))) ^ p.Flip
}

// hardFloats holds ties, their neighbours, and everything that is not an ordinary number.
func hardFloats(scale float32) []float32 {
	nan := float32(math.NaN())
	inf := float32(math.Inf(1))
	out := []float32{0, float32(math.Copysign(0, -1)), nan, -nan, math.Float32frombits(0x7f800001), math.Float32frombits(0xffffffff), inf, -inf,
		math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32, 1e-40, 2147483648, -2147483648}
	for i := -300; i <= 300; i++ {
		tie := (float32(i) + 0.5) * scale
		out = append(out, tie, math.Nextafter32(tie, inf), math.Nextafter32(tie, -inf), float32(i)*scale)
	}
	return out
}

var quantizeCases = []QuantizeParams{
	{Scale: 1, Zero: 0, Lo: 0, Hi: 255},
	{Scale: 0.5, Zero: 128, Lo: 0, Hi: 255},
	{Scale: 1.0 / 255, Zero: 255, Lo: 0, Hi: 255},
	{Scale: 0.0173, Zero: 114, Lo: 3, Hi: 250},
	{Scale: 1, Zero: 0, Lo: -128, Hi: 127, Flip: 0x80},
	{Scale: 0.1, Zero: -128, Lo: -128, Hi: 127, Flip: 0x80},
	{Scale: 0.1, Zero: 127, Lo: -127, Hi: 127},
	{Scale: 3, Zero: 10, Lo: 20, Hi: 20, Flip: 0xff},
	{Scale: 1e-45, Zero: 7, Lo: 0, Hi: 255},
	{Scale: math.MaxFloat32, Zero: 7, Lo: 0, Hi: 255},
	{Inv: true, Scale: 255, Zero: 0, Lo: 0, Hi: 255},
	{Inv: true, Scale: 57.8, Zero: -3, Lo: -128, Hi: 127, Flip: 0x80},
	{Inv: true, Scale: math.MaxFloat32, Zero: 1, Lo: 0, Hi: 255},
}

func putFloats(dst []byte, x []float32) {
	for i, v := range x {
		binary.LittleEndian.PutUint32(dst[4*i:], math.Float32bits(v))
	}
}

func checkQuantize(t *testing.T, r *rand.Rand, k *Kernels, p QuantizeParams, x []float32) {
	t.Helper()
	src := kerneltest.Buffer(t, 4*len(x), Slack, kerneltest.Where(r.IntN(2)))
	putFloats(src, x)
	dst, check := kerneltest.Canaried(t, len(x))
	plan := k.Quantize(p)
	s, err := plan.Bind(src, dst)
	runAll(t, r, s, err)
	check()
	for i, v := range x {
		if want := quantizeReference(p, v); dst[i] != want {
			t.Fatalf("%s %+v: element %d of %d, %v (%#x): got %d, want %d", plan.Kernel(), p, i, len(x), v, math.Float32bits(v), dst[i], want)
		}
	}
}

func TestQuantizeRoundsTiesToEvenAndTamesNaN(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		r := eltwiseRand(t)
		for _, p := range quantizeCases {
			scale := p.Scale
			if p.Inv {
				scale = 1 / scale
			}
			x := hardFloats(scale)
			checkQuantize(t, r, k, p, x)
			for range 20 { // other lanes and lengths
				r.Shuffle(len(x), func(i, j int) { x[i], x[j] = x[j], x[i] })
				checkQuantize(t, r, k, p, x[:r.IntN(len(x))])
			}
		}
	})
}

// TestQuantizeRefinesQuotients checks that products refined in place of quotients are in use, and give what division gives.
func TestQuantizeRefinesQuotients(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		r := eltwiseRand(t)
		refined := 0
		const scales = 40
		for i := range scales {
			p := QuantizeParams{Scale: float32(math.Exp(r.NormFloat64() * 3)), Zero: r.Int32N(256), Hi: 255}
			if i%2 == 0 {
				p.Zero, p.Lo, p.Hi, p.Flip = p.Zero-128, -128, 127, 0x80
			}
			refined += int(k.Quantize(p).params.Refine)
			var x []float32
			for range 3000 {
				x = append(x, (float32(r.IntN(600)-300)+0.5+float32(r.NormFloat64()*1e-6))*p.Scale, float32(r.NormFloat64()*200)*p.Scale)
			}
			checkQuantize(t, r, k, p, x)
			x = append(x[:1000], hardFloats(p.Scale)...)
			checkQuantize(t, r, k, p, x)
			r.Shuffle(len(x), func(i, j int) { x[i], x[j] = x[j], x[i] })
			checkQuantize(t, r, k, p, x)
		}
		if refined < scales*9/10 {
			t.Errorf("%d of %d scales allow to refine products", refined, scales)
		}
	})
}

func TestQuantizeAtEveryLength(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		r := eltwiseRand(t)
		for _, n := range oddLengths {
			x := make([]float32, n)
			for i := range x {
				x[i] = float32(r.NormFloat64() * 2)
			}
			checkQuantize(t, r, k, quantizeCases[r.IntN(len(quantizeCases))], x)
		}
		x := make([]float32, 2000)
		for i := range x {
			x[i] = math.Float32frombits(r.Uint32())
		}
		for _, p := range quantizeCases {
			checkQuantize(t, r, k, p, x)
		}
	})
}

func TestQuantizeRefusesBadParameters(t *testing.T) {
	k, err := Select(cpu.Generic)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []QuantizeParams{
		{Scale: 0, Hi: 255}, {Scale: -1, Hi: 255}, {Scale: float32(math.NaN()), Hi: 255}, {Scale: float32(math.Inf(1)), Hi: 255},
		{Scale: 1, Lo: 2, Hi: 1}, {Scale: 1, Lo: -1, Hi: 255}, {Scale: 1, Zero: 256, Hi: 255}, {Scale: 1, Lo: -129}, {Scale: 1, Hi: math.MaxInt32},
	} {
		if _, err := k.Quantize(p).Bind(nil, nil); !errors.Is(err, ErrParameter) {
			t.Errorf("%+v: got %v, want ErrParameter", p, err)
		}
	}
	p := k.Quantize(quantizeCases[0])
	b := make([]byte, 64)
	for _, c := range [][2][]byte{{b[:7], b[8:9]}, {b[:8], b[8:11]}, {b[:8], b[4:6]}} {
		if _, err := p.Bind(c[0], c[1]); !errors.Is(err, ErrBuffer) {
			t.Errorf("src %d, dst %d bytes: got %v, want ErrBuffer", len(c[0]), len(c[1]), err)
		}
	}
}

func TestQuantizeDoesNotAllocate(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		s, err := k.Quantize(quantizeCases[0]).Bind(make([]byte, 40000, 40064), make([]byte, 10000))
		noAllocs(t, s, err)
	})
}

func FuzzQuantize(f *testing.F) {
	f.Add(float32(0.5), int16(3), false, []byte("0123456789abcdef"))
	f.Add(float32(1), int16(-128), true, []byte{0, 0, 0xc0, 0x7f, 0, 0, 0x80, 0xff, 0, 0, 0x20, 0x40})
	f.Fuzz(func(t *testing.T, scale float32, zero int16, inv bool, data []byte) {
		p := QuantizeParams{Inv: inv, Scale: scale, Zero: int32(zero), Hi: 255}
		if zero < 0 {
			p.Lo, p.Hi, p.Flip = -128, 127, 0x80
		}
		src := append(make([]byte, 0, len(data)+Slack), data[:len(data)/4*4]...)
		for _, l := range cpu.Available() {
			k, err := Select(l)
			if err != nil {
				t.Fatal(err)
			}
			dst, check := kerneltest.Canaried(t, len(src)/4)
			s, err := k.Quantize(p).Bind(src, dst)
			if err != nil {
				if p.check() == nil {
					t.Fatal(err)
				}
				return
			}
			s.Run(nil, 0, s.Tiles())
			check()
			for i := range dst {
				x := math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))
				if want := quantizeReference(p, x); dst[i] != want {
					t.Fatalf("%v %+v: %v: got %d, want %d", l, p, x, dst[i], want)
				}
			}
		}
	})
}
