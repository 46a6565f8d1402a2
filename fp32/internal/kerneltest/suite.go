package kerneltest

import (
	"fmt"
	"math"
	"math/rand"
	"testing"

	"github.com/octet-ml/octet/fp32/internal/kernel"
	"github.com/octet-ml/octet/internal/testkit"
)

// tolerance bounds the difference of a sum of products to float64, relative to the sum of the absolute products.
const tolerance = 1e-5

// slack is the number of elements behind a source that kernels may read, and behind a destination that are watched.
const slack = 16

const canary = -12345.5

var (
	inf          = float32(math.Inf(1))
	negativeZero = float32(math.Copysign(0, -1))
)

// Set checks every kernel of a set; what the set leaves empty is not looked at.
func Set(t *testing.T, set kernel.Set) {
	seed := testkit.Seed(t)
	run := func(name string, f func(t *testing.T, rng *rand.Rand)) {
		t.Run(name, func(t *testing.T) { f(t, rand.New(rand.NewSource(seed))) })
	}
	for _, g := range set.Gemm {
		for mr := 1; mr <= g.MR; mr++ {
			run(fmt.Sprintf("%s/height_%d", g.Name, mr), func(t *testing.T, rng *rand.Rand) {
				testGemm(t, g, mr, rng)
				testHeights(t, g, mr, rng)
			})
		}
	}
	if d := set.Depthwise; d.Run != nil {
		run(d.Name, func(t *testing.T, rng *rand.Rand) { testDepthwise(t, d, rng) })
	}
	if w := set.Winograd; w.In != nil {
		run(w.Name, func(t *testing.T, rng *rand.Rand) { testWinograd(t, w, rng) })
	}
	if k := set.Interleave3; k.Run != nil {
		run(k.Name, func(t *testing.T, rng *rand.Rand) { testInterleave3(t, k, rng) })
	}
	if p := set.MaxPool; p.Run != nil {
		run(p.Name, func(t *testing.T, rng *rand.Rand) { testPool(t, p, false, rng) })
	}
	if p := set.AveragePool; p.Run != nil {
		run(p.Name, func(t *testing.T, rng *rand.Rand) { testPool(t, p, true, rng) })
	}
	for op, b := range set.Binary {
		if b.Vector != nil {
			run(b.Name, func(t *testing.T, rng *rand.Rand) { testBinary(t, b, kernel.BinaryOp(op), rng) })
		}
	}
	if c := set.Clamp; c.Run != nil {
		run(c.Name, func(t *testing.T, rng *rand.Rand) { testClamp(t, c, rng) })
	}
}

// source returns n random elements with NaN behind them.
func source(rng *rand.Rand, n int) []float32 {
	s := make([]float32, n+slack)
	for i := range s {
		s[i] = float32(math.NaN())
		if i < n {
			s[i] = float32(rng.NormFloat64())
		}
	}
	return s[:n]
}

// destination returns n elements, and slack behind them, that hold the canary.
func destination(n int) []float32 {
	d := make([]float32, n+slack)
	for i := range d {
		d[i] = canary
	}
	return d[:n]
}

// checkUntouched fails if an element that want does not name, or one behind dst, has been written.
func checkUntouched(t *testing.T, dst []float32, want map[int]bool) {
	t.Helper()
	for i, v := range dst[:len(dst)+slack] {
		if !want[i] && v != canary {
			t.Fatalf("element %d must not be written, holds %v", i, v)
		}
	}
}

// sum collects a sum of products and of their absolute values.
type sum struct{ value, size float64 }

func (s *sum) add(a, b float32) {
	v := float64(a) * float64(b)
	s.value += v
	s.size += math.Abs(v)
}

// check compares an output with a sum after residual and clamp.
func (s sum) check(t *testing.T, at int, got, lo, hi float32) {
	t.Helper()
	want := min(max(s.value, float64(lo)), float64(hi))
	if diff := math.Abs(float64(got) - want); !(diff <= tolerance*(s.size+1)) {
		t.Fatalf("element %d: got %v, want %v", at, got, want)
	}
}

func testGemm(t *testing.T, g kernel.Gemm, mr int, rng *rand.Rand) {
	for columns := 1; columns <= g.NR; columns++ {
		taps, k, tiles := 1+rng.Intn(3), 1+rng.Intn(9), 1+rng.Intn(3)
		rows := tiles * mr
		a := kernel.GemmArgs{
			Src: source(rng, 200), Alt: source(rng, 40), AltLen: 40, Weights: source(rng, taps*k*g.NR), Bias: source(rng, g.NR),
			OffsetStride: int64(rows + rng.Intn(3)), DstStride: int64(columns + rng.Intn(5)), K: int64(k), Taps: int64(taps),
			Tiles: int64(tiles), Rows: int64(mr), Columns: int64(columns), AddResidual: int64(rng.Intn(2)), Lo: -inf, Hi: inf,
		}
		if rng.Intn(2) == 0 {
			a.Lo, a.Hi = -0.5, 2
		}
		for range taps * int(a.OffsetStride) {
			a.Offsets = append(a.Offsets, int32(rng.Intn(200-k)-20))
			if o := &a.Offsets[len(a.Offsets)-1]; *o < 0 {
				*o -= int32(k)
			}
		}
		size := (rows-1)*int(a.DstStride) + columns
		a.Dst, a.Residual = destination(size), source(rng, size)
		g.Run[mr](&a)
		written := map[int]bool{}
		for r := range rows {
			for n := range columns {
				s := sum{value: float64(a.Bias[n])}
				for tap := range taps {
					row := kernel.Row(a.Src, a.Alt, a.Offsets[tap*int(a.OffsetStride)+r])
					for i := range k {
						s.add(row[i], a.Weights[(tap*k+i)*g.NR+n])
					}
				}
				at := r*int(a.DstStride) + n
				s.value += float64(a.Residual[at]) * float64(a.AddResidual)
				s.check(t, at, a.Dst[at], a.Lo, a.Hi)
				written[at] = true
			}
		}
		checkUntouched(t, a.Dst, written)
	}
}

func testDepthwise(t *testing.T, d kernel.Depthwise, rng *rand.Rand) {
	for channels := 1; channels <= 150; channels++ {
		taps, pixels := 1+rng.Intn(10), 1+rng.Intn(10)
		stride := (channels + kernel.DepthwiseAlign - 1) / kernel.DepthwiseAlign * kernel.DepthwiseAlign
		a := kernel.DepthwiseArgs{
			Src: source(rng, channels+100), Alt: source(rng, channels+20), AltLen: int64(channels + 20),
			Weights: source(rng, taps*stride), Bias: source(rng, stride), OffsetStride: int64(pixels + rng.Intn(3)), WeightStride: int64(stride),
			Channels: int64(channels), Taps: int64(taps), Pixels: int64(pixels), AddResidual: int64(rng.Intn(2)), Lo: -inf, Hi: inf,
		}
		if rng.Intn(2) == 0 {
			a.Lo, a.Hi = -0.5, 2
		}
		for range taps * int(a.OffsetStride) {
			a.Offsets = append(a.Offsets, int32(rng.Intn(120)-20))
			if o := &a.Offsets[len(a.Offsets)-1]; *o < 0 {
				*o -= int32(channels)
			}
		}
		a.Dst, a.Residual = destination(pixels*channels), source(rng, pixels*channels)
		d.Run(&a)
		written := map[int]bool{}
		for at := range a.Dst {
			p, c := at/channels, at%channels
			s := sum{value: float64(a.Bias[c]) + float64(a.Residual[at])*float64(a.AddResidual)}
			for tap := range taps {
				s.add(kernel.Row(a.Src, a.Alt, a.Offsets[tap*int(a.OffsetStride)+p])[c], a.Weights[tap*stride+c])
			}
			s.check(t, at, a.Dst[at], a.Lo, a.Hi)
			written[at] = true
		}
		checkUntouched(t, a.Dst, written)
	}
}

func testPool(t *testing.T, p kernel.Pool, average bool, rng *rand.Rand) {
	for channels := 1; channels <= 150; channels++ {
		rows, cols := 1+rng.Intn(4), 1+rng.Intn(4)
		colStride := channels + rng.Intn(9)
		rowStride := cols * colStride
		a := kernel.PoolArgs{
			Src: source(rng, (rows-1)*rowStride+(cols-1)*colStride+channels), Dst: destination(channels), Rows: int64(rows), Cols: int64(cols),
			RowStride: int64(rowStride), ColStride: int64(colStride), Channels: int64(channels), Count: float32(rows*cols + rng.Intn(2)), Lo: -0.5, Hi: 1,
		}
		for _, special := range []float32{float32(math.NaN()), inf, 0, negativeZero} {
			a.Src[rng.Intn(len(a.Src))] = special
		}
		p.Run(&a)
		written := map[int]bool{}
		for c, got := range a.Dst {
			most, total := -inf, float32(0)
			for i := range rows * cols {
				v := a.Src[i/cols*rowStride+i%cols*colStride+c]
				most, total = pick(v > most, v, most), total+v
			}
			want := kernel.Clamp(most, a.Lo, a.Hi)
			if average {
				want = kernel.Clamp(total/a.Count, a.Lo, a.Hi)
			}
			checkBits(t, c, got, want)
			written[c] = true
		}
		checkUntouched(t, a.Dst, written)
	}
}

// operators are the binary operations by number.
var operators = [kernel.NumBinaryOps]func(a, b float32) float32{
	kernel.Add:  func(a, b float32) float32 { return a + b },
	kernel.Sub:  func(a, b float32) float32 { return a - b },
	kernel.Mul:  func(a, b float32) float32 { return a * b },
	kernel.Div:  func(a, b float32) float32 { return a / b },
	kernel.Max:  func(a, b float32) float32 { return pick(a > b, a, b) },
	kernel.Min:  func(a, b float32) float32 { return pick(a < b, a, b) },
	kernel.RSub: func(a, b float32) float32 { return b - a },
	kernel.RDiv: func(a, b float32) float32 { return b / a },
}

func pick(first bool, a, b float32) float32 {
	if first {
		return a
	}
	return b
}

func testBinary(t *testing.T, b kernel.Binary, op kernel.BinaryOp, rng *rand.Rand) {
	for n := 1; n <= 150; n++ {
		for _, scalar := range []bool{false, true} {
			a := kernel.BinaryArgs{A: source(rng, n), B: source(rng, n), Dst: destination(n), N: int64(n), Lo: -1, Hi: 2}
			a.A[rng.Intn(n)], a.B[rng.Intn(n)] = float32(math.NaN()), 0
			a.A[rng.Intn(n)], a.B[rng.Intn(n)] = negativeZero, negativeZero
			if n%2 == 0 {
				a.Lo, a.Hi = 0, inf
			}
			if scalar {
				b.Scalar(&a)
			} else {
				b.Vector(&a)
			}
			written := map[int]bool{}
			for i, got := range a.Dst {
				second := a.B[i]
				if scalar {
					second = a.B[0]
				}
				checkBits(t, i, got, kernel.Clamp(operators[op](a.A[i], second), a.Lo, a.Hi))
				written[i] = true
			}
			checkUntouched(t, a.Dst, written)
		}
	}
}

func testClamp(t *testing.T, c kernel.Unary, rng *rand.Rand) {
	bounds := [][2]float32{{-0.5, 0.75}, {0, inf}, {0, 6}, {-inf, 0}, {-inf, inf}, {negativeZero, negativeZero}}
	for n := 1; n <= 150; n++ {
		lo, hi := bounds[n%len(bounds)][0], bounds[n%len(bounds)][1]
		a := kernel.UnaryArgs{Src: source(rng, n), Dst: destination(n), N: int64(n), Lo: lo, Hi: hi}
		for _, special := range []float32{float32(math.NaN()), inf, -inf, 0, negativeZero} {
			a.Src[rng.Intn(n)] = special
		}
		c.Run(&a)
		written := map[int]bool{}
		for i, got := range a.Dst {
			checkBits(t, i, got, kernel.Clamp(a.Src[i], a.Lo, a.Hi))
			written[i] = true
		}
		checkUntouched(t, a.Dst, written)
	}
}

// checkBits compares exactly; any NaN equals any other.
func checkBits(t *testing.T, at int, got, want float32) {
	t.Helper()
	if math.Float32bits(got) != math.Float32bits(want) && (got == got || want == want) {
		t.Fatalf("element %d: got %v, want %v", at, got, want)
	}
}
