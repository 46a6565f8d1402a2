package f32

import (
	"errors"
	"fmt"
	"math"
	"math/rand"
	"slices"
	"testing"

	"github.com/octet-ml/octet/internal/testkit"
)

// convCase is a convolution of the tests; the output size follows from the rest, rounded up for ceil.
type convCase struct {
	name                   string
	n, h, w                int
	oc, kh, kw, ic, groups int
	stride, dilation       [2]int
	pads                   [4]int
	ceil                   bool
	residual, bias, clamp  bool
	winograd               bool
}

func (c convCase) weights(rng *rand.Rand) Weights {
	w := Weights{OC: c.oc, KH: c.kh, KW: c.kw, IC: c.ic, Groups: c.groups, Winograd: c.winograd}
	w.Data = random(rng, c.oc*c.kh*c.kw*c.ic).values
	return w
}

func (c convCase) geometry() Geometry {
	g := Geometry{N: c.n, H: c.h, W: c.w, Strides: c.stride, Dilations: c.dilation, Pads: c.pads}
	size := func(in, k, axis int) int {
		room := in + c.pads[axis] + c.pads[axis+2] - (k-1)*c.dilation[axis] - 1
		if c.ceil {
			room += c.stride[axis] - 1
		}
		return room/c.stride[axis] + 1
	}
	g.OH, g.OW = size(c.h, c.kh, 0), size(c.w, c.kw, 1)
	return g
}

// reference computes a convolution by plain loops in float64; sums are of the absolute products.
func reference(w Weights, g Geometry, e Epilogue, src, residual []float32) (out, sums []float64) {
	channels := w.Groups * w.IC
	perGroup := w.OC / w.Groups
	for n := range g.N {
		for oy := range g.OH {
			for ox := range g.OW {
				for oc := range w.OC {
					var acc, sum float64
					if e.Bias != nil {
						acc = float64(e.Bias[oc])
					}
					for kh := range w.KH {
						for kw := range w.KW {
							y := oy*g.Strides[0] + kh*g.Dilations[0] - g.Pads[0]
							x := ox*g.Strides[1] + kw*g.Dilations[1] - g.Pads[1]
							if y < 0 || y >= g.H || x < 0 || x >= g.W {
								continue
							}
							for ic := range w.IC {
								v := float64(src[((n*g.H+y)*g.W+x)*channels+oc/perGroup*w.IC+ic]) *
									float64(w.Data[((oc*w.KH+kh)*w.KW+kw)*w.IC+ic])
								acc += v
								sum += math.Abs(v)
							}
						}
					}
					if e.Residual {
						acc += float64(residual[len(out)])
					}
					out = append(out, min(max(acc, float64(e.Lo)), float64(e.Hi)))
					sums = append(sums, sum+math.Abs(acc))
				}
			}
		}
	}
	return out, sums
}

func testConv(t *testing.T, k *Kernels, c convCase, rng *rand.Rand) {
	t.Helper()
	w, g := c.weights(rng), c.geometry()
	e := Epilogue{Lo: -inf, Hi: inf, Residual: c.residual}
	if c.bias {
		e.Bias = random(rng, c.oc).values
	}
	if c.clamp {
		e.Lo, e.Hi = -0.5, 1.5
	}
	packed, err := k.PackConv(w)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := packed.Plan(g, e)
	if err != nil {
		t.Fatal(err)
	}
	src := random(rng, g.N*g.H*g.W*c.groups*c.ic)
	size := g.N * g.OH * g.OW * c.oc
	dst := output(size)
	args := ConvArgs{Src: src.bytes, Dst: dst.bytes}
	var residual buffer
	if c.residual {
		residual = random(rng, size)
		args.Residual = residual.bytes
	}
	step, err := plan.Bind(args)
	if err != nil {
		t.Fatal(err)
	}
	runAll(step, plan.Scratch())
	want, sums := reference(w, g, e, src.values, residual.values)
	if c.winograd { // roundings are of what the pixels of a tile have in common
		most := slices.Max(sums)
		for i := range sums {
			sums[i] = most
		}
	}
	for i, v := range dst.values {
		if diff := math.Abs(float64(v) - want[i]); !(diff <= Tolerance*sums[i]) {
			t.Fatalf("%s: element %d: got %v, want %v (+-%v)", plan.Kernel(), i, v, want[i], Tolerance*sums[i])
		}
	}
	dst.checkSlack(t)
}

var (
	s1 = [2]int{1, 1}
	s2 = [2]int{2, 2}
)

var convCases = []convCase{
	{name: "1x1", n: 1, h: 7, w: 7, oc: 64, kh: 1, kw: 1, ic: 32, groups: 1, stride: s1, dilation: s1, bias: true},
	{name: "1x1_odd_channels", n: 2, h: 5, w: 9, oc: 37, kh: 1, kw: 1, ic: 19, groups: 1, stride: s1, dilation: s1, bias: true, clamp: true},
	{name: "1x1_one_channel", n: 1, h: 3, w: 5, oc: 1, kh: 1, kw: 1, ic: 1, groups: 1, stride: s1, dilation: s1},
	{name: "1x1_stride2", n: 2, h: 9, w: 8, oc: 48, kh: 1, kw: 1, ic: 24, groups: 1, stride: s2, dilation: s1, residual: true},
	{name: "1x1_padded", n: 1, h: 4, w: 4, oc: 20, kh: 1, kw: 1, ic: 5, groups: 1, stride: s1, dilation: s1, pads: [4]int{1, 2, 0, 1}, bias: true},
	{name: "1x1_residual", n: 1, h: 14, w: 14, oc: 96, kh: 1, kw: 1, ic: 17, groups: 1, stride: s1, dilation: s1, residual: true, bias: true, clamp: true},
	{name: "3x3", n: 1, h: 13, w: 11, oc: 40, kh: 3, kw: 3, ic: 16, groups: 1, stride: s1, dilation: s1, pads: [4]int{1, 1, 1, 1}, bias: true, clamp: true},
	{name: "3x3_stride2_asymmetric", n: 2, h: 12, w: 14, oc: 33, kh: 3, kw: 3, ic: 21, groups: 1, stride: s2, dilation: s1, pads: [4]int{0, 0, 1, 1}},
	{name: "3x3_dilation2", n: 1, h: 11, w: 13, oc: 18, kh: 3, kw: 3, ic: 12, groups: 1, stride: s1, dilation: s2, pads: [4]int{2, 2, 2, 2}, residual: true},
	{name: "3x3_batch", n: 3, h: 7, w: 7, oc: 31, kh: 3, kw: 3, ic: 10, groups: 1, stride: s1, dilation: s1, pads: [4]int{1, 1, 1, 1}, bias: true},
	{name: "3x3_ceil", n: 1, h: 8, w: 8, oc: 16, kh: 3, kw: 3, ic: 9, groups: 1, stride: s2, dilation: s1, ceil: true},
	{name: "1x5_stride_1_3", n: 1, h: 6, w: 17, oc: 24, kh: 1, kw: 5, ic: 11, groups: 1, stride: [2]int{1, 3}, dilation: s1, pads: [4]int{0, 2, 0, 2}},
	{name: "first_3x3_stride2", n: 2, h: 31, w: 33, oc: 32, kh: 3, kw: 3, ic: 3, groups: 1, stride: s2, dilation: s1, pads: [4]int{1, 1, 1, 1}, bias: true, clamp: true},
	{name: "first_7x7_stride2", n: 1, h: 40, w: 38, oc: 64, kh: 7, kw: 7, ic: 3, groups: 1, stride: s2, dilation: s1, pads: [4]int{3, 3, 3, 3}, bias: true},
	{name: "first_wide_pads", n: 1, h: 5, w: 2, oc: 7, kh: 3, kw: 5, ic: 4, groups: 1, stride: s1, dilation: s1, pads: [4]int{4, 4, 4, 4}},
	{name: "first_dilation_height", n: 1, h: 12, w: 12, oc: 8, kh: 3, kw: 3, ic: 1, groups: 1, stride: s1, dilation: [2]int{2, 1}, pads: [4]int{2, 1, 2, 1}},
	{name: "groups2", n: 1, h: 9, w: 9, oc: 36, kh: 3, kw: 3, ic: 7, groups: 2, stride: s1, dilation: s1, pads: [4]int{1, 1, 1, 1}, bias: true, residual: true},
	{name: "groups32_of_4", n: 2, h: 6, w: 5, oc: 128, kh: 3, kw: 3, ic: 4, groups: 32, stride: s1, dilation: s1, pads: [4]int{1, 1, 1, 1}, bias: true},
	{name: "groups_1x1", n: 2, h: 6, w: 5, oc: 60, kh: 1, kw: 1, ic: 10, groups: 3, stride: s1, dilation: s1, bias: true, clamp: true},
	{name: "dense", n: 1, h: 1, w: 1, oc: 100, kh: 1, kw: 1, ic: 257, groups: 1, stride: s1, dilation: s1, bias: true},
	{name: "dense_batch8", n: 8, h: 1, w: 1, oc: 77, kh: 1, kw: 1, ic: 130, groups: 1, stride: s1, dilation: s1, bias: true, clamp: true},
	{name: "dense_batch13", n: 13, h: 1, w: 1, oc: 16, kh: 1, kw: 1, ic: 3, groups: 1, stride: s1, dilation: s1},
	{name: "whole_image", n: 2, h: 6, w: 6, oc: 50, kh: 6, kw: 6, ic: 20, groups: 1, stride: s1, dilation: s1, bias: true},
	{name: "deep", n: 1, h: 7, w: 7, oc: 64, kh: 3, kw: 3, ic: 512, groups: 1, stride: s1, dilation: s1, pads: [4]int{1, 1, 1, 1}, bias: true, clamp: true},
	{name: "first_large_window", n: 1, h: 40, w: 41, oc: 3, kh: 33, kw: 33, ic: 1, groups: 1, stride: s1, dilation: s1, pads: [4]int{16, 16, 16, 16}},
	{name: "depthwise3", n: 2, h: 14, w: 14, oc: 96, kh: 3, kw: 3, ic: 1, groups: 96, stride: s1, dilation: s1, pads: [4]int{1, 1, 1, 1}, bias: true, clamp: true},
	{name: "depthwise3_stride2", n: 1, h: 15, w: 12, oc: 33, kh: 3, kw: 3, ic: 1, groups: 33, stride: s2, dilation: s1, pads: [4]int{0, 0, 1, 1}, bias: true},
	{name: "depthwise5", n: 1, h: 10, w: 9, oc: 72, kh: 5, kw: 5, ic: 1, groups: 72, stride: s1, dilation: s1, pads: [4]int{2, 2, 2, 2}, residual: true},
	{name: "depthwise5_stride2", n: 2, h: 9, w: 9, oc: 130, kh: 5, kw: 5, ic: 1, groups: 130, stride: s2, dilation: s1, pads: [4]int{2, 2, 2, 2}, bias: true, clamp: true},
	{name: "depthwise7", n: 1, h: 12, w: 8, oc: 17, kh: 7, kw: 7, ic: 1, groups: 17, stride: s1, dilation: s1, pads: [4]int{3, 3, 3, 3}, bias: true},
	{name: "depthwise7_stride2", n: 1, h: 13, w: 11, oc: 64, kh: 7, kw: 7, ic: 1, groups: 64, stride: s2, dilation: s1, pads: [4]int{3, 3, 3, 3}, residual: true, clamp: true},
	{name: "depthwise3_dilation2", n: 1, h: 9, w: 9, oc: 3, kh: 3, kw: 3, ic: 1, groups: 3, stride: s1, dilation: s2, pads: [4]int{2, 2, 2, 2}},
	{name: "winograd", n: 1, h: 28, w: 28, oc: 32, kh: 3, kw: 3, ic: 16, groups: 1, stride: s1, dilation: s1, pads: [4]int{1, 1, 1, 1}, bias: true, clamp: true, winograd: true},
	{name: "winograd_edges", n: 2, h: 13, w: 30, oc: 48, kh: 3, kw: 3, ic: 32, groups: 1, stride: s1, dilation: s1, pads: [4]int{1, 1, 1, 1}, residual: true, clamp: true, winograd: true},
	{name: "winograd_pads", n: 1, h: 9, w: 6, oc: 16, kh: 3, kw: 3, ic: 48, groups: 1, stride: s1, dilation: s1, pads: [4]int{2, 0, 1, 4}, bias: true, residual: true, winograd: true},
	{name: "winograd_one_pixel", n: 1, h: 3, w: 3, oc: 80, kh: 3, kw: 3, ic: 16, groups: 1, stride: s1, dilation: s1, winograd: true},
	{name: "winograd_deep", n: 1, h: 14, w: 14, oc: 32, kh: 3, kw: 3, ic: 512, groups: 1, stride: s1, dilation: s1, pads: [4]int{1, 1, 1, 1}, bias: true, winograd: true},
	{name: "winograd_blocks", n: 2, h: 57, w: 58, oc: 16, kh: 3, kw: 3, ic: 64, groups: 1, stride: s1, dilation: s1, pads: [4]int{1, 1, 1, 1}, winograd: true},
	{name: "depthwise_multiplier3", n: 2, h: 6, w: 6, oc: 15, kh: 3, kw: 3, ic: 1, groups: 5, stride: s1, dilation: s1, pads: [4]int{1, 1, 1, 1}, bias: true},
}

func TestConv(t *testing.T) {
	seed := testkit.Seed(t)
	for _, c := range convCases {
		t.Run(c.name, func(t *testing.T) {
			eachLevel(t, func(t *testing.T, k *Kernels) { testConv(t, k, c, rand.New(rand.NewSource(seed))) })
		})
	}
}

func TestConvOfRandomShapes(t *testing.T) {
	seed := testkit.Seed(t)
	rng := rand.New(rand.NewSource(seed))
	pair := func(n int) [2]int { return [2]int{1 + rng.Intn(n), 1 + rng.Intn(n)} }
	flip := func() bool { return rng.Intn(2) == 0 }
	for range 60 {
		c := convCase{
			n: 1 + rng.Intn(3), h: 1 + rng.Intn(12), w: 1 + rng.Intn(12), oc: 1 + rng.Intn(70), kh: 1 + rng.Intn(4), kw: 1 + rng.Intn(4),
			ic: 1 + rng.Intn(20), groups: 1, stride: pair(3), dilation: pair(2), pads: [4]int{rng.Intn(3), rng.Intn(3), rng.Intn(3), rng.Intn(3)},
			ceil: flip(), residual: flip(), bias: flip(), clamp: flip(),
		}
		switch rng.Intn(3) {
		case 0:
			c.groups, c.ic = c.oc, 1
		case 1:
			c.groups = 1 + rng.Intn(4)
			c.oc *= c.groups
		}
		c.h, c.w = max(c.h, (c.kh-1)*c.dilation[0]+1), max(c.w, (c.kw-1)*c.dilation[1]+1)
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			eachLevel(t, func(t *testing.T, k *Kernels) { testConv(t, k, c, rand.New(rand.NewSource(seed))) })
		})
	}
}

// Each image of a batch gives the bits that it gives alone, and in-place residuals give those of separate ones.
func TestConvDoesNotDependOnBatchOrTiles(t *testing.T) {
	seed := testkit.Seed(t)
	for _, c := range convCases {
		c.n, c.residual = 5, true
		eachLevel(t, func(t *testing.T, k *Kernels) {
			rng := rand.New(rand.NewSource(seed))
			w, g := c.weights(rng), c.geometry()
			e := Epilogue{Lo: -inf, Hi: inf, Bias: random(rng, c.oc).values, Residual: true}
			packed, err := k.PackConv(w)
			if err != nil {
				t.Fatal(err)
			}
			run := func(g Geometry, src, residual, dst []byte) {
				t.Helper()
				plan, err := packed.Plan(g, e)
				if err != nil {
					t.Fatal(err)
				}
				step, err := plan.Bind(ConvArgs{Src: src, Residual: residual, Dst: dst})
				if err != nil {
					t.Fatal(err)
				}
				runAll(step, plan.Scratch())
			}
			src := random(rng, g.N*g.H*g.W*c.groups*c.ic)
			residual := random(rng, g.N*g.OH*g.OW*c.oc)
			together, apart := output(len(residual.values)), output(len(residual.values))
			run(g, src.bytes, residual.bytes, together.bytes)
			in, out := len(src.bytes)/g.N, len(residual.bytes)/g.N
			one := g
			one.N = 1
			for n := range g.N {
				run(one, src.bytes[n*in:(n+1)*in], residual.bytes[n*out:(n+1)*out], apart.bytes[n*out:(n+1)*out])
			}
			equalBits(t, apart.values, together.values)
			run(g, src.bytes, residual.bytes, residual.bytes)
			equalBits(t, residual.values, together.values)
		})
	}
}

func TestConvAllocatesNothing(t *testing.T) {
	for _, c := range convCases {
		eachLevel(t, func(t *testing.T, k *Kernels) {
			rng := rand.New(rand.NewSource(1))
			packed, err := k.PackConv(c.weights(rng))
			if err != nil {
				t.Fatal(err)
			}
			g := c.geometry()
			plan, err := packed.Plan(g, Epilogue{Lo: -inf, Hi: inf})
			if err != nil {
				t.Fatal(err)
			}
			src, dst := random(rng, g.N*g.H*g.W*c.groups*c.ic), output(g.N*g.OH*g.OW*c.oc)
			step, err := plan.Bind(ConvArgs{Src: src.bytes, Dst: dst.bytes})
			if err != nil {
				t.Fatal(err)
			}
			noAllocs(t, step, plan.Scratch())
		})
	}
}

// A model file may ask for a kernel of any size: scratch must stay far below rows times window.
func TestScratchOfALargeWindowIsBounded(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		const size = 1000
		packed, err := k.PackConv(Weights{Data: make([]float32, size*size), OC: 1, KH: size, KW: size, IC: 1, Groups: 1})
		if err != nil {
			t.Fatal(err)
		}
		g := Geometry{N: 1, H: size, W: size, Strides: s1, Dilations: s1, Pads: [4]int{500, 500, 499, 499}, OH: size, OW: size}
		plan, err := packed.Plan(g, Epilogue{Lo: -inf, Hi: inf})
		if err != nil {
			t.Fatal(err)
		}
		if most := 4*minBlockRows*size*size + 4 + Slack; plan.Scratch() > most {
			t.Errorf("got %d bytes of scratch, want at most %d", plan.Scratch(), most)
		}
	})
}

func TestWhereWinogradIsUsed(t *testing.T) {
	good := convCase{n: 1, h: 28, w: 28, oc: 64, kh: 3, kw: 3, ic: 64, groups: 1, stride: s1, dilation: s1, pads: [4]int{1, 1, 1, 1}, winograd: true}
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for name, c := range map[string]struct {
			change func(c *convCase)
			packs  bool // all the same
			want   bool
		}{
			"good": {func(*convCase) {}, true, true}, "few tiles": {func(c *convCase) { c.h = 20 }, true, false},
			"large weights": {func(c *convCase) { c.oc, c.ic = 512, 256 }, true, false}, "odd channels": {func(c *convCase) { c.ic = 24 }, false, false},
			"groups": {func(c *convCase) { c.groups, c.ic = 2, 32 }, false, false}, "5x5": {func(c *convCase) { c.kh = 5 }, false, false},
		} {
			d := good
			c.change(&d)
			w := d.weights(rand.New(rand.NewSource(1)))
			if got := k.Winograd(w, d.geometry()); got != c.want {
				t.Errorf("%s: got %v, want %v", name, got, c.want)
			}
			if _, err := k.PackConv(w); (err == nil) != c.packs || err != nil && !errors.Is(err, ErrWeights) {
				t.Errorf("%s: packing gives %v", name, err)
			}
		}
		packed, err := k.PackConv(good.weights(rand.New(rand.NewSource(1))))
		if err != nil {
			t.Fatal(err)
		}
		strided := good
		strided.stride = s2
		if k.Winograd(good.weights(rand.New(rand.NewSource(1))), strided.geometry()) {
			t.Error("a stride of 2 is accepted")
		}
		if _, err := packed.Plan(strided.geometry(), Epilogue{Lo: -inf, Hi: inf}); !errors.Is(err, ErrGeometry) {
			t.Errorf("a plan with a stride of 2 gives %v", err)
		}
	})
}

func TestNaNPassesTheClamp(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		packed, err := k.PackConv(Weights{Data: []float32{1, 2}, OC: 2, KH: 1, KW: 1, IC: 1, Groups: 1})
		if err != nil {
			t.Fatal(err)
		}
		plan, err := packed.Plan(Geometry{N: 1, H: 1, W: 1, Strides: s1, Dilations: s1, OH: 1, OW: 1}, Epilogue{Lo: 0, Hi: 6})
		if err != nil {
			t.Fatal(err)
		}
		src, dst := newBuffer(1), output(2)
		src.values[0] = float32(math.NaN())
		step, err := plan.Bind(ConvArgs{Src: src.bytes, Dst: dst.bytes})
		if err != nil {
			t.Fatal(err)
		}
		runAll(step, plan.Scratch())
		if v := dst.values[0]; v == v {
			t.Errorf("got %v, want NaN", v)
		}
	})
}

func TestConvRejects(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		wantErr := func(err, want error) {
			t.Helper()
			if !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
		}
		for _, w := range []Weights{
			{}, {Data: make([]float32, 3), OC: 4, KH: 1, KW: 1, IC: 1, Groups: 1}, {Data: make([]float32, 4), OC: 4, KH: 1, KW: 1, IC: 1, Groups: 3},
			{OC: math.MaxInt, KH: math.MaxInt, KW: 2, IC: 2, Groups: 1}, {Data: make([]float32, 4), OC: -4, KH: -1, KW: 1, IC: 1, Groups: 1},
			{Data: make([]float32, 4), OC: 4, KH: 1, KW: 1, IC: 1, Groups: 0},
		} {
			_, err := k.PackConv(w)
			wantErr(err, ErrWeights)
		}
		packed, err := k.PackConv(Weights{Data: make([]float32, 9), OC: 1, KH: 3, KW: 3, IC: 1, Groups: 1})
		if err != nil {
			t.Fatal(err)
		}
		good := Geometry{N: 1, H: 4, W: 4, Strides: s1, Dilations: s1, OH: 2, OW: 2}
		free := Epilogue{Lo: -inf, Hi: inf}
		for _, change := range []func(g *Geometry){
			func(g *Geometry) { g.N = 0 }, func(g *Geometry) { g.H = -1 }, func(g *Geometry) { g.OW = 3 }, func(g *Geometry) { g.Strides[0] = 0 },
			func(g *Geometry) { g.Dilations[1] = 0 }, func(g *Geometry) { g.Pads[2] = -1 }, func(g *Geometry) { g.N = math.MaxInt }, func(g *Geometry) { g.Pads[0] = math.MaxInt },
		} {
			g := good
			change(&g)
			_, err := packed.Plan(g, free)
			wantErr(err, ErrGeometry)
		}
		_, err = packed.Plan(good, Epilogue{Lo: -inf, Hi: inf, Bias: make([]float32, 2)})
		wantErr(err, ErrEpilogue)
		_, err = packed.Plan(good, Epilogue{Lo: 1, Hi: 0})
		wantErr(err, ErrEpilogue)
		plan, err := packed.Plan(good, free)
		if err != nil {
			t.Fatal(err)
		}
		src, dst := newBuffer(16), newBuffer(17)
		for _, a := range []ConvArgs{
			{}, {Src: src.bytes[:60], Dst: dst.bytes[:16]}, {Src: src.bytes, Dst: dst.bytes[:20]}, {Src: src.bytes, Dst: src.bytes[:16]},
			{Src: src.bytes, Dst: dst.bytes[1:17]}, {Src: src.bytes, Dst: dst.bytes[:16], Residual: dst.bytes[:16]},
		} {
			_, err := plan.Bind(a)
			wantErr(err, ErrBuffer)
		}
	})
}
