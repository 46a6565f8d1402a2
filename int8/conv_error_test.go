package i8

import (
	"errors"
	"math"
	"testing"

	"github.com/octet-ml/octet/internal/cpu"
)

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
		{"pitch_below_channels", ErrParameter, func(c *convCase) { c.e.Pitch = c.w.OC - 1 }},
		{"pitch_of_i32", ErrParameter, func(c *convCase) { c.e.Output, c.e.Pitch = OutI32, c.w.OC }},
		{"huge_pitch", ErrShape, func(c *convCase) { c.e.Pitch = 1 << 30 }},
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
		{"zero_point", func(a *ConvArgs) { a.InZero = []byte{1} }},
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
