package i8

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

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
	{"depthwise/3x3_c144_batch2", convCase{w: Weights{KH: 3, KW: 3, IC: 1, OC: 144, Groups: 144}, g: Geometry{N: 2, H: 14, W: 13, Pads: [4]int{1, 1, 1, 1}}}},
	{"depthwise/3x3_c80_lut", convCase{w: Weights{KH: 3, KW: 3, IC: 1, OC: 80, Groups: 80}, g: padded(7, 7, 1, 1), e: Epilogue{InZero: 9, LUT: reluLUT}}},
	{"depthwise/5x5_c240", convCase{w: Weights{KH: 5, KW: 5, IC: 1, OC: 240, Groups: 240}, g: padded(7, 6, 1, 2), e: Epilogue{InZero: 3}}},
	{"depthwise/5x5_c24_plain", convCase{w: Weights{KH: 5, KW: 5, IC: 1, OC: 24, Groups: 24}, g: padded(9, 11, 1, 2)}},
	{"depthwise/5x5_c72_stride2_plain", convCase{w: Weights{KH: 5, KW: 5, IC: 1, OC: 72, Groups: 72}, g: padded(14, 14, 2, 2)}},
	{"depthwise/5x5_large", convCase{w: Weights{KH: 5, KW: 5, IC: 1, OC: 72, Groups: 72}, g: padded(20, 21, 1, 2), e: Epilogue{InZero: 3}}},
	{"depthwise/5x5", convCase{w: Weights{KH: 5, KW: 5, IC: 1, OC: 72, Groups: 72}, g: padded(9, 9, 1, 2), e: Epilogue{InZero: 113}}},
	{"depthwise/5x5_stride2", convCase{w: Weights{KH: 5, KW: 5, IC: 1, OC: 65, Groups: 65}, g: padded(11, 11, 2, 2), e: Epilogue{InZero: 113}}},
	{"depthwise/3x3_dilated", convCase{w: Weights{KH: 3, KW: 3, IC: 1, OC: 33, Groups: 33}, g: Geometry{H: 10, W: 10, Dilations: [2]int{2, 2}, Pads: [4]int{2, 2, 2, 2}}, e: Epilogue{InZero: 9}}},
	{"depthwise/7x1", convCase{w: Weights{KH: 7, KW: 1, IC: 1, OC: 10, Groups: 10}, g: image(9, 9)}},
	{"depthwise/multiplier2", convCase{w: Weights{KH: 3, KW: 3, IC: 1, OC: 24, Groups: 12}, g: padded(7, 7, 1, 1), e: Epilogue{InZero: 113}}},
	{"depthwise/multiplier3_stride2", convCase{w: Weights{KH: 3, KW: 3, IC: 1, OC: 99, Groups: 33}, g: padded(7, 7, 2, 1), e: Epilogue{InZero: 113}}},
	{"depthwise/weight_zero", convCase{w: Weights{KH: 3, KW: 3, IC: 1, OC: 70, Groups: 70, Zero: -101}, g: padded(7, 7, 1, 1), e: Epilogue{InZero: 113}}},
	{"depthwise/weight_zero_least", convCase{w: Weights{KH: 5, KW: 5, IC: 1, OC: 70, Groups: 70, Zero: -128}, g: padded(9, 9, 1, 2), e: Epilogue{InZero: 113}}},
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
	{"padding/3x3", convCase{w: layer(3, 3, 20, 70), g: padded(7, 9, 1, 1)}},
	{"padding/3x3_lut", convCase{w: layer(3, 3, 20, 150), g: padded(7, 9, 1, 1), e: Epilogue{LUT: reluLUT}}},
	{"padding/3x3_lut_batch2", convCase{w: layer(3, 3, 16, 33), g: Geometry{N: 2, H: 7, W: 7, Pads: [4]int{1, 1, 1, 1}}, e: Epilogue{OutZero: 120, LUT: reluLUT}}},
	{"padding/3x3_residual_lut", convCase{w: layer(3, 3, 20, 70), g: padded(14, 14, 1, 1), e: Epilogue{OutZero: someAdd.AZero, Add: someAdd, LUT: reluLUT}}},
	{"padding/3x3_residual", convCase{w: layer(3, 3, 20, 70), g: padded(14, 14, 1, 1), e: Epilogue{OutZero: someAdd.AZero, Add: someAdd}}},
	{"padding/3x3_residual_plain", convCase{w: layer(3, 3, 12, 64), g: padded(9, 9, 1, 1), e: Epilogue{Add: &AddParams{AScale: 0.5, BScale: 0.75, Hi: 255}}}},
	{"padding/3x3_stride2", convCase{w: layer(3, 3, 32, 40), g: padded(15, 14, 2, 1)}},
	{"padding/3x3_batch3", convCase{w: layer(3, 3, 16, 16), g: Geometry{N: 3, H: 7, W: 7, Pads: [4]int{1, 1, 1, 1}}}},
	{"padding/3x3_batch2_apart", convCase{w: layer(3, 3, 12, 32), g: Geometry{N: 2, H: 25, W: 24, Pads: [4]int{1, 1, 1, 1}}}},
	{"padding/3x3_dilated", convCase{w: layer(3, 3, 12, 32), g: Geometry{H: 12, W: 11, Dilations: [2]int{3, 2}, Pads: [4]int{3, 2, 3, 2}}}},
	{"padding/5x5_asymmetric", convCase{w: layer(5, 5, 12, 48), g: Geometry{H: 9, W: 8, Pads: [4]int{1, 3, 2, 0}}}},
	{"padding/7x7_small", convCase{w: layer(7, 7, 9, 33), g: padded(3, 4, 1, 3)}},
	{"padding/beyond_window", convCase{w: layer(2, 2, 16, 16), g: padded(4, 5, 1, 3)}},
	{"padding/ceil_mode", convCase{w: layer(3, 3, 16, 16), g: Geometry{H: 6, W: 6, Strides: [2]int{2, 2}, OH: 3, OW: 4}}},
	{"padding/groups", convCase{w: Weights{KH: 3, KW: 3, IC: 8, OC: 96, Groups: 3}, g: padded(8, 8, 1, 1)}},
	{"padding/4bit", convCase{w: Weights{Bits: 4, Table: logarithmic, KH: 3, KW: 3, IC: 16, OC: 65, Groups: 1}, g: padded(9, 9, 1, 1)}},
	{"padding/4bit_few_rows", convCase{w: Weights{Bits: 4, Table: uniform, KH: 3, KW: 3, IC: 16, OC: 65, Groups: 1}, g: padded(2, 2, 1, 1)}},
	{"few_pixels", convCase{w: Weights{KH: 1, KW: 1, IC: 40, OC: 90, Groups: 1, Pixels: 49}, g: image(7, 7)}},
	{"deep/1x1", convCase{w: layer(1, 1, 2048, 160), g: image(3, 5), e: Epilogue{InZero: 128}}},
	{"deep/3x3", convCase{w: layer(3, 3, 200, 70), g: padded(7, 7, 1, 1), e: Epilogue{InZero: 128}}},
}

// TestConvWritesSlices computes the cases into pixels that are wider than their channels.
func TestConvWritesSlices(t *testing.T) {
	seed := testkit.Seed(t)
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for i, tc := range convCases {
			if tc.c.e.Output != OutU8 {
				continue
			}
			t.Run(tc.name, func(t *testing.T) {
				c := tc.c
				c.e.Pitch = c.w.OC + []int{1, 64, 17, 200}[i%4]
				c.fill(newRand(seed))
				c.check(t, k, newRand(seed))
			})
		}
	})
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
