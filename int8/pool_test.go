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

// poolReference visits every tap of every window: inside gets the taps that lie inside the input, counted the number of
// taps inside the input and its pads.
func poolReference(p Pool, src []byte, f func(inside []byte, counted int) byte) []byte {
	dst := make([]byte, 0, p.N*p.OH*p.OW*p.C)
	for n := range p.N {
		for oy := range p.OH {
			for ox := range p.OW {
				for c := range p.C {
					var inside []byte
					counted := 0
					for i := range p.Kernel[0] {
						for j := range p.Kernel[1] {
							y := oy*p.Strides[0] - p.Pads[0] + i*p.Dilations[0]
							x := ox*p.Strides[1] - p.Pads[1] + j*p.Dilations[1]
							if y < p.H+p.Pads[2] && x < p.W+p.Pads[3] {
								counted++
							}
							if y >= 0 && y < p.H && x >= 0 && x < p.W {
								inside = append(inside, src[((n*p.H+y)*p.W+x)*p.C+c])
							}
						}
					}
					dst = append(dst, f(inside, counted))
				}
			}
		}
	}
	return dst
}

// poolGeometry returns the pooling with the output size that floor or ceil mode gives.
func poolGeometry(n, h, w, c int, kernel, strides, dilations [2]int, pads [4]int, ceil bool) Pool {
	out := func(size, k, s, d, before, after int) int {
		room := size + before + after - d*(k-1) - 1
		if ceil {
			room += s - 1
		}
		return max(1, room/s+1)
	}
	return Pool{
		Geometry: Geometry{
			N: n, H: h, W: w, Strides: strides, Dilations: dilations, Pads: pads,
			OH: out(h, kernel[0], strides[0], dilations[0], pads[0], pads[2]),
			OW: out(w, kernel[1], strides[1], dilations[1], pads[1], pads[3]),
		},
		C: c, Kernel: kernel,
	}
}

var one = [2]int{1, 1}

func poolCases(r *rand.Rand) []Pool {
	sq := func(k int) [2]int { return [2]int{k, k} }
	cases := []Pool{
		poolGeometry(1, 14, 14, 64, sq(3), sq(2), one, [4]int{1, 1, 1, 1}, false), // ResNet
		poolGeometry(2, 13, 13, 70, sq(3), sq(2), one, [4]int{}, true),            // SqueezeNet
		poolGeometry(1, 8, 8, 192, sq(3), one, one, [4]int{1, 1, 1, 1}, false),    // Inception
		poolGeometry(1, 8, 9, 130, sq(2), sq(2), one, [4]int{}, false),            // VGG
		poolGeometry(2, 7, 7, 1280, sq(7), one, one, [4]int{}, false),             // global
		poolGeometry(1, 28, 28, 24, sq(28), one, one, [4]int{}, false),            // global, 784 taps
		poolGeometry(1, 5, 300, 3, [2]int{5, 300}, one, one, [4]int{}, false),     // more than 256 taps a row
		poolGeometry(1, 5, 256, 33, [2]int{5, 256}, one, one, [4]int{}, false),    // exactly 256
		poolGeometry(1, 2, 260, 64, [2]int{2, 260}, one, one, [4]int{}, false),    // more than a 16-bit sum holds
		poolGeometry(1, 4, 200, 65, [2]int{4, 100}, [2]int{1, 7}, one, [4]int{}, false),
		poolGeometry(1, 300, 300, 1, sq(300), one, one, [4]int{}, false), // 90000 taps
		poolGeometry(1, 3, 3, 5, sq(2), sq(3), one, [4]int{}, true),      // last window beyond the edge in part
		poolGeometry(1, 9, 9, 16, sq(3), one, sq(2), [4]int{2, 2, 2, 2}, false),
		poolGeometry(1, 4, 4, 8, sq(3), sq(2), sq(5), [4]int{3, 3, 3, 3}, false), // dilated beyond the input
		poolGeometry(1, 1, 1, 1, one, one, one, [4]int{}, false),
		poolGeometry(1, 2, 2, 4, sq(2), sq(2), one, [4]int{2, 2, 2, 2}, false), // windows wholly on the pads
		poolGeometry(1, 2, 700, 64, sq(2), one, one, [4]int{0, 1, 0, 1}, false),
	}
	beyond := poolGeometry(1, 4, 4, 20, sq(2), sq(3), one, [4]int{}, false)
	beyond.OH, beyond.OW = 4, 5 // windows wholly beyond the edge
	cases = append(cases, beyond)
	for range 80 {
		k, s, d := [2]int{1 + r.IntN(4), 1 + r.IntN(4)}, [2]int{1 + r.IntN(3), 1 + r.IntN(3)}, [2]int{1 + r.IntN(2), 1 + r.IntN(2)}
		pads := [4]int{r.IntN(k[0]), r.IntN(k[1]), r.IntN(k[0]), r.IntN(k[1])}
		cases = append(cases, poolGeometry(1+r.IntN(2), 1+r.IntN(12), 1+r.IntN(30), 1+r.IntN(150), k, s, d, pads, r.IntN(2) == 0))
	}
	return cases
}

func runPool(t *testing.T, r *rand.Rand, plan *PoolPlan, err error, p Pool, src, want []byte) {
	t.Helper()
	if err != nil {
		t.Fatalf("%+v: %v", p, err)
	}
	pixels, pitch := p.N*p.OH*p.OW, p.pitch()
	dst, check := kerneltest.Canaried(t, (pixels-1)*pitch+p.C)
	fill(dst, 0xa5)
	s, err := plan.Bind(src, dst)
	runAll(t, r, s, err)
	check()
	want = apartBy(want, p.C, pitch)
	sameBytes(t, fmt.Sprintf("%s over %+v", plan.Kernel(), p), dst, want)
}

// apartBy returns pixels of c bytes whose beginnings are pitch bytes apart, with 0xa5 between them.
func apartBy(dense []byte, c, pitch int) []byte {
	var out []byte
	for i := 0; i < len(dense); i += c {
		for len(out) < i/c*pitch {
			out = append(out, 0xa5)
		}
		out = append(out, dense[i:i+c]...)
	}
	return out
}

func TestMaxPoolIgnoresPads(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		r := eltwiseRand(t)
		for _, p := range poolCases(r) {
			_, _, _, lo, hi := randomZeros(r)
			p.Pitch = r.IntN(2) * (p.C + r.IntN(100))
			src := randomSrc(t, r, p.N*p.H*p.W*p.C)
			want := poolReference(p, src, func(inside []byte, _ int) byte {
				m := byte(0)
				for _, v := range inside {
					m = max(m, v)
				}
				return min(max(m, lo), hi)
			})
			plan, err := k.MaxPool(p, lo, hi)
			runPool(t, r, plan, err, p, src, want)
		}
	})
}

func TestAveragePoolDividesByTheTapsCounted(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		r := eltwiseRand(t)
		for _, p := range poolCases(r) {
			p.CountIncludePad = r.IntN(2) == 0
			p.Pitch = r.IntN(2) * (p.C + r.IntN(100))
			inZero, outZero, _, lo, hi := randomZeros(r)
			scale := []float32{1, 0.5, 2, 0.7316, 1e-30, math.MaxFloat32}[r.IntN(6)]
			src := randomSrc(t, r, p.N*p.H*p.W*p.C)
			if p.OH*p.OW == 1 || r.IntN(4) == 0 { // the greatest sums
				for i := range src {
					src[i] = 255
				}
			}
			want := poolReference(p, src, func(inside []byte, counted int) byte {
				if len(inside) == 0 {
					return clampByte(0, outZero, lo, hi)
				}
				sum, n := int32(0), len(inside)
				for _, v := range inside {
					sum += int32(v)
				}
				if p.CountIncludePad {
					sum += int32(counted-n) * inZero
					n = counted
				}
				return clampByte(float32(float32(sum-int32(n)*inZero)*float32(scale/float32(n))), outZero, lo, hi)
			})
			plan, err := k.AveragePool(p, scale, inZero, outZero, lo, hi)
			runPool(t, r, plan, err, p, src, want)
		}
	})
}

// TestPoolSplitsChannels covers pictures so wide in channels, or windows so large, that a tile takes a part of both.
func TestPoolSplitsChannels(t *testing.T) {
	p := poolGeometry(1, 40, 40, 200, [2]int{40, 40}, one, one, [4]int{}, false)
	eachLevel(t, func(t *testing.T, k *Kernels) {
		plan, err := k.MaxPool(p, 0, 255)
		if err != nil {
			t.Fatal(err)
		}
		s, err := plan.Bind(make([]byte, 40*40*200, 40*40*200+64), make([]byte, 200))
		if err != nil {
			t.Fatal(err)
		}
		if s.Tiles() != 4 {
			t.Errorf("%d tiles, want 4", s.Tiles())
		}
	})
}

func TestPoolRefusesWhatItCannotDo(t *testing.T) {
	k, err := Select(cpu.Generic)
	if err != nil {
		t.Fatal(err)
	}
	good := poolGeometry(1, 8, 8, 4, [2]int{2, 2}, one, one, [4]int{}, false)
	with := func(f func(*Pool)) Pool { p := good; f(&p); return p }
	for name, c := range map[string]struct {
		p    Pool
		want error
	}{
		"no channels":      {with(func(p *Pool) { p.C = 0 }), ErrShape},
		"no window":        {with(func(p *Pool) { p.Kernel = [2]int{0, 1} }), ErrShape},
		"huge window":      {with(func(p *Pool) { p.Kernel = [2]int{1 << 12, 1<<11 + 1} }), ErrShape},
		"overflowing":      {with(func(p *Pool) { p.Kernel = [2]int{math.MaxInt, math.MaxInt} }), ErrShape},
		"huge input":       {with(func(p *Pool) { p.H, p.W, p.C = 1<<20, 1<<20, 1<<20 }), ErrShape},
		"huge dilation":    {with(func(p *Pool) { p.Kernel[0], p.Dilations[0] = 1<<13, 1<<20 }), ErrShape},
		"no stride":        {with(func(p *Pool) { p.Strides[1] = 0 }), ErrParameter},
		"narrow pixels":    {with(func(p *Pool) { p.Pitch = 3 }), ErrParameter},
		"huge output":      {with(func(p *Pool) { p.Pitch = 1 << 30 }), ErrShape},
		"negative padding": {with(func(p *Pool) { p.Pads[2] = -1 }), ErrParameter},
	} {
		if _, err := k.MaxPool(c.p, 0, 255); !errors.Is(err, c.want) {
			t.Errorf("max pool, %s: got %v, want %v", name, err, c.want)
		}
		if _, err := k.AveragePool(c.p, 1, 0, 0, 0, 255); !errors.Is(err, c.want) {
			t.Errorf("average pool, %s: got %v, want %v", name, err, c.want)
		}
	}
	if _, err := k.MaxPool(good, 2, 1); !errors.Is(err, ErrParameter) {
		t.Errorf("empty clamp: got %v", err)
	}
	for _, scale := range []float32{0, -1, float32(math.NaN()), float32(math.Inf(1))} {
		if _, err := k.AveragePool(good, scale, 0, 0, 0, 255); !errors.Is(err, ErrParameter) {
			t.Errorf("scale %v: got %v", scale, err)
		}
	}
	if _, err := k.AveragePool(good, 1, 256, 0, 0, 255); !errors.Is(err, ErrParameter) {
		t.Errorf("zero point: got %v", err)
	}
	plan, err := k.MaxPool(good, 0, 255)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 256+196)
	for _, c := range [][2][]byte{{b[:255], b[256:]}, {b[:256], b[256:451]}, {b[:256], b[255:451]}} {
		if _, err := plan.Bind(c[0], c[1]); !errors.Is(err, ErrBuffer) {
			t.Errorf("src %d, dst %d bytes: got %v, want ErrBuffer", len(c[0]), len(c[1]), err)
		}
	}
}

func TestPoolDoesNotAllocate(t *testing.T) {
	p := poolGeometry(1, 14, 14, 96, [2]int{3, 3}, [2]int{2, 2}, one, [4]int{1, 1, 1, 1}, false)
	eachLevel(t, func(t *testing.T, k *Kernels) {
		src, dst := make([]byte, 14*14*96, 14*14*96+64), make([]byte, 7*7*96)
		plan, err := k.MaxPool(p, 0, 255)
		if err != nil {
			t.Fatal(err)
		}
		s, err := plan.Bind(src, dst)
		noAllocs(t, s, err)
		plan, err = k.AveragePool(p, 1, 0, 0, 0, 255)
		if err != nil {
			t.Fatal(err)
		}
		s, err = plan.Bind(src, dst)
		noAllocs(t, s, err)
	})
}
