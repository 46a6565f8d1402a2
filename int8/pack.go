package i8

import (
	"encoding/binary"
	"unsafe"

	"github.com/octet-ml/octet/int8/internal/kernel"
	"github.com/octet-ml/octet/internal/memory"
)

// maxBytes bounds the size of any one buffer, so that sizes and offsets fit int32 on every platform.
const maxBytes = 1<<31 - 1 - 4096

// product multiplies positive factors; it reports false if a factor is not positive or the product exceeds limit.
func product(limit int, factors ...int) (int, bool) {
	p := int64(1)
	for _, f := range factors {
		if f < 1 || int64(f) > int64(limit)/p {
			return 0, false
		}
		p *= int64(f)
	}
	return int(p), true
}

func roundUp(n, unit int) int { return (n + unit - 1) / unit * unit }

func ceilDiv(n, d int) int { return (n + d - 1) / d }

// alignedBytes returns n zero bytes that start at a multiple of 64.
func alignedBytes(n int) []byte { return memory.Aligned(n, 0) }

// align64 returns b from its first byte at a multiple of 64.
func align64(b []byte) []byte {
	if len(b) == 0 {
		return b
	}
	// The address only chooses where to cut; large Go objects do not move.
	return b[-uintptr(unsafe.Pointer(&b[0]))&63:]
}

// widths cuts channels into panels: rows[main] while they last, then what wastes the least.
func widths(rows []kernel.Gemm, main, channels int) []int {
	least := rows[len(rows)-1].NR
	var out []int
	for channels > 0 {
		pick := main
		if channels < rows[main].NR {
			for pick+1 < len(rows) && rows[pick].NR-channels >= least {
				pick++
			}
		}
		out = append(out, pick)
		channels -= rows[pick].NR
	}
	return out
}

// panelBytes is the unpacked size of a panel.
func (c *ConvWeights) panelBytes(row *kernel.Gemm) int { return c.taps * c.kPad * row.NR }

// packedBytes is the size of a panel in data.
func (c *ConvWeights) packedBytes(row *kernel.Gemm) int {
	if c.shape.Bits == 4 {
		return roundUp(c.panelBytes(row), 128) / 2
	}
	return c.panelBytes(row)
}

// packGemm packs panels as [tap][kPad/KR][NR][KR].
func (c *ConvWeights) packGemm(w *Weights) {
	family := &c.set().Gemm
	c.kPad = roundUp(c.k, family.Rows[0].KR)
	perGroup := w.OC / w.Groups
	rows := widths(family.Rows, family.Main(c.taps, w.Pixels), perGroup)
	at, column := 0, 0
	for g := range w.Groups {
		channel := 0
		for _, r := range rows {
			row := &family.Rows[r]
			n := min(row.NR, perGroup-channel)
			c.panels = append(c.panels, panel{row: r, group: g, channel: g*perGroup + channel, cols: n, column: column, at: at})
			column += row.NR
			channel += n
			at += roundUp(c.packedBytes(row), 64)
		}
	}
	c.data = alignedBytes(at)
	fill := byte(0)
	if w.Bits == 4 {
		fill, c.noZero = zeroCode(&w.Table)
		c.noZero = c.noZero && c.kPad > c.k
	}
	var codes, buf []byte
	for i := range c.panels {
		p := &c.panels[i]
		row := &family.Rows[p.row]
		dst := c.data[p.at:]
		if w.Bits == 4 {
			buf = append(buf[:0], make([]byte, roundUp(c.panelBytes(row), 128))...)
			dst = buf
		}
		c.packPanel(dst, w, *p, row, &codes, fill)
		if row.Steps {
			p.steps = len(c.steps)
			c.orderSteps(dst[:c.panelBytes(row)], w, row)
		}
		if w.Bits == 4 {
			packNibbles(c.data[p.at:], buf)
		}
	}
}

// packPanel writes the codes of p to dst; positions without a weight get fill.
func (c *ConvWeights) packPanel(dst []byte, w *Weights, p panel, row *kernel.Gemm, codes *[]byte, fill byte) {
	if fill != 0 {
		for i := range dst[:c.panelBytes(row)] {
			dst[i] = fill
		}
	}
	all := c.taps * c.k
	step := row.NR * row.KR
	for n, ch := range row.Order {
		if int(ch) >= p.cols {
			continue
		}
		o := p.channel + int(ch)
		*codes = w.codes((*codes)[:0], o*all, (o+1)*all)
		src := *codes
		for t := range c.taps {
			d := dst[t*c.kPad*row.NR+n*row.KR:]
			s := src[t*c.k : (t+1)*c.k]
			if row.KR == 4 {
				for len(s) >= 4 {
					binary.LittleEndian.PutUint32(d, binary.LittleEndian.Uint32(s))
					s = s[4:]
					d = d[min(step, len(d)):]
				}
				copy(d, s)
				continue
			}
			for k := 0; k < c.k; k += row.KR {
				copy(d[k/row.KR*step:], s[k:min(k+row.KR, c.k)])
			}
		}
	}
}
