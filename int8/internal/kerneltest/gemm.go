package kerneltest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

// gemmCase is a matrix product by the words of kernel.GemmArgs. Its slices are what the pointers of the arguments refer to.
type gemmCase struct {
	row            *kernel.Gemm
	h              int
	k, taps, tiles int
	cols           int
	indexed        bool
	bits           int
	rowBiased      bool
	added          bool // with a residual
	output         kernel.Output

	src, pad, b, c []byte
	codes          []byte // 4 bits: what b is the expansion of
	table          [16]int8
	offs           []int32
	stride, ldc    int
	bias, rowBias  []int32
	mult           []float32
	loF, hiF       float32
	zero           int32
	lo, hi         uint8
	narrow, plain  bool
	outs           []int32  // offset of each row of all tiles from C
	tapList        []int32  // what B[t] is, or nil
	steps          []uint16 // of all taps of B, as kernel.GemmArgs says, or nil
	residual       []byte
	add            kernel.GemmArgs // its fields of the addition
}

func (c *gemmCase) String() string {
	return fmt.Sprintf("%s/%dbit_h%d_k%d_taps%d_tiles%d_cols%d_indexed%t_rowbias%t_out%d_residual%t", c.row.Name, c.bits, c.h, c.k, c.taps, c.tiles, c.cols,
		c.indexed, c.rowBiased, c.output, c.added)
}

func (c *gemmCase) elem() int {
	if c.output == kernel.OutU8 {
		return 1
	}
	return 4
}

// fill draws the operands, in guarded memory.
func (c *gemmCase) fill(tb testing.TB, r *rand.Rand) {
	nr, rows := c.row.NR, c.tiles*c.h
	c.stride = c.k + r.IntN(5)
	n := (rows-1)*c.stride + c.k
	c.src = guardedRandom(tb, r, n, 0)
	c.pad = guardedRandom(tb, r, c.k, 0)
	allTaps := c.taps
	if c.row.Scatter {
		c.scatter(tb, r)
		allTaps += len(c.tapList)
	}
	c.b = guardedRandom(tb, r, allTaps*c.k*nr, 0)
	if c.row.Steps {
		c.order(tb, r, allTaps)
	}
	if c.bits == 4 {
		c.codes = guardedRandom(tb, r, len(c.b)/2, 0)
		for i := range c.table {
			c.table[i] = int8(r.Uint32())
		}
		for i, v := range c.codes {
			c.b[i/64*128+i%64], c.b[i/64*128+64+i%64] = byte(c.table[v&15]), byte(c.table[v>>4])
		}
	}
	c.bias = words[int32](tb, nr)
	c.mult = words[float32](tb, nr)
	for i := range nr {
		c.bias[i] = r.Int32N(200000) - 100000
		c.mult[i] = float32(math.Exp(r.Float64()*6) * 1e-5)
		if r.IntN(20) == 0 {
			c.mult[i] = math.MaxFloat32
		}
	}
	c.zero, c.lo, c.hi = r.Int32N(256), uint8(r.IntN(100)), uint8(100+r.IntN(156))
	if c.plain = r.IntN(3) == 0; c.plain {
		c.zero, c.lo, c.hi = 0, 0, 255
	}
	if c.narrow = r.IntN(2) == 0; c.narrow {
		for i := range c.mult {
			c.mult[i] = min(c.mult[i], 0.25)
		}
	}
	c.hiF = float32(int32(c.hi) - c.zero)
	if c.output == kernel.OutF32 {
		c.loF, c.hiF = -50, 90
	}
	if c.indexed {
		c.offs = words[int32](tb, rows*c.taps)
		for i := range c.offs {
			c.offs[i] = kernel.PadOffset
			if r.IntN(4) > 0 {
				c.offs[i] = int32(r.IntN(n - c.k + 1))
			}
		}
	}
	if c.rowBiased {
		c.rowBias = words[int32](tb, rows)
		for i := range c.rowBias {
			c.rowBias[i] = r.Int32N(200000) - 100000
		}
	}
	if c.output == kernel.OutU8 {
		for range 1 + nr/8 {
			c.tie(r, r.IntN(nr))
		}
	}
	c.ldc = (c.cols + r.IntN(4)) * c.elem()
	c.place()
	if c.added {
		c.residual = guardedRandom(tb, r, (rows-1)*c.ldc+nr, 0)
		bZero, zero := r.Int32N(256), r.Int32N(256)
		c.add = kernel.GemmArgs{
			Residual: &c.residual[0], LoQ: float32(int32(c.lo) - c.zero), AScale: 2*r.Float32() - 0.5, BMagic: float32(1<<23 + bZero),
			BScale: 2*r.Float32() - 0.5, AddZero: zero, AddLo: uint8(r.IntN(50)), AddHi: uint8(200 + r.IntN(56)),
		}
		if r.IntN(8) == 0 {
			c.add.AScale, c.add.BScale = 1<<21, -1<<21
		}
		if c.plain {
			c.add.AddZero, c.add.AddLo, c.add.AddHi = 0, 0, 255
		}
	}
	c.c = Buffer(tb, (rows-1)*c.ldc+c.cols*c.elem(), 0, AtEnd)
}

// scatter draws where rows go, as a permutation that place turns into offsets, and which taps of B are taken.
func (c *gemmCase) scatter(tb testing.TB, r *rand.Rand) {
	rows := c.tiles * c.h
	c.outs = words[int32](tb, c.h)
	for i := range c.outs {
		c.outs[i] = int32(i)
	}
	if !c.indexed {
		return
	}
	c.outs = words[int32](tb, rows)
	for i, p := range r.Perm(rows) {
		c.outs[i] = int32(p)
	}
	if c.taps > 1 {
		c.tapList = words[int32](tb, c.taps)
		for i := range c.tapList {
			c.tapList[i] = r.Int32N(int32(2 * c.taps))
		}
	}
}

// order draws an order of the steps of each of n taps, and makes the weights of some of them, which come first, small enough.
func (c *gemmCase) order(tb testing.TB, r *rand.Rand, n int) {
	each := c.k / 4
	b := Buffer(tb, 2*n*(1+each), 0, AtEnd)
	c.steps = unsafe.Slice((*uint16)(unsafe.Pointer(&b[0])), n*(1+each))
	for t := range n {
		s := c.steps[t*(1+each):][:1+each]
		s[0] = uint16(r.IntN(each + 1))
		for i, p := range r.Perm(each) {
			s[1+i] = uint16(4 * p)
		}
		for i := range int(s[0]) * 4 * c.row.NR / 2 {
			pair := c.b[t*c.k*c.row.NR+2*i:][:2]
			for w := int(int8(pair[0])) + int(int8(pair[1])); w > 128 || w < -128; w = int(int8(pair[0])) + int(int8(pair[1])) {
				pair[0] = byte(int8(pair[0]) / 2)
			}
		}
	}
}

// depth returns where byte k of a row of A stands in tap t of B, along k.
func (c *gemmCase) depth(t, k int) int {
	if c.steps == nil {
		return k
	}
	each := c.k / 4
	return 4*slices.Index(c.steps[t*(1+each)+1:][:each], uint16(k/4*4)) + k%4
}

// place turns places into offsets.
func (c *gemmCase) place() {
	for i := range c.outs {
		c.outs[i] *= int32(c.ldc)
	}
}

// out returns where row i of all tiles is written.
func (c *gemmCase) out(i int) int {
	switch len(c.outs) {
	case 0:
		return i * c.ldc
	case c.h:
		return i/c.h*c.h*c.ldc + int(c.outs[i%c.h])
	}
	return int(c.outs[i])
}

// tie makes the result of column p in the first row one that lies halfway between two integers.
func (c *gemmCase) tie(r *rand.Rand, p int) {
	c.mult[p] = tieMultiplier
	c.bias[p] += tied(r, c.zero, c.lo, c.hiF) - c.acc(0, p)
}

const tieMultiplier = 1.0 / 64

// tied returns an accumulator that tieMultiplier brings halfway between two integers within the bounds of a result.
func tied(r *rand.Rand, zero int32, lo uint8, hiF float32) int32 {
	least := int32(lo) - zero
	return 64*(least+r.Int32N(int32(hiF)-least)) + 32
}

// args returns the argument struct over the case's slices.
func (c *gemmCase) args() *kernel.GemmArgs {
	a := &kernel.GemmArgs{
		Base: &c.src[0], Pad: &c.pad[0], RowStride: int64(c.stride), B: &c.b[0], Bias: &c.bias[0], Mult: &c.mult[0],
		C: &c.c[0], LDC: int64(c.ldc), K: int64(c.k), Taps: int64(c.taps), Tiles: int64(c.tiles), Cols: int64(c.cols),
		Output: c.output, HiF: c.hiF, LoF: c.loF, Zero: c.zero, Lo: c.lo, Hi: c.hi, Narrow: flag(c.narrow && c.output == kernel.OutU8), Plain: flag(c.plain && c.output == kernel.OutU8),
	}
	if c.outs != nil {
		a.Outs, a.OutTile, a.LDC = &c.outs[0], int64(c.h*c.ldc), 0
		if c.indexed {
			a.OutTile, a.OutStep = 0, int64(c.h)
		}
	}
	if c.tapList != nil {
		a.TapList = &c.tapList[0]
	}
	if c.steps != nil {
		a.Steps = &c.steps[0]
	}
	if c.added {
		d := &c.add
		a.Residual, a.LoQ, a.AScale, a.BMagic, a.BScale = d.Residual, d.LoQ, d.AScale, d.BMagic, d.BScale
		a.AddLo, a.AddHi, a.AddZero = d.AddLo, d.AddHi, d.AddZero
	}
	if c.bits == 4 {
		a.B, a.Table = &c.codes[0], &c.table
	}
	if c.indexed {
		a.Offs = &c.offs[0]
	}
	if c.rowBiased {
		a.RowBias = &c.rowBias[0]
	}
	return a
}

// a returns row m of the tile at a tap.
func (c *gemmCase) a(tile, tap, m int) []byte {
	if !c.indexed {
		return c.src[(tile*c.h+m)*c.stride:][:c.k]
	}
	if o := c.offs[(tile*c.taps+tap)*c.h+m]; o >= 0 {
		return c.src[o:][:c.k]
	}
	return c.pad
}

// acc computes the accumulator of row i of all tiles and packed column p.
func (c *gemmCase) acc(i, p int) int32 {
	nr, kr := c.row.NR, c.row.KR
	acc, shift := c.bias[p], int32(0)
	if c.row.Signed {
		shift = 128
	}
	if c.rowBiased {
		acc += c.rowBias[i]
	}
	for t := range c.taps {
		tap := t
		if c.tapList != nil {
			tap = int(c.tapList[t])
		}
		for k, v := range c.a(i/c.h, t, i%c.h) {
			k = c.depth(tap, k)
			acc += (int32(v) - shift) * int32(int8(c.b[tap*c.k*nr+k/kr*kr*nr+p*kr+k%kr]))
		}
	}
	return acc
}

// want computes what C must hold in the end; begin is what it held before.
func (c *gemmCase) want(begin []byte) []byte {
	out := bytes.Clone(begin)
	for i := range c.tiles * c.h {
		for p, ch := range c.row.Order {
			if int(ch) >= c.cols {
				continue
			}
			acc := c.acc(i, p)
			at := out[c.out(i)+int(ch)*c.elem():]
			switch v := float32(float32(acc) * c.mult[p]); c.output {
			case kernel.OutU8:
				at[0] = requantized(v, c.hiF, c.zero, c.lo)
				if c.added {
					at[0] = c.sum(at[0], c.residual[c.out(i)+int(ch)])
				}
			case kernel.OutI32:
				binary.NativeEndian.PutUint32(at, uint32(acc))
			case kernel.OutF32:
				binary.NativeEndian.PutUint32(at, math.Float32bits(max(c.loF, min(v, c.hiF))))
			}
		}
	}
	return out
}

// sum is the addition of a residual byte.
func (c *gemmCase) sum(q, b byte) byte {
	d := &c.add
	v := float32((float32(q)-float32(c.zero))*d.AScale) + float32((float32(b)-(d.BMagic-1<<23))*d.BScale)
	return byte(max(float64(d.AddLo), min(math.RoundToEven(float64(v))+float64(d.AddZero), float64(d.AddHi))))
}

func flag(set bool) uint8 {
	if set {
		return 1
	}
	return 0
}

func requantized(v, hi float32, zero int32, lo uint8) uint8 {
	q := math.RoundToEven(float64(min(v, hi))) + float64(zero)
	return uint8(max(q, float64(lo)))
}

func (c *gemmCase) check(tb testing.TB) {
	tb.Helper()
	want := c.want(c.c)
	if c.bits == 4 {
		c.row.Func4[c.h](c.args())
	} else {
		c.row.Func[c.h](c.args())
	}
	if !bytes.Equal(c.c, want) {
		for i := range want {
			if c.c[i] != want[i] {
				tb.Fatalf("%v: byte %d of C (place %d) is %d, want %d", c, i, i/c.ldc, c.c[i], want[i])
			}
		}
	}
}

// Gemm checks every function of the matrix product family: heights, depths, taps, padding, outputs, partial panels.
func Gemm(t *testing.T, s *kernel.Set, seed int64) {
	r := rand.New(rand.NewPCG(uint64(seed), 1))
	for i := range s.Gemm.Rows {
		row := &s.Gemm.Rows[i]
		t.Run(row.Name, func(t *testing.T) {
			isPermutation(t, row.Order, row.NR)
			if row.MR != len(row.Func)-1 || row.KR != s.Gemm.Rows[0].KR {
				t.Fatalf("MR %d with %d functions, KR %d", row.MR, len(row.Func), row.KR)
			}
			for h := 1; h <= row.MR; h++ {
				for n := range 24 {
					c := gemmCase{row: row, h: h, bits: 8, k: row.KR * (1 + n%7), taps: 1, tiles: 1 + n%3, cols: row.NR, indexed: n%2 == 0, rowBiased: n%5 == 0}
					c.output = kernel.Output(n % 4 % 3)
					if c.indexed {
						c.taps += r.IntN(4)
					}
					if row.Partial && c.output == kernel.OutU8 && n%3 > 0 {
						c.cols = 1 + r.IntN(row.NR)
					}
					if row.Func4 != nil && n%4 < 2 {
						c.bits = 4
					}
					c.added = row.Residual && c.output == kernel.OutU8 && r.IntN(2) == 0
					c.fill(t, r)
					c.check(t)
				}
			}
		})
	}
}

// isPermutation checks an order of packed columns.
func isPermutation(t *testing.T, order []uint8, n int) {
	t.Helper()
	seen := make([]bool, n)
	for _, v := range order {
		if int(v) >= n || seen[v] {
			t.Fatalf("order %v is no permutation of %d columns", order, n)
		}
		seen[v] = true
	}
	if len(order) != n {
		t.Fatalf("order has %d entries, want %d", len(order), n)
	}
}

func guardedRandom(tb testing.TB, r *rand.Rand, n, slack int) []byte {
	b := Buffer(tb, n, slack, AtEnd)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// words returns n guarded elements of four bytes.
func words[T int32 | float32](tb testing.TB, n int) []T {
	b := Buffer(tb, 4*n, 0, AtEnd)
	return unsafe.Slice((*T)(unsafe.Pointer(&b[0])), n)
}
