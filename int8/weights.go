package i8

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

// maxK is the largest number of products in one accumulator. 255*128*65536 < 1<<31, so the sum of products alone fits;
// Plan checks the sum with bias and zero points against the actual weights.
const maxK = 1 << 16

// Weights are the weights of a convolution or dense layer as a model file has them. Data is only read, and only by PackConv.
type Weights struct {
	Data   []byte   // Bits 8: int8 two's complement [OC][KH][KW][IC]; Bits 4: codes two a byte, low nibble first, same flat order
	Bits   int      // 8 or 4
	Table  [16]int8 // Bits 4: integer value of each code
	OC     int      // output channels of all groups together
	KH, KW int      // window
	IC     int      // input channels of one group
	Groups int      // 1, or a divisor of OC
	Zero   int32    // common zero point of all weights (weight = value - Zero), -128..127
	Pixels int      // output pixels of an image, by which kernels are chosen; 0: many. Results do not depend on it
}

func (w *Weights) validate() error {
	if w.OC < 1 || w.KH < 1 || w.KW < 1 || w.IC < 1 || w.Groups < 1 || w.OC%w.Groups != 0 {
		return fmt.Errorf("i8: conv weights: %w: oc %d, window %dx%d, ic %d, groups %d", ErrShape, w.OC, w.KH, w.KW, w.IC, w.Groups)
	}
	k, ok := product(maxK, w.KH, w.KW, w.IC)
	if !ok {
		return fmt.Errorf("i8: conv weights: %w: window %dx%d by %d channels exceeds %d products", ErrShape, w.KH, w.KW, w.IC, maxK)
	}
	n, ok := product(maxBytes, k, w.OC)
	if !ok || w.Groups > maxBytes/w.IC {
		return fmt.Errorf("i8: conv weights: %w: oc %d, k %d, groups %d", ErrShape, w.OC, k, w.Groups)
	}
	switch w.Bits {
	case 8:
	case 4:
		n = (n + 1) / 2
	default:
		return fmt.Errorf("i8: conv weights: %w: %d bits, want 8 or 4", ErrParameter, w.Bits)
	}
	if len(w.Data) != n {
		return fmt.Errorf("i8: conv weights: %w: %d bytes, want %d", ErrShape, len(w.Data), n)
	}
	if w.Zero < -128 || w.Zero > 127 {
		return fmt.Errorf("i8: conv weights: %w: zero point %d, want -128..127", ErrParameter, w.Zero)
	}
	return nil
}

// codes appends the 8-bit values or the 4-bit codes of flat elements from <= i < to, one a byte.
func (w *Weights) codes(dst []byte, from, to int) []byte {
	if w.Bits == 8 {
		return w.Data[from:to:to]
	}
	for i := from; i < to; i++ {
		dst = append(dst, w.Data[i/2]>>(i%2*4)&15)
	}
	return dst
}

// value is the integer of a code as codes returns it.
func (w *Weights) value(code byte) int32 {
	if w.Bits == 8 {
		return int32(int8(code))
	}
	return int32(w.Table[code])
}

// form is how a layer is computed, as far as the weights decide it.
type form uint8

const (
	formGemm      form = iota // a tap is one pixel's channels
	formRows                  // few channels: a tap is one row of the window, whose pixels are neighbours
	formWindows               // fewer: the rows of a window are put side by side, and are one tap
	formDepthwise             // one input channel for each group
)

// ConvWeights are weights packed for one kernel set. They are immutable and shared by all plans, batches and sessions.
type ConvWeights struct {
	kernels *Kernels
	shape   Weights // without Data
	form    form
	taps    int // rows of A for each output pixel
	k       int // bytes of a tap that count
	kPad    int // k rounded up to what the kernels take
	panels  []panel
	data    []byte   // packed, 64-byte aligned panels
	sums    []int32  // sum of (value - Zero) for each output channel
	mags    []int64  // sum of |value - Zero| for each output channel, or a small bound of it
	parts   int      // formDepthwise: int8 that add up to a weight without its zero point
	window  int      // formDepthwise: n where taps stand as kernels for windows of n x n want them
	steps   []uint16 // by panel, as kernel.GemmArgs has them
	proved  int      // of all steps
	noZero  bool     // 4 bits, no code of value 0, and kPad > k: tails are cleared after expansion
}

// panel is a run of output channels that one kernel call computes.
type panel struct {
	row     int // index in Set.Gemm.Rows; unused for formDepthwise
	group   int
	channel int // first output channel
	cols    int // channels
	column  int // first column in the plan's bias and multipliers, which are padded to whole panels
	width   int // formDepthwise: bytes of a block after which the channels repeat, for the next pixel
	at      int // first byte in data
	steps   int // first element in steps
}

// PackConv checks w, copies it and packs it for k's kernels. It returns an error that wraps ErrShape or ErrParameter.
// Safe for concurrent use.
func (k *Kernels) PackConv(w Weights) (*ConvWeights, error) {
	if err := w.validate(); err != nil {
		return nil, err
	}
	c := &ConvWeights{kernels: k, shape: w}
	c.shape.Data = nil
	c.sum(&w)
	switch {
	case w.Groups > 1 && w.IC == 1:
		c.packDepthwise(&w)
	case w.Groups == 1 && w.KW > 1 && w.IC <= 8:
		c.form, c.taps, c.k = formRows, w.KH, w.KW*w.IC
		if k.windowsRepay(&w) {
			c.form, c.taps, c.k = formWindows, 1, w.KH*c.k
		}
		c.packGemm(&w)
	default:
		c.form, c.taps, c.k = formGemm, w.KH*w.KW, w.IC
		c.packGemm(&w)
	}
	return c, nil
}

// windowsRepay reports whether rounding up the bytes of whole windows saves enough products over rounding up those of each row.
func (k *Kernels) windowsRepay(w *Weights) bool {
	row, kr := w.KW*w.IC, k.set.Gemm.Rows[0].KR
	return k.set.Windows.Func != nil && row <= kernel.MaxWindowWidth && w.KH*roundUp(row, kr) >= roundUp(w.KH*row, kr)*11/10
}

// Bytes returns the size of the packed weights.
func (c *ConvWeights) Bytes() int { return len(c.data) }

// order returns the channel of each packed column of a panel, relative to its first.
func (c *ConvWeights) order(p *panel) []uint8 {
	if c.form == formDepthwise {
		return c.set().Depthwise.Order
	}
	return c.set().Gemm.Rows[p.row].Order
}

// channel returns the output channel of a column that order lists, or -1 if the column is surplus.
func (c *ConvWeights) channel(p *panel, column uint8) int {
	ch := int(column)
	if c.form == formDepthwise {
		ch %= p.width
	}
	if ch >= p.cols {
		return -1
	}
	return p.channel + ch
}

// signed reports whether the kernels of a panel take inputs less 128.
func (c *ConvWeights) signed(p *panel) bool {
	if c.form == formDepthwise {
		return c.set().Depthwise.Signed
	}
	return c.set().Gemm.Rows[p.row].Signed
}

// packedSum returns the sum of the packed weights of output channel o: packDepthwise takes the zero point off, packGemm
// does not.
func (c *ConvWeights) packedSum(o int) int32 {
	if c.form == formDepthwise {
		return c.sums[o]
	}
	return c.sums[o] + int32(c.taps*c.k)*c.shape.Zero
}

func (c *ConvWeights) set() *kernel.Set { return &c.kernels.set }

// sum fills sums and mags. |sum| <= 255*65536 < 1<<24.
func (c *ConvWeights) sum(w *Weights) {
	k := w.KH * w.KW * w.IC
	c.sums, c.mags = make([]int32, w.OC), make([]int64, w.OC)
	var row []byte
	for o := range c.sums {
		row = w.codes(row[:0], o*k, (o+1)*k)
		if w.Bits == 8 {
			sum, mag := sumInt8(row)
			c.sums[o], c.mags[o] = sum-int32(k)*w.Zero, mag+int64(k)*int64(max(w.Zero, -w.Zero))
			if w.Zero == 0 || c.mags[o] < math.MaxInt32/2/255 {
				continue // with a zero point, a bound that is far from deciding anything serves as well as the sum
			}
		}
		var sum int32
		var mag int64
		for _, code := range row {
			v := w.value(code) - w.Zero
			sum += v
			mag += int64(max(v, -v))
		}
		c.sums[o], c.mags[o] = sum, mag
	}
}

// sumInt8 returns the sum of int8 values and the sum of their magnitudes, eight at a time in the 16-bit lanes of a word:
// 128 steps add at most 128*2*128 = 1<<15 to a lane.
func sumInt8(data []byte) (sum int32, mag int64) {
	const ones, low = 0x0101010101010101, 0x00ff00ff00ff00ff
	n := len(data) / 8 * 8
	for start := 0; start < n; start += 8 * 128 {
		var biased, magnitudes uint64
		block := data[start:min(start+8*128, n)]
		for len(block) >= 8 {
			x := binary.LittleEndian.Uint64(block)
			block = block[8:]
			u := x ^ 0x80*ones // value + 128
			negative := x >> 7 & ones
			m := x ^ negative*0xff + negative // no carry leaves a byte: 0x7f + 1 = 0x80
			biased += u&low + u>>8&low
			magnitudes += m&low + m>>8&low
		}
		sum += int32(lanes(biased))
		mag += int64(lanes(magnitudes))
	}
	sum -= int32(128 * n)
	for _, b := range data[n:] {
		v := int32(int8(b))
		sum += v
		mag += int64(max(v, -v))
	}
	return sum, mag
}

// lanes returns the sum of the four 16-bit lanes of a word.
func lanes(x uint64) uint64 { return x&0xffff + x>>16&0xffff + x>>32&0xffff + x>>48 }
