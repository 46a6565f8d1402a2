package i8

import "github.com/octet-ml/octet/int8/internal/kernel"

// zeroCode returns the first code whose value is 0, and reports whether there is none.
func zeroCode(table *[16]int8) (code byte, none bool) {
	for i, v := range table {
		if v == 0 {
			return byte(i), false
		}
	}
	return 0, true
}

// packNibbles packs codes, whose number is a multiple of 128, into the blocks that kernel.Expand4Args describes.
func packNibbles(dst, codes []byte) {
	for i := 0; i < len(codes); i += 128 {
		for j := range 64 {
			dst[i/2+j] = codes[i+j] | codes[i+64+j]<<4
		}
	}
}

// expand writes the bytes of 4-bit panel p to dst, which has room for whole blocks of 128.
func (c *ConvWeights) expand(a *kernel.Expand4Args, dst []byte, p *panel) {
	row := &c.set().Gemm.Rows[p.row]
	n := roundUp(c.panelBytes(row), 128)
	dst = dst[:n]
	*a = kernel.Expand4Args{Src: &c.data[p.at], Dst: &dst[0], Table: &c.shape.Table, Blocks: int64(n / 128)}
	c.set().Expand4.Func(a)
	if !c.noZero {
		return
	}
	step := row.NR * row.KR
	for t := range c.taps {
		last := dst[t*c.kPad*row.NR+c.k/row.KR*step:][:step]
		for i := c.k % row.KR; i < step; i += row.KR {
			clear(last[i : i+row.KR-c.k%row.KR])
		}
	}
}
