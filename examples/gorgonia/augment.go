package main

import (
	"math"
	"math/rand/v2"
)

const (
	maxShift    = 2.0  // pixels
	maxRotation = 0.18 // radians
	maxScale    = 0.12 // relative
	maxShear    = 0.15 // relative
)

// augment writes a randomly moved, turned, scaled and slanted copy of the digit src into dst as values 0..1,
// by bilinear sampling; what lies outside src is background. len(dst) and len(src) are pixels.
func augment(dst []float32, src []uint8, rng *rand.Rand) {
	uniform := func(limit float64) float64 { return limit * (2*rng.Float64() - 1) }
	sin, cos := math.Sincos(uniform(maxRotation))
	sx, sy := 1+uniform(maxScale), 1+uniform(maxScale)
	shear := uniform(maxShear)
	dx, dy := uniform(maxShift), uniform(maxShift)
	const centre = (side - 1) / 2.0
	for y := range side {
		for x := range side {
			u, v := float64(x)-centre-dx, float64(y)-centre-dy
			u += shear * v
			u, v = sx*(cos*u-sin*v), sy*(sin*u+cos*v)
			dst[y*side+x] = bilinear(src, u+centre, v+centre) / 255
		}
	}
}

// normalize writes the digit src into dst as values 0..1: exactly what octet's preprocessing does.
func normalize(dst []float32, src []uint8) {
	for i, p := range src {
		dst[i] = float32(p) / 255
	}
}

// bilinear returns the digit's value at (x, y) in pixels, interpolated between the four neighbours.
func bilinear(src []uint8, x, y float64) float32 {
	fx, fy := math.Floor(x), math.Floor(y)
	ix, iy := int(fx), int(fy)
	ax, ay := float32(x-fx), float32(y-fy)
	at := func(x, y int) float32 {
		if x < 0 || y < 0 || x >= side || y >= side {
			return 0
		}
		return float32(src[y*side+x])
	}
	top := (1-ax)*at(ix, iy) + ax*at(ix+1, iy)
	bottom := (1-ax)*at(ix, iy+1) + ax*at(ix+1, iy+1)
	return (1-ay)*top + ay*bottom
}
