package i8

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/testkit"
)

var reluLUT = func() *[256]uint8 {
	var t [256]uint8
	for i := range t {
		t[i] = uint8(i * i >> 8)
	}
	return &t
}()

var someAdd = &AddParams{AScale: 0.71, BScale: 0.43, AZero: 13, BZero: 201, OutZero: 77, Lo: 3, Hi: 250}

// logarithmic is a table without the value 0.
var logarithmic = [16]int8{1, 2, 4, 8, 16, 32, 64, 127, -1, -2, -4, -8, -16, -32, -64, -128}

var uniform = [16]int8{0, 1, 2, 3, 4, 5, 6, 7, -8, -7, -6, -5, -4, -3, -2, -1}

func layer(kh, kw, ic, oc int) Weights { return Weights{KH: kh, KW: kw, IC: ic, OC: oc, Groups: 1} }

func image(h, w int) Geometry { return Geometry{H: h, W: w} }

func padded(h, w, stride, pad int) Geometry {
	return Geometry{H: h, W: w, Strides: [2]int{stride, stride}, Pads: [4]int{pad, pad, pad, pad}}
}

var convCases = []struct {
	name string
	c    convCase
}{
	{"1x1", convCase{w: layer(1, 1, 16, 32), g: image(7, 9)}},
	{"1x1/odd_channels", convCase{w: layer(1, 1, 19, 37), g: image(5, 6)}},
	{"1x1/one_to_one", convCase{w: layer(1, 1, 1, 1), g: image(3, 3)}},
	{"1x1/oc17", convCase{w: layer(1, 1, 33, 17), g: image(11, 3)}},
	{"1x1/oc1001", convCase{w: layer(1, 1, 70, 1001), g: image(1, 3)}},
	{"1x1/stride2", convCase{w: layer(1, 1, 24, 40), g: padded(9, 8, 2, 0)}},
	{"1x1/pad", convCase{w: layer(1, 1, 8, 16), g: padded(4, 4, 1, 1), e: Epilogue{InZero: 113}}},
	{"1x1/batch3", convCase{w: layer(1, 1, 12, 20), g: Geometry{N: 3, H: 5, W: 5}}},
	{"3x3/pad", convCase{w: layer(3, 3, 16, 24), g: padded(10, 11, 1, 1), e: Epilogue{InZero: 113}}},
	{"3x3/stride2", convCase{w: layer(3, 3, 12, 48), g: padded(13, 12, 2, 1), e: Epilogue{InZero: 255}}},
	{"3x3/asymmetric", convCase{w: layer(3, 3, 9, 33), g: Geometry{H: 8, W: 9, Strides: [2]int{2, 1}, Pads: [4]int{0, 2, 1, 0}}, e: Epilogue{InZero: 7}}},
	{"3x3/dilation", convCase{w: layer(3, 3, 20, 16), g: Geometry{H: 12, W: 11, Dilations: [2]int{2, 3}, Pads: [4]int{2, 3, 2, 3}}, e: Epilogue{InZero: 100}}},
	{"3x3/batch2_merged", convCase{w: layer(3, 3, 10, 16), g: Geometry{N: 2, H: 4, W: 4, Pads: [4]int{1, 1, 1, 1}}, e: Epilogue{InZero: 3}}},
	{"3x3/batch3_apart", convCase{w: layer(3, 3, 4*3, 16), g: Geometry{N: 3, H: 24, W: 24, Pads: [4]int{1, 1, 1, 1}}, e: Epilogue{InZero: 3}}},
	{"3x3/ceil_mode", convCase{w: layer(3, 3, 16, 16), g: Geometry{H: 6, W: 6, Strides: [2]int{2, 2}, OH: 3, OW: 3}, e: Epilogue{InZero: 5}}},
	{"5x5/pad", convCase{w: layer(5, 5, 14, 18), g: padded(9, 9, 1, 2), e: Epilogue{InZero: 255}}},
	{"7x7/first_layer", convCase{w: layer(7, 7, 3, 64), g: padded(29, 31, 2, 3), e: Epilogue{InZero: 114}}},
	{"3x3/first_layer", convCase{w: layer(3, 3, 3, 32), g: padded(33, 32, 2, 1), e: Epilogue{InZero: 128}}},
	{"3x3/first_layer_gray", convCase{w: layer(3, 3, 1, 8), g: Geometry{N: 2, H: 28, W: 28, Pads: [4]int{1, 1, 1, 1}}}},
	{"3x3/first_layer_dilated", convCase{w: layer(3, 3, 3, 20), g: Geometry{H: 14, W: 15, Dilations: [2]int{2, 2}, Strides: [2]int{1, 2}, Pads: [4]int{2, 1, 2, 3}}, e: Epilogue{InZero: 9}}},
	{"1x7/few_channels", convCase{w: layer(1, 7, 5, 20), g: Geometry{H: 6, W: 12, Pads: [4]int{0, 3, 0, 3}}, e: Epilogue{InZero: 9}}},
	{"groups/4", convCase{w: Weights{KH: 3, KW: 3, IC: 8, OC: 32, Groups: 4}, g: padded(8, 8, 1, 1), e: Epilogue{InZero: 50}}},
	{"groups/odd", convCase{w: Weights{KH: 1, KW: 1, IC: 7, OC: 57, Groups: 3}, g: image(6, 7)}},
	{"groups/weight_zero", convCase{w: Weights{KH: 3, KW: 2, IC: 5, OC: 40, Groups: 2, Zero: -9}, g: padded(6, 7, 1, 1), e: Epilogue{InZero: 77}}},
	{"dense/1", convCase{w: layer(1, 1, 300, 130), g: image(1, 1)}},
	{"dense/batch3", convCase{w: layer(1, 1, 130, 75), g: Geometry{N: 3, H: 1, W: 1}}},
	{"dense/batch40", convCase{w: layer(1, 1, 64, 64), g: Geometry{N: 40, H: 1, W: 1}}},
	{"dense/4bit", convCase{w: Weights{Bits: 4, Table: uniform, KH: 1, KW: 1, IC: 257, OC: 70, Groups: 1}, g: Geometry{N: 2, H: 1, W: 1}}},
	{"weight_zero/1x1", convCase{w: Weights{KH: 1, KW: 1, IC: 600, OC: 33, Groups: 1, Zero: 127}, g: image(3, 4), e: Epilogue{InZero: 128}}},
	{"weight_zero/3x3", convCase{w: Weights{KH: 3, KW: 3, IC: 13, OC: 33, Groups: 1, Zero: -128}, g: padded(7, 7, 2, 1), e: Epilogue{InZero: 128}}},
	{"weight_zero/first_layer", convCase{w: Weights{KH: 3, KW: 3, IC: 3, OC: 16, Groups: 1, Zero: 21}, g: padded(17, 17, 2, 1), e: Epilogue{InZero: 128}}},
	{"4bit/1x1", convCase{w: Weights{Bits: 4, Table: uniform, KH: 1, KW: 1, IC: 35, OC: 50, Groups: 1}, g: image(6, 7)}},
	{"4bit/3x3", convCase{w: Weights{Bits: 4, Table: uniform, KH: 3, KW: 3, IC: 16, OC: 33, Groups: 1}, g: padded(9, 9, 1, 1), e: Epilogue{InZero: 40}}},
	{"4bit/logarithmic", convCase{w: Weights{Bits: 4, Table: logarithmic, KH: 3, KW: 3, IC: 11, OC: 67, Groups: 1}, g: padded(9, 9, 1, 1), e: Epilogue{InZero: 40}}},
	{"4bit/logarithmic_first_layer", convCase{w: Weights{Bits: 4, Table: logarithmic, KH: 3, KW: 3, IC: 3, OC: 24, Groups: 1, Zero: 2}, g: padded(11, 11, 2, 1), e: Epilogue{InZero: 40}}},
	{"4bit/depthwise", convCase{w: Weights{Bits: 4, Table: logarithmic, KH: 3, KW: 3, IC: 1, OC: 40, Groups: 40}, g: padded(9, 9, 1, 1), e: Epilogue{InZero: 40}}},
	{"depthwise/3x3", convCase{w: Weights{KH: 3, KW: 3, IC: 1, OC: 64, Groups: 64}, g: padded(9, 12, 1, 1), e: Epilogue{InZero: 113}}},
	{"depthwise/3x3_stride2", convCase{w: Weights{KH: 3, KW: 3, IC: 1, OC: 96, Groups: 96}, g: padded(13, 14, 2, 1), e: Epilogue{InZero: 255}}},
	{"depthwise/3x3_c32", convCase{w: Weights{KH: 3, KW: 3, IC: 1, OC: 32, Groups: 32}, g: padded(9, 13, 1, 1), e: Epilogue{InZero: 113}}},
	{"depthwise/3x3_c16_batch2", convCase{w: Weights{KH: 3, KW: 3, IC: 1, OC: 16, Groups: 16}, g: Geometry{N: 2, H: 8, W: 11, Pads: [4]int{1, 1, 1, 1}}, e: Epilogue{InZero: 113}}},
	{"depthwise/3x3_c8_stride2", convCase{w: Weights{KH: 3, KW: 3, IC: 1, OC: 8, Groups: 8}, g: padded(9, 9, 2, 1), e: Epilogue{InZero: 1}}},
	{"depthwise/3x3_c200", convCase{w: Weights{KH: 3, KW: 3, IC: 1, OC: 200, Groups: 200}, g: padded(5, 4, 1, 1), e: Epilogue{InZero: 113}}},
	{"depthwise/5x5", convCase{w: Weights{KH: 5, KW: 5, IC: 1, OC: 72, Groups: 72}, g: padded(9, 9, 1, 2), e: Epilogue{InZero: 113}}},
	{"depthwise/5x5_stride2", convCase{w: Weights{KH: 5, KW: 5, IC: 1, OC: 65, Groups: 65}, g: padded(11, 11, 2, 2), e: Epilogue{InZero: 113}}},
	{"depthwise/3x3_dilated", convCase{w: Weights{KH: 3, KW: 3, IC: 1, OC: 33, Groups: 33}, g: Geometry{H: 10, W: 10, Dilations: [2]int{2, 2}, Pads: [4]int{2, 2, 2, 2}}, e: Epilogue{InZero: 9}}},
	{"depthwise/7x1", convCase{w: Weights{KH: 7, KW: 1, IC: 1, OC: 10, Groups: 10}, g: image(9, 9)}},
	{"depthwise/multiplier2", convCase{w: Weights{KH: 3, KW: 3, IC: 1, OC: 24, Groups: 12}, g: padded(7, 7, 1, 1), e: Epilogue{InZero: 113}}},
	{"depthwise/multiplier3_stride2", convCase{w: Weights{KH: 3, KW: 3, IC: 1, OC: 99, Groups: 33}, g: padded(7, 7, 2, 1), e: Epilogue{InZero: 113}}},
	{"depthwise/weight_zero", convCase{w: Weights{KH: 3, KW: 3, IC: 1, OC: 70, Groups: 70, Zero: -101}, g: padded(7, 7, 1, 1), e: Epilogue{InZero: 113}}},
	{"depthwise/runtime_zero", convCase{w: Weights{KH: 3, KW: 3, IC: 1, OC: 32, Groups: 32}, g: padded(7, 7, 1, 1), inZero: []byte{91}}},
	{"depthwise/i32", convCase{w: Weights{KH: 3, KW: 3, IC: 1, OC: 70, Groups: 70}, g: padded(7, 7, 1, 1), e: Epilogue{Output: OutI32}}},
	{"depthwise/f32", convCase{w: Weights{KH: 3, KW: 3, IC: 1, OC: 32, Groups: 32}, g: padded(7, 7, 1, 1), e: Epilogue{Output: OutF32, LoF: -1, HiF: 1.5}}},
	{"depthwise/residual_lut", convCase{w: Weights{KH: 3, KW: 3, IC: 1, OC: 40, Groups: 40}, g: padded(7, 7, 1, 1), e: Epilogue{Add: someAdd, LUT: reluLUT}}},
	{"runtime_zero/3x3", convCase{w: layer(3, 3, 16, 40), g: padded(7, 7, 1, 1), e: Epilogue{InZero: 1}, inZero: []byte{201}}},
	{"runtime_zero/first_layer", convCase{w: Weights{KH: 3, KW: 3, IC: 3, OC: 40, Groups: 1, Zero: 5}, g: padded(9, 9, 2, 1), inZero: []byte{201}}},
	{"runtime_zero/i32", convCase{w: Weights{KH: 1, KW: 1, IC: 30, OC: 80, Groups: 1, Zero: 5}, g: image(4, 4), e: Epilogue{Output: OutI32}, inZero: []byte{44}}},
	{"clamp", convCase{w: layer(1, 1, 16, 64), g: image(5, 5), e: Epilogue{OutZero: 20, Lo: 20, Hi: 120}}},
	{"out_zero_255", convCase{w: layer(1, 1, 16, 64), g: image(5, 5), e: Epilogue{OutZero: 255, InZero: 128}}},
	{"huge_multiplier", convCase{w: layer(1, 1, 16, 80), g: image(5, 5), e: Epilogue{Multiplier: []float32{1e30}, OutZero: 9, InZero: 128}}},
	{"infinite_product", convCase{w: layer(3, 3, 16, 80), g: image(5, 5), e: Epilogue{Multiplier: []float32{math.MaxFloat32}, OutZero: 9, InZero: 128}}},
	{"zero_multiplier", convCase{w: layer(1, 1, 16, 16), g: image(5, 5), e: Epilogue{Multiplier: []float32{0}, OutZero: 9}}},
	{"i32", convCase{w: layer(3, 3, 16, 96), g: padded(7, 7, 1, 1), e: Epilogue{Output: OutI32, InZero: 3}}},
	{"i32/odd", convCase{w: layer(1, 1, 16, 77), g: image(7, 7), e: Epilogue{Output: OutI32, InZero: 3}}},
	{"f32", convCase{w: layer(1, 1, 64, 112), g: image(7, 7), e: Epilogue{Output: OutF32, InZero: 3}}},
	{"f32/odd_clamped", convCase{w: layer(3, 3, 6, 77), g: image(7, 7), e: Epilogue{Output: OutF32, InZero: 3, LoF: -2, HiF: 2}}},
	{"residual", convCase{w: layer(1, 1, 64, 112), g: image(7, 7), e: Epilogue{InZero: 3, OutZero: 120, Add: someAdd}}},
	{"residual/3x3_odd", convCase{w: layer(3, 3, 24, 77), g: padded(7, 7, 1, 1), e: Epilogue{InZero: 3, OutZero: 120, Add: someAdd}}},
	{"lut", convCase{w: layer(1, 1, 64, 33), g: image(7, 7), e: Epilogue{InZero: 3, OutZero: 120, LUT: reluLUT}}},
	{"residual_lut", convCase{w: layer(3, 3, 64, 64), g: padded(7, 7, 1, 1), e: Epilogue{InZero: 128, OutZero: 120, Add: someAdd, LUT: reluLUT}}},
	{"deep/1x1", convCase{w: layer(1, 1, 2048, 160), g: image(3, 5), e: Epilogue{InZero: 128}}},
	{"deep/3x3", convCase{w: layer(3, 3, 200, 70), g: padded(7, 7, 1, 1), e: Epilogue{InZero: 128}}},
}

func newRand(seed int64) *rand.Rand { return rand.New(rand.NewPCG(uint64(seed), 7)) }

func TestConv(t *testing.T) {
	seed := testkit.Seed(t)
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for _, tc := range convCases {
			t.Run(tc.name, func(t *testing.T) {
				c := tc.c
				c.fill(newRand(seed))
				c.check(t, k, nil)
			})
		}
	})
}

// check compares the case with the reference to the bit.
func (c *convCase) check(t testing.TB, k *Kernels, perm *rand.Rand) {
	t.Helper()
	got, name := c.run(t, k, perm)
	want := c.reference()
	if bytes.Equal(got, want) {
		return
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("%v: %s: byte %d of %d is %d, want %d", c, name, i, len(got), got[i], want[i])
		}
	}
}

func TestPlanRefuses(t *testing.T) {
	k, err := Select(cpu.Generic)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		want error
		edit func(*convCase)
	}{
		{"short_weights", ErrShape, func(c *convCase) { c.w.Data = c.w.Data[1:] }},
		{"bits", ErrParameter, func(c *convCase) { c.w.Bits = 5 }},
		{"groups", ErrShape, func(c *convCase) { c.w.Groups = 3 }},
		{"no_channels", ErrShape, func(c *convCase) { c.w.IC = 0 }},
		{"k_too_large", ErrShape, func(c *convCase) { c.w.IC = 1 << 17 }},
		{"huge_product", ErrShape, func(c *convCase) { c.w.KH, c.w.KW, c.w.IC = 1<<20, 1<<20, 1<<20 }},
		{"weight_zero", ErrParameter, func(c *convCase) { c.w.Zero = 200 }},
		{"stride", ErrParameter, func(c *convCase) { c.g.Strides[0] = 0 }},
		{"dilation", ErrParameter, func(c *convCase) { c.g.Dilations[1] = -1 }},
		{"pad", ErrParameter, func(c *convCase) { c.g.Pads[2] = -1 }},
		{"empty_output", ErrShape, func(c *convCase) { c.g.OH = 0 }},
		{"huge_output", ErrShape, func(c *convCase) { c.g.OH, c.g.OW = 1<<19, 1<<19 }},
		{"wide_dilation", ErrShape, func(c *convCase) { c.g.Dilations[0] = 1 << 20; c.g.OH = 1 << 20 }},
		{"in_zero", ErrParameter, func(c *convCase) { c.e.InZero = 256 }},
		{"out_zero", ErrParameter, func(c *convCase) { c.e.OutZero = -1 }},
		{"bias_length", ErrShape, func(c *convCase) { c.e.Bias = make([]int32, 3) }},
		{"multiplier_length", ErrShape, func(c *convCase) { c.e.Multiplier = make([]float32, 3) }},
		{"multiplier_nan", ErrParameter, func(c *convCase) { c.e.Multiplier = []float32{float32(math.NaN())} }},
		{"multiplier_negative", ErrParameter, func(c *convCase) { c.e.Multiplier = []float32{-1} }},
		{"clamp", ErrParameter, func(c *convCase) { c.e.Lo, c.e.Hi = 9, 8 }},
		{"clamp_nan", ErrParameter, func(c *convCase) { c.e.Output, c.e.LoF = OutF32, float32(math.NaN()) }},
		{"residual_of_i32", ErrParameter, func(c *convCase) { c.e.Output, c.e.Add = OutI32, someAdd }},
		{"residual_zero", ErrParameter, func(c *convCase) { a := *someAdd; a.BZero = 999; c.e.Add = &a }},
		{"overflow", ErrRange, func(c *convCase) {
			c.e.Bias = make([]int32, c.w.OC)
			c.e.Bias[5] = math.MinInt32
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := convCase{w: layer(3, 3, 16, 8), g: padded(8, 8, 1, 1)}
			c.fill(newRand(1))
			tc.edit(&c)
			w, err := k.PackConv(c.w)
			if err == nil {
				_, err = w.Plan(c.g, c.e)
			}
			if !errors.Is(err, tc.want) {
				t.Errorf("got error %v, want %v", err, tc.want)
			}
		})
	}
}

func TestBindRefuses(t *testing.T) {
	k, err := Select(cpu.Generic)
	if err != nil {
		t.Fatal(err)
	}
	c := convCase{w: layer(3, 3, 16, 8), g: padded(8, 8, 1, 1), e: Epilogue{Add: someAdd}}
	c.fill(newRand(1))
	w, err := k.PackConv(c.w)
	if err != nil {
		t.Fatal(err)
	}
	p, err := w.Plan(c.g, c.e)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		edit func(*ConvArgs)
	}{
		{"short_src", func(a *ConvArgs) { a.Src = a.Src[1:] }},
		{"long_dst", func(a *ConvArgs) { a.Dst = append(a.Dst, 0) }},
		{"no_residual", func(a *ConvArgs) { a.Residual = nil }},
		{"dst_is_src", func(a *ConvArgs) { a.Dst = a.Src[:len(a.Dst)] }},
		{"zero_point", func(a *ConvArgs) { a.InZero = []byte{1, 2} }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := ConvArgs{Src: c.src, Dst: make([]byte, 8*8*8), Residual: c.residual}
			tc.edit(&a)
			if _, err := p.Bind(a); !errors.Is(err, ErrBuffer) {
				t.Errorf("got error %v, want %v", err, ErrBuffer)
			}
		})
	}
}

// randomCase draws shapes of every kind, small enough for the reference.
func randomCase(r *rand.Rand) convCase {
	var c convCase
	w, g, e := &c.w, &c.g, &c.e
	pick := func(v ...int) int { return v[r.IntN(len(v))] }
	w.KH, w.KW = pick(1, 1, 2, 3, 3, 5), pick(1, 1, 2, 3, 3, 4)
	w.Groups = pick(1, 1, 1, 2, 3)
	w.IC, w.OC = 1+r.IntN(pick(8, 40)), w.Groups*(1+r.IntN(pick(4, 20, 80)))
	if r.IntN(4) == 0 { // depthwise
		w.IC, w.Groups = 1, 1+r.IntN(pick(8, 80))
		w.OC = w.Groups * pick(1, 1, 1, 2)
	}
	w.Bits = pick(8, 8, 4)
	w.Table = uniform
	if r.IntN(2) == 0 {
		w.Table = logarithmic
	}
	if r.IntN(4) == 0 {
		w.Zero = r.Int32N(256) - 128
	}
	for i := range 2 {
		g.Strides[i], g.Dilations[i] = pick(1, 1, 2, 3), pick(1, 1, 1, 2)
	}
	for i := range g.Pads {
		g.Pads[i] = r.IntN(3)
	}
	g.N = pick(1, 1, 2, 3)
	g.H = (w.KH-1)*g.Dilations[0] + 1 + r.IntN(9)
	g.W = (w.KW-1)*g.Dilations[1] + 1 + r.IntN(9)
	e.InZero, e.OutZero = int32(r.IntN(256)), int32(r.IntN(256))
	e.Output = Output(pick(0, 0, 0, 0, 1, 2))
	if e.Output == OutU8 {
		if r.IntN(3) == 0 {
			e.Add = someAdd
		}
		if r.IntN(3) == 0 {
			e.LUT = reluLUT
		}
		if r.IntN(3) == 0 {
			e.Lo = uint8(r.IntN(256))
			e.Hi = e.Lo + uint8(r.IntN(256-int(e.Lo)))
		}
	}
	if r.IntN(5) == 0 {
		c.inZero = []byte{byte(r.Uint32())}
	}
	c.fill(r)
	return c
}

// TestConvRandom also runs tiles in random order and partition.
func TestConvRandom(t *testing.T) {
	r := newRand(testkit.Seed(t))
	n := 400
	if testing.Short() {
		n = 50
	}
	for range n {
		c := randomCase(r)
		order := r.Uint64()
		eachAvailable(t, func(k *Kernels) {
			perm := rand.New(rand.NewPCG(order, 1))
			c.check(t, k, perm)
		})
	}
}

// TestTilesAreIndependent runs layers of many tiles in random order and partition and compares with one call.
func TestTilesAreIndependent(t *testing.T) {
	seed := testkit.Seed(t)
	for _, c := range []convCase{
		{w: layer(3, 3, 32, 64), g: padded(40, 40, 1, 1), e: Epilogue{InZero: 9, Add: someAdd}},
		{w: layer(1, 1, 64, 200), g: padded(30, 30, 1, 0), e: Epilogue{LUT: reluLUT}},
		{w: layer(1, 1, 1024, 900), g: image(2, 2)},
		{w: layer(7, 7, 3, 32), g: padded(64, 64, 2, 3), e: Epilogue{InZero: 9}},
		{w: Weights{KH: 3, KW: 3, IC: 1, OC: 96, Groups: 96}, g: padded(60, 60, 1, 1), e: Epilogue{InZero: 9}},
		{w: Weights{KH: 3, KW: 3, IC: 1, OC: 32, Groups: 32}, g: padded(60, 61, 1, 1), e: Epilogue{InZero: 9}},
		{w: Weights{Bits: 4, Table: uniform, KH: 3, KW: 3, IC: 64, OC: 96, Groups: 1}, g: padded(20, 20, 1, 1)},
		{w: Weights{KH: 1, KW: 1, IC: 64, OC: 300, Groups: 1, Zero: 3}, g: padded(30, 30, 1, 0), e: Epilogue{Output: OutF32}},
	} {
		c.fill(newRand(seed))
		eachAvailable(t, func(k *Kernels) {
			want, _ := c.run(t, k, nil)
			for i := range 3 {
				got, name := c.run(t, k, newRand(seed+int64(i)))
				if !bytes.Equal(got, want) {
					t.Errorf("%v: %s: the partition into tiles changes the result", &c, name)
				}
			}
		})
	}
}

// eachAvailable runs f for every level of this machine, without sub-tests.
func eachAvailable(t testing.TB, f func(k *Kernels)) {
	t.Helper()
	for _, l := range cpu.Available() {
		k, err := Select(l)
		if err != nil {
			t.Fatal(err)
		}
		f(k)
	}
}

// TestLayersAgree compares the levels with the portable kernels on the layers of real networks.
func TestLayersAgree(t *testing.T) {
	if testing.Short() {
		t.Skip("portable kernels take seconds for whole networks")
	}
	portable, err := Select(cpu.Generic)
	if err != nil {
		t.Fatal(err)
	}
	for _, net := range []string{"resnet50", "mobilenetv2"} {
		for _, c := range layers(t, net) {
			if c.macs() > 30e6 {
				c.g.H, c.g.W = c.g.H/2, c.g.W/2
				c.g.OH, c.g.OW = c.g.OH/2, c.g.OW/2
			}
			c.fill(newRand(3))
			want, _ := c.run(t, portable, nil)
			eachAvailable(t, func(k *Kernels) {
				if got, name := c.run(t, k, nil); !bytes.Equal(got, want) {
					t.Errorf("%v: %s differs from the portable kernels", &c, name)
				}
			})
		}
	}
}

// TestRunAllocatesNothing covers each kind of plan.
func TestRunAllocatesNothing(t *testing.T) {
	for _, c := range []convCase{
		{w: layer(3, 3, 16, 40), g: padded(9, 9, 1, 1), e: Epilogue{Add: someAdd, LUT: reluLUT}, inZero: []byte{4}},
		{w: layer(1, 1, 16, 41), g: image(9, 9), e: Epilogue{Output: OutF32}},
		{w: layer(3, 3, 3, 40), g: padded(9, 9, 2, 1)},
		{w: Weights{Bits: 4, Table: logarithmic, KH: 3, KW: 3, IC: 9, OC: 40, Groups: 1, Zero: 4}, g: padded(9, 9, 1, 1)},
		{w: Weights{KH: 3, KW: 3, IC: 1, OC: 40, Groups: 40}, g: padded(9, 9, 1, 1), e: Epilogue{Add: someAdd, LUT: reluLUT}, inZero: []byte{4}},
	} {
		eachAvailable(t, func(k *Kernels) {
			s, scratch, name := c.bound(t, k)
			if n := testing.AllocsPerRun(10, func() { s.Run(scratch, 0, s.Tiles()) }); n != 0 {
				t.Errorf("%v: %s: %v allocations a run", &c, name, n)
			}
		})
	}
}

// TestConcurrentRuns runs the tiles of one step from several goroutines, each with scratch of its own.
func TestConcurrentRuns(t *testing.T) {
	for _, c := range []convCase{
		{w: layer(3, 3, 32, 64), g: padded(40, 40, 1, 1), e: Epilogue{InZero: 9}},
		{w: Weights{KH: 3, KW: 3, IC: 1, OC: 96, Groups: 96}, g: padded(60, 60, 1, 1), e: Epilogue{InZero: 9}},
	} {
		eachAvailable(t, func(k *Kernels) {
			s, scratch, name := c.bound(t, k)
			var dst []byte
			switch s := s.(type) {
			case *gemmStep:
				dst = s.a.Dst
			case *depthwiseStep:
				dst = s.a.Dst
			}
			s.Run(scratch, 0, s.Tiles())
			want := bytes.Clone(dst)
			clear(dst)
			const workers = 7 // more than there are slots
			var wg sync.WaitGroup
			for i := range workers {
				scratch := make([]byte, len(scratch))
				wg.Go(func() { s.Run(scratch, s.Tiles()*i/workers, s.Tiles()*(i+1)/workers) })
			}
			wg.Wait()
			if !bytes.Equal(dst, want) {
				t.Errorf("%v: %s: concurrent runs differ from one", &c, name)
			}
		})
	}
}

func FuzzConv(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed, uint64(3))
	}
	f.Fuzz(func(t *testing.T, a, b uint64) {
		r := rand.New(rand.NewPCG(a, b))
		c := randomCase(r)
		eachAvailable(t, func(k *Kernels) { c.check(t, k, r) })
	})
}
