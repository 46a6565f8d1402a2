package kerneltest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

// depthwiseCase is a depthwise convolution by the words of kernel.DepthwiseArgs.
type depthwiseCase struct {
	family      *kernel.DepthwiseFamily
	row         *kernel.Depthwise
	kh, kw      int
	ratio       int
	rows, width int
	cols        int
	output      kernel.Output

	src, w, out      []byte
	offs             []int32
	taps             []kernel.Tap // of a row made for a window
	lines            []int32
	pad              []byte
	start, limit     int
	tapPixel         int
	inRow            int
	outRow, outPixel int
	bias             []int32
	mult             []float32
	hiF              float32
	zero             int32
	lo               uint8
	plain            bool
}

func (c *depthwiseCase) String() string {
	return fmt.Sprintf("%s/k%dx%d_ratio%d_rows%d_width%d_cols%d_out%d", c.row.Name, c.kh, c.kw, c.ratio, c.rows, c.width, c.cols, c.output)
}

func (c *depthwiseCase) elem() int {
	if c.output == kernel.OutU8 {
		return 1
	}
	return 4
}

func (c *depthwiseCase) fill(tb testing.TB, r *rand.Rand) {
	f := c.family
	c.tapPixel = 1 + r.IntN(2*f.NC)
	if c.row.Window > 0 {
		c.fillLines(tb, r)
	} else {
		c.fillOffsets(tb, r)
	}
	c.bias, c.mult = words[int32](tb, f.NC), words[float32](tb, f.NC)
	for i := range f.NC {
		c.bias[i] = r.Int32N(20000) - 10000
		c.mult[i] = float32(math.Exp(r.Float64()*4) * 1e-3)
	}
	c.zero, c.lo = r.Int32N(256), uint8(r.IntN(100))
	c.hiF = float32(100 + r.Int32N(156) - c.zero)
	if c.plain = c.output == kernel.OutU8 && r.IntN(2) == 0; c.plain {
		c.zero, c.lo, c.hiF = 0, 0, 255
	}
	for range 1 + f.NC/8 { // results halfway between two integers in the first pixel
		p := r.IntN(f.NC)
		c.mult[p] = tieMultiplier
		c.bias[p] += tied(r, c.zero, c.lo, c.hiF) - c.acc(0, 0, p)
	}
	c.outPixel = (c.cols + r.IntN(3)) * c.elem()
	c.outRow = c.outPixel*c.width + 4*r.IntN(3)
	c.out = Buffer(tb, (c.rows-1)*c.outRow+(c.width-1)*c.outPixel+c.cols*c.elem(), 0, AtEnd)
}

// fillOffsets makes source and weights for a kernel of any window.
func (c *depthwiseCase) fillOffsets(tb testing.TB, r *rand.Rand) {
	f := c.family
	tapRow := c.tapPixel*((c.width-1)*c.ratio+c.kw) + r.IntN(9)
	c.inRow = tapRow * (1 + r.IntN(2))
	taps := (c.kh*c.kw + f.TR - 1) / f.TR * f.TR
	c.offs = words[int32](tb, taps)
	c.w = guardedRandom(tb, r, taps*f.NC, 0)
	for t := range c.offs {
		if t < c.kh*c.kw {
			c.offs[t] = int32(t%c.kh*tapRow + t/c.kh*c.tapPixel)
			continue
		}
		c.offs[t] = c.offs[0]
		c.clear(t)
	}
	last := (c.rows-1)*c.inRow + (c.width-1)*c.ratio*c.tapPixel + (c.kh-1)*tapRow + (c.kw-1)*c.tapPixel
	c.src = guardedRandom(tb, r, last+f.NC, 0)
}

// fillLines makes source and weights for a kernel made for a window: some lines of some pixels, which windows may leave.
func (c *depthwiseCase) fillLines(tb testing.TB, r *rand.Rand) {
	f := c.family
	c.taps = kernel.FixedTaps(c.row.Window)
	c.offs = words[int32](tb, len(c.taps))
	c.w = guardedRandom(tb, r, len(c.taps)*f.NC, 0)
	for t, tap := range c.taps {
		if tap.Y < 0 {
			c.clear(t)
		}
	}
	all := ((c.width-1)*c.ratio+c.kw-1)*c.tapPixel + f.NC // bytes that windows lie over
	c.start = -r.IntN(min(c.kw*c.tapPixel, all))
	c.limit = max(1, all+c.start-r.IntN(c.kw*c.tapPixel))
	line := c.limit
	n := c.rows + c.kh
	c.src = guardedRandom(tb, r, n*line, 0)
	c.lines = words[int32](tb, c.rows*c.kh)
	for i := range c.lines {
		c.lines[i] = int32(r.IntN(n+1) * line)
		if int(c.lines[i]) == n*line {
			c.lines[i] = -1 - r.Int32N(100)
		}
	}
	c.pad = Buffer(tb, c.limit, 0, AtEnd)
	for i := range c.pad {
		c.pad[i] = byte(c.start)
	}
}

// clear sets the weights of packed tap t to zero.
func (c *depthwiseCase) clear(t int) {
	f := c.family
	for ch := range f.NC {
		c.w[t/f.TR*f.TR*f.NC+ch*f.TR+t%f.TR] = 0
	}
}

// source returns what packed tap t of channel ch reads for an output pixel.
func (c *depthwiseCase) source(y, x, t, ch int) byte {
	if c.row.Window == 0 {
		return c.src[y*c.inRow+x*c.ratio*c.tapPixel+int(c.offs[t])+ch]
	}
	tap := c.taps[t]
	if tap.Y < 0 {
		return 0
	}
	o, line := c.start+(x*c.ratio+tap.X)*c.tapPixel+ch, c.lines[y*c.kh+tap.Y]
	if line < 0 || o < 0 || o >= c.limit {
		return c.pad[0]
	}
	return c.src[int(line)+o]
}

// acc computes the accumulator of packed channel p at an output pixel.
func (c *depthwiseCase) acc(y, x, p int) int32 {
	f := c.family
	acc, shift := c.bias[p], int32(0)
	if f.Signed {
		shift = 128
	}
	for t := range c.offs {
		v := c.source(y, x, t, int(f.Order[p]))
		acc += (int32(v) - shift) * int32(int8(c.w[t/f.TR*f.TR*f.NC+p*f.TR+t%f.TR]))
	}
	return acc
}

func (c *depthwiseCase) want(begin []byte) []byte {
	out := bytes.Clone(begin)
	f := c.family
	for y := range c.rows {
		for x := range c.width {
			for p, ch := range f.Order {
				if int(ch) >= c.cols {
					continue
				}
				acc := c.acc(y, x, p)
				at := out[y*c.outRow+x*c.outPixel+int(ch)*c.elem():]
				if c.output == kernel.OutI32 {
					binary.NativeEndian.PutUint32(at, uint32(acc))
				} else {
					at[0] = requantized(float32(float32(acc)*c.mult[p]), c.hiF, c.zero, c.lo)
				}
			}
		}
	}
	return out
}

func (c *depthwiseCase) check(tb testing.TB) {
	tb.Helper()
	want := c.want(c.out)
	a := kernel.DepthwiseArgs{
		In: &c.src[0], InRow: int64(c.inRow), InPixel: int64(c.ratio * c.tapPixel), Offs: &c.offs[0],
		TapPixel: int64(c.tapPixel), Taps: int64(len(c.offs)), W: &c.w[0], Bias: &c.bias[0], Mult: &c.mult[0], Out: &c.out[0],
		OutRow: int64(c.outRow), OutPixel: int64(c.outPixel), Rows: int64(c.rows), Width: int64(c.width), Cols: int64(c.cols),
		Output: c.output, HiF: c.hiF, Zero: c.zero, Lo: c.lo, Plain: flag(c.plain),
	}
	if c.row.Window > 0 {
		a.Offs, a.Lines, a.Pad, a.Start, a.Limit = nil, &c.lines[0], &c.pad[0], int64(c.start), int64(c.limit)
	}
	c.row.Func(&a)
	if !bytes.Equal(c.out, want) {
		for i := range want {
			if c.out[i] != want[i] {
				tb.Fatalf("%v: byte %d of the output is %d, want %d", c, i, c.out[i], want[i])
			}
		}
	}
}

// Depthwise checks every kernel of the depthwise family.
func Depthwise(t *testing.T, s *kernel.Set, seed int64) {
	r := rand.New(rand.NewPCG(uint64(seed), 2))
	f := &s.Depthwise
	isPermutation(t, f.Order, f.NC)
	for i := range f.Rows {
		row := &f.Rows[i]
		t.Run(row.Name, func(t *testing.T) {
			for n := range 60 {
				c := depthwiseCase{family: f, row: row, kh: 1 + r.IntN(5), kw: 1 + r.IntN(5), ratio: 1 + r.IntN(3), rows: 1 + r.IntN(3), width: 1 + r.IntN(8), cols: f.NC}
				if row.Window > 0 {
					c.kh, c.kw, c.ratio = row.Window, row.Window, row.Ratio
				}
				if n%3 > 0 {
					c.cols = 1 + r.IntN(f.NC)
				}
				if row.Words && n%2 > 0 {
					c.output = kernel.OutI32
				}
				c.fill(t, r)
				c.check(t)
			}
		})
	}
}
