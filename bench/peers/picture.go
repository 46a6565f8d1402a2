package main

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/octet-ml/octet/graph"
)

// maxChannels is the largest last dimension that is taken for the channels of a picture.
const maxChannels = 4

// inputData returns the content of input number index: made-up pictures, normalized where the type is float32, else of a
// mean of half the range. It depends on nothing but its arguments. Other types are an error.
//
// Pictures are waves of several lengths with a little noise. Noise alone would be harder on the comparison than any
// picture: far from what a model was quantized for, it amplifies one different rounding beyond recognition.
func inputData(t *tensorSpec, index int) ([]byte, error) {
	size, err := t.bytes()
	if err != nil {
		return nil, err
	}
	data := make([]byte, size)
	switch t.DType {
	case graph.Float32.String():
		picture(t.Shape, index, func(i int, v float64) {
			binary.LittleEndian.PutUint32(data[4*i:], math.Float32bits(float32(v)))
		})
	case graph.Uint8.String():
		picture(t.Shape, index, func(i int, v float64) { data[i] = level(v) })
	case graph.Int8.String():
		picture(t.Shape, index, func(i int, v float64) { data[i] = level(v) ^ 0x80 })
	default:
		return nil, fmt.Errorf("input %q: no made-up values for type %s", t.Name, t.DType)
	}
	return data, nil
}

// level returns a normalized value as the brightness of a pixel.
func level(v float64) byte { return byte(max(0, min(255, math.RoundToEven(128+50*v)))) }

// picture hands every element's index and value to set, in order.
func picture(shape []int, index int, set func(i int, v float64)) {
	planes, h, w, c := planar(shape)
	random := rand.New(rand.NewPCG(7, uint64(index)))
	i := 0
	for range planes {
		phases := make([][3]float64, c)
		for ch := range phases {
			for p := range phases[ch] {
				phases[ch][p] = 2 * math.Pi * random.Float64()
			}
		}
		for y := range h {
			for x := range w {
				for _, phase := range phases {
					set(i, wave(float64(y), float64(x), phase)+0.1*random.NormFloat64())
					i++
				}
			}
		}
	}
}

// wave is the value of a plane at a pixel, within -2.3 and 2.3.
func wave(y, x float64, phase [3]float64) float64 {
	return 1.2*math.Sin(y/31+x/47+phase[0]) + 0.8*math.Sin(x/13-y/19+phase[1]) + 0.3*math.Sin(x/3+y/4+phase[2])
}

// planar returns a shape as planes of h x w pixels with c channels each: [n c h w] has n*c planes of one channel, [n h w c]
// with few channels has n planes.
func planar(shape []int) (planes, h, w, c int) {
	n := len(shape)
	switch {
	case n == 4 && shape[3] <= maxChannels && shape[1] > maxChannels:
		return shape[0], shape[1], shape[2], shape[3]
	case n >= 2:
		planes, h, w = 1, shape[n-2], shape[n-1]
		for _, d := range shape[:n-2] {
			planes *= d
		}
		return planes, h, w, 1
	case n == 1:
		return 1, 1, shape[0], 1
	}
	return 1, 1, 1, 1
}
