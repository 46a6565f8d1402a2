package kerneltest

import (
	"math/rand"
	"testing"

	"github.com/octet-ml/octet/fp32/internal/kernel"
)

// The matrices Bᵀ and Aᵀ of F(4x4, 3x3).
var (
	winogradB = [][]float64{{4, 0, -5, 0, 1, 0}, {0, -4, -4, 1, 1, 0}, {0, 4, -4, -1, 1, 0}, {0, -2, -1, 2, 1, 0}, {0, 2, -1, -2, 1, 0}, {0, 4, 0, -5, 0, 1}}
	winogradA = [][]float64{{1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, -1, 8, -8, 1}}
)

// twice is an element of M x Mᵀ.
func twice(m [][]float64, i, j int, x func(k, l int) float32) sum {
	var s sum
	for k, a := range m[i] {
		for l, b := range m[j] {
			s.add(float32(a*b), x(k, l))
		}
	}
	return s
}

func testWinograd(t *testing.T, w kernel.Winograd, rng *rand.Rand) {
	for _, channels := range []int{16, 32, 80} {
		testWinogradIn(t, w, channels, rng)
		testWinogradOut(t, w, channels, rng)
	}
}

func testWinogradIn(t *testing.T, w kernel.Winograd, channels int, rng *rand.Rand) {
	tiles, pixel := 1+rng.Intn(3), channels+rng.Intn(5)
	row, tile := 6*pixel+rng.Intn(9), 4*pixel
	plane := tiles*channels + rng.Intn(20)
	a := kernel.WinogradInArgs{
		Src: source(rng, (tiles-1)*tile+5*row+5*pixel+channels), Dst: destination(35*plane + tiles*channels), Tmp: make([]float32, kernel.WinogradTmp),
		TileStride: int64(tile), RowStride: int64(row), PixelStride: int64(pixel), Channels: int64(channels), Plane: int64(plane), Tiles: int64(tiles),
	}
	w.In(&a)
	written := map[int]bool{}
	for at := range 36 * tiles * channels {
		place, n := at/(tiles*channels), at%(tiles*channels)
		s := twice(winogradB, place/6, place%6, func(k, l int) float32 { return a.Src[n/channels*tile+k*row+l*pixel+n%channels] })
		s.check(t, place*plane+n, a.Dst[place*plane+n], -inf, inf)
		written[place*plane+n] = true
	}
	checkUntouched(t, a.Dst, written)
}

func testWinogradOut(t *testing.T, w kernel.Winograd, columns int, rng *rand.Rand) {
	pixel := columns + rng.Intn(5)
	row, plane := 4*pixel+rng.Intn(9), columns+rng.Intn(20)
	size := 3*row + 3*pixel + columns
	a := kernel.WinogradOutArgs{
		Src: source(rng, 35*plane+columns), Dst: destination(size), Residual: source(rng, size), Bias: source(rng, columns), Tmp: make([]float32, kernel.WinogradTmp),
		RowStride: int64(row), PixelStride: int64(pixel), Columns: int64(columns), Plane: int64(plane), AddResidual: int64(rng.Intn(2)), Lo: -inf, Hi: inf,
	}
	if rng.Intn(2) == 0 {
		a.Lo, a.Hi = -5, 40
	}
	w.Out(&a)
	written := map[int]bool{}
	for i := range 4 {
		for j := range 4 {
			for n := range columns {
				at := i*row + j*pixel + n
				s := twice(winogradA, i, j, func(k, l int) float32 { return a.Src[(6*k+l)*plane+n] })
				s.value += float64(a.Bias[n]) + float64(a.Residual[at])*float64(a.AddResidual)
				s.check(t, at, a.Dst[at], a.Lo, a.Hi)
				written[at] = true
			}
		}
	}
	checkUntouched(t, a.Dst, written)
}
