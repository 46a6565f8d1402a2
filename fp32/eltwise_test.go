package f32

import (
	"errors"
	"fmt"
	"math"
	"math/rand"
	"testing"

	"github.com/octet-ml/octet/internal/testkit"
)

var binaryOps = []struct {
	name string
	op   BinaryOp
	f    func(a, b float32) float32
}{
	{"add", Add, func(a, b float32) float32 { return a + b }},
	{"sub", Sub, func(a, b float32) float32 { return a - b }},
	{"mul", Mul, func(a, b float32) float32 { return a * b }},
	{"div", Div, func(a, b float32) float32 { return a / b }},
	{"max", Max, func(a, b float32) float32 { return max(a, b) }},
	{"min", Min, func(a, b float32) float32 { return min(a, b) }},
	{"reverse_sub", ReverseSub, func(a, b float32) float32 { return b - a }},
	{"reverse_div", ReverseDiv, func(a, b float32) float32 { return b / a }},
}

var broadcasts = []struct {
	name string
	s    Broadcast
}{
	{"same", Broadcast{Outer: 2, Mid: 5, Inner: 7, O: 35, M: 7, C: 1}},
	{"long", Broadcast{Outer: 1, Mid: 1, Inner: 40001, C: 1}},
	{"scalar", Broadcast{Outer: 3, Mid: 11, Inner: 13}},
	{"channel", Broadcast{Outer: 2, Mid: 9, Inner: 33, C: 1}},
	{"channel_of_image", Broadcast{Outer: 3, Mid: 6, Inner: 20, O: 20, C: 1}},
	{"pixel", Broadcast{Outer: 2, Mid: 6, Inner: 19, O: 6, M: 1}},
	{"image", Broadcast{Outer: 4, Mid: 6, Inner: 19, O: 1}},
	{"batch", Broadcast{Outer: 4, Mid: 6, Inner: 19, M: 19, C: 1}},
	{"strided", Broadcast{Outer: 2, Mid: 3, Inner: 8, O: 100, M: 30, C: 3}},
	{"single_channel", Broadcast{Outer: 2, Mid: 30, Inner: 1, O: 30, M: 1, C: 7}},
	{"long_channel", Broadcast{Outer: 2, Mid: 2, Inner: 20000, C: 1}},
}

func TestBinary(t *testing.T) {
	seed := testkit.Seed(t)
	for _, op := range binaryOps {
		for _, b := range broadcasts {
			t.Run(op.name+"/"+b.name, func(t *testing.T) {
				eachLevel(t, func(t *testing.T, k *Kernels) {
					rng := rand.New(rand.NewSource(seed))
					testBinary(t, k.Binary(op.op, b.s, -inf, inf), op.f, b.s, rng)
					p := k.Binary(op.op, b.s, -0.25, 1)
					clamped := func(a, b float32) float32 { return min(max(op.f(a, b), -0.25), 1) }
					testBinary(t, p, clamped, b.s, rng)
				})
			})
		}
	}
}

func testBinary(t *testing.T, p *BinaryPlan, f func(a, b float32) float32, s Broadcast, rng *rand.Rand) {
	t.Helper()
	size := s.Outer * s.Mid * s.Inner
	a := random(rng, size)
	b := random(rng, (s.Outer-1)*s.O+(s.Mid-1)*s.M+(s.Inner-1)*s.C+1)
	dst := output(size)
	want := make([]float32, 0, size)
	for o := range s.Outer {
		for m := range s.Mid {
			for c := range s.Inner {
				want = append(want, f(a.values[len(want)], b.values[o*s.O+m*s.M+c*s.C]))
			}
		}
	}
	step, err := p.Bind(a.bytes, b.bytes, dst.bytes)
	if err != nil {
		t.Fatal(err)
	}
	runAll(step, 0)
	equalBits(t, dst.values, want)
	dst.checkSlack(t)
	noAllocs(t, step, 0)
	inPlace, err := p.Bind(a.bytes, b.bytes, a.bytes)
	if err != nil {
		t.Fatal(err)
	}
	runAll(inPlace, 0)
	equalBits(t, a.values, want)
}

func TestBinaryRejects(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		b := newBuffer(12).bytes
		wantErr := func(p *BinaryPlan, a, b, dst []byte, want error) {
			t.Helper()
			if _, err := p.Bind(a, b, dst); !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
		}
		flat := Broadcast{Outer: 1, Mid: 1, Inner: 4, C: 1}
		wantErr(k.Binary(99, flat, -inf, inf), b[:16], b[16:32], b[32:], ErrEpilogue)
		wantErr(k.Binary(Add, flat, 1, 0), b[:16], b[16:32], b[32:], ErrEpilogue)
		wantErr(k.Binary(Add, Broadcast{}, -inf, inf), b[:16], b[16:32], b[32:], ErrGeometry)
		wantErr(k.Binary(Add, Broadcast{Outer: math.MaxInt, Mid: 2, Inner: 2}, -inf, inf), b[:16], b[16:32], b[32:], ErrGeometry)
		wantErr(k.Binary(Add, flat, -inf, inf), b[:16], b[16:28], b[32:], ErrBuffer)
		wantErr(k.Binary(Add, flat, -inf, inf), b[:12], b[16:32], b[32:], ErrBuffer)
		wantErr(k.Binary(Add, flat, -inf, inf), b[:16], b[16:32], b[4:20], ErrBuffer)
		wantErr(k.Binary(Add, Broadcast{Outer: 1, Mid: 2, Inner: 2, C: 1}, -inf, inf), b[:16], b[16:24], b[16:32], ErrBuffer)
	})
}

func TestClamp(t *testing.T) {
	seed := testkit.Seed(t)
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for _, n := range []int{1, 7, 8, 15, 16, 17, 63, 64, 100, 40000} {
			a, dst := random(rand.New(rand.NewSource(seed)), n), output(n)
			a.values[n/2] = float32(math.NaN())
			want := make([]float32, n)
			for i, v := range a.values {
				want[i] = v
				if v < -0.5 {
					want[i] = -0.5
				} else if v > 0.75 {
					want[i] = 0.75
				}
			}
			p := k.Clamp(-0.5, 0.75)
			for _, out := range []buffer{dst, a} {
				step, err := p.Bind(a.bytes, out.bytes)
				if err != nil {
					t.Fatal(err)
				}
				runAll(step, 0)
				equalBits(t, out.values, want)
				noAllocs(t, step, 0)
			}
			dst.checkSlack(t)
		}
	})
}

func TestUnary(t *testing.T) {
	seed := testkit.Seed(t)
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for _, n := range []int{0, 1, 5000} {
			a, dst := random(rand.New(rand.NewSource(seed)), n), output(n)
			var want []float32
			for _, v := range a.values {
				want = append(want, Sigmoid(v))
			}
			step, err := k.Unary(Sigmoid).Bind(a.bytes, dst.bytes)
			if err != nil {
				t.Fatal(err)
			}
			runAll(step, 0)
			equalBits(t, dst.values, want)
			noAllocs(t, step, 0)
		}
		b := newBuffer(8).bytes
		for _, err := range []error{
			func() error { _, err := k.Unary(nil).Bind(b[:8], b[8:16]); return err }(),
			func() error { _, err := k.Clamp(1, 0).Bind(b[:8], b[8:16]); return err }(),
		} {
			if !errors.Is(err, ErrEpilogue) {
				t.Errorf("got %v, want %v", err, ErrEpilogue)
			}
		}
		for _, c := range [][2][]byte{{b[:8], b[8:20]}, {b[:8], b[4:12]}, {b[:7], b[8:15]}, {b[1:9], b[12:20]}} {
			if _, err := k.Unary(Exp).Bind(c[0], c[1]); !errors.Is(err, ErrBuffer) {
				t.Errorf("got %v, want %v", err, ErrBuffer)
			}
		}
	})
}

var poolCases = []struct {
	name    string
	n, h, w int
	c       int
	kernel  [2]int
	stride  [2]int
	dil     [2]int
	pads    [4]int
	oh, ow  int
}{
	{"3x3_stride2", 2, 15, 13, 64, [2]int{3, 3}, s2, s1, [4]int{1, 1, 1, 1}, 8, 7},
	{"2x2_stride2", 1, 8, 8, 17, [2]int{2, 2}, s2, s1, [4]int{}, 4, 4},
	{"ceil_past_the_edge", 1, 8, 8, 33, [2]int{3, 3}, s2, s1, [4]int{}, 4, 4},
	{"ceil_past_the_pads", 2, 7, 10, 5, [2]int{2, 4}, [2]int{2, 3}, s1, [4]int{0, 1, 0, 1}, 4, 4},
	{"asymmetric", 1, 6, 9, 100, [2]int{3, 2}, s1, s1, [4]int{2, 0, 0, 1}, 6, 9},
	{"dilated", 1, 11, 12, 20, [2]int{3, 3}, s1, [2]int{2, 3}, [4]int{2, 3, 1, 2}, 10, 11},
	{"global", 2, 7, 7, 1280, [2]int{7, 7}, s1, s1, [4]int{}, 1, 1},
	{"one_channel", 3, 5, 5, 1, [2]int{5, 1}, s1, s1, [4]int{}, 1, 5},
	{"window_in_the_pads", 1, 3, 3, 9, [2]int{1, 1}, s1, s1, [4]int{1, 1, 1, 1}, 5, 5},
	{"identity", 1, 4, 5, 48, [2]int{1, 1}, s1, s1, [4]int{}, 4, 5},
}

// referencePool computes the pools by plain loops; sums are float32 in the order of the taps, so they are exact too.
func referencePool(p Pool, average bool, src []float32, lo, hi float32) []float32 {
	var out []float32
	for i := range p.N * p.OH * p.OW * p.C {
		c, x, y, n := i%p.C, i/p.C%p.OW, i/p.C/p.OW%p.OH, i/p.C/p.OW/p.OH
		most, sum, inside, padded := -inf, float32(0), 0, 0
		for ky := range p.Kernel[0] {
			for kx := range p.Kernel[1] {
				sy, sx := y*p.Strides[0]+ky*p.Dilations[0]-p.Pads[0], x*p.Strides[1]+kx*p.Dilations[1]-p.Pads[1]
				if sy < p.H+p.Pads[2] && sx < p.W+p.Pads[3] {
					padded++
				}
				if sy >= 0 && sy < p.H && sx >= 0 && sx < p.W {
					inside++
					v := src[((n*p.H+sy)*p.W+sx)*p.C+c]
					most = max(most, v)
					sum += v
				}
			}
		}
		v := most
		switch {
		case average && inside == 0:
			v = 0
		case average && p.CountIncludePad:
			v = sum / float32(padded)
		case average:
			v = sum / float32(inside)
		}
		out = append(out, min(max(v, lo), hi))
	}
	return out
}

func TestPools(t *testing.T) {
	seed := testkit.Seed(t)
	for _, c := range poolCases {
		p := Pool{C: c.c, Kernel: c.kernel, Geometry: Geometry{N: c.n, H: c.h, W: c.w, Strides: c.stride, Dilations: c.dil, Pads: c.pads, OH: c.oh, OW: c.ow}}
		for _, kind := range []string{"max", "average", "average_with_pads"} {
			for _, clamp := range []float32{0.5, inf} {
				t.Run(fmt.Sprintf("%s/%s/clamp_%v", c.name, kind, clamp), func(t *testing.T) {
					eachLevel(t, func(t *testing.T, k *Kernels) {
						p.CountIncludePad = kind == "average_with_pads"
						plan, err := k.AveragePool(p, -clamp, clamp)
						if kind == "max" {
							plan, err = k.MaxPool(p, -clamp, clamp)
						}
						if err != nil {
							t.Fatal(err)
						}
						src := random(rand.New(rand.NewSource(seed)), p.N*p.H*p.W*p.C)
						dst := output(p.N * p.OH * p.OW * p.C)
						step, err := plan.Bind(src.bytes, dst.bytes)
						if err != nil {
							t.Fatal(err)
						}
						runAll(step, plan.Scratch())
						equalBits(t, dst.values, referencePool(p, kind != "max", src.values, -clamp, clamp))
						dst.checkSlack(t)
						noAllocs(t, step, plan.Scratch())
					})
				})
			}
		}
	}
}

func TestPoolRejects(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		good := Pool{C: 1, Kernel: s2, Geometry: Geometry{N: 1, H: 4, W: 4, Strides: s2, Dilations: s1, OH: 2, OW: 2}}
		for _, change := range []func(p *Pool){
			func(p *Pool) { p.C = 0 }, func(p *Pool) { p.Kernel[0] = 0 }, func(p *Pool) { p.OH = 4 }, func(p *Pool) { p.Strides[1] = 0 }, func(p *Pool) { p.Kernel[1] = math.MaxInt },
		} {
			p := good
			change(&p)
			if _, err := k.MaxPool(p, -inf, inf); !errors.Is(err, ErrGeometry) {
				t.Errorf("max pool: got %v, want %v", err, ErrGeometry)
			}
			if _, err := k.AveragePool(p, -inf, inf); !errors.Is(err, ErrGeometry) {
				t.Errorf("average pool: got %v, want %v", err, ErrGeometry)
			}
		}
		plan, err := k.MaxPool(good, -inf, inf)
		if err != nil {
			t.Fatal(err)
		}
		b := newBuffer(20).bytes
		for _, c := range [][2][]byte{{b[:60], b[64:80]}, {b[:64], b[64:76]}, {b[:64], b[:16]}} {
			if _, err := plan.Bind(c[0], c[1]); !errors.Is(err, ErrBuffer) {
				t.Errorf("got %v, want %v", err, ErrBuffer)
			}
		}
	})
}
