package i8

import (
	"fmt"
	"unsafe"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

// Matrices is the sizes of a transposition: dst[b][j][i] = src[b][i][j] for b < Count, i < Rows, j < Cols, each at least 1. Planes of
// pixels to interleaved channels and back are such matrices.
type Matrices struct{ Count, Rows, Cols int }

func (m Matrices) validate(op string) error {
	if _, ok := product(maxBytes, m.Count, m.Rows, m.Cols); !ok {
		return fmt.Errorf("i8: %s: %w: %d matrices of %dx%d", op, ErrShape, m.Count, m.Rows, m.Cols)
	}
	return nil
}

const (
	transposeTile = 16 << 10 // bytes
	leastSide     = 64       // of a tile, where the matrix has as many rows or columns
)

// cuts is n cut into parts of about equal length: part i goes from at(i) to at(i+1).
type cuts struct{ n, parts int }

// cutInto returns n cut into parts of at most about size.
func cutInto(n, size int) cuts { return cuts{n, ceilDiv(n, max(size, 1))} }

func (c cuts) at(i int) int { return int(int64(c.n) * int64(i) / int64(c.parts)) }

// least returns the length of the shortest part.
func (c cuts) least() int { return c.n / c.parts }

// transposeRow returns the kernel for tiles of at least rows x cols of a matrix whose rows are all in a tile if whole.
func (k *Kernels) transposeRow(rows, cols int, whole bool) kernel.Row[kernel.TransposeArgs] {
	e := &k.set.Eltwise
	switch {
	case whole && rows == 3 && cols >= 16:
		return e.Interleave3
	case whole && rows == 4 && cols >= 16:
		return e.Interleave4
	case rows >= 8 && cols >= 8:
		return e.Transpose
	}
	return e.TransposeAny
}

// TransposePlan transposes matrices of bytes. Immutable, safe for concurrent use.
type TransposePlan struct {
	row        kernel.Row[kernel.TransposeArgs]
	m          Matrices
	rows, cols cuts // of a matrix into tiles
}

// Transpose returns the plan of m. It returns ErrShape for sizes that it cannot do.
func (k *Kernels) Transpose(m Matrices) (*TransposePlan, error) {
	if err := m.validate("transpose"); err != nil {
		return nil, err
	}
	p := &TransposePlan{m: m}
	p.cols = cutInto(m.Cols, max(leastSide, transposeTile/m.Rows))
	p.rows = cutInto(m.Rows, max(leastSide, transposeTile/ceilDiv(m.Cols, p.cols.parts)))
	p.row = k.transposeRow(p.rows.least(), p.cols.least(), p.rows.parts == 1)
	return p, nil
}

// Kernel returns the name of the kernel that runs the plan.
func (p *TransposePlan) Kernel() string { return p.row.Name }

// Bind returns the step over src and dst, which have the bytes of the matrices and do not overlap; else it returns ErrBuffer.
func (p *TransposePlan) Bind(src, dst []byte) (Step, error) {
	if want := p.m.Count * p.m.Rows * p.m.Cols; len(src) != want || len(dst) != want {
		return nil, fmt.Errorf("i8: transpose: %w: src has %d bytes, dst %d, want %d", ErrBuffer, len(src), len(dst), want)
	}
	if err := apart("transpose", src, dst); err != nil {
		return nil, err
	}
	s := &tiled[kernel.TransposeArgs]{run: p.row.Run}
	for b := range p.m.Count {
		for i := range p.rows.parts {
			for j := range p.cols.parts {
				s.args = append(s.args, p.tile(src, dst, b*p.m.Rows*p.m.Cols, i, j))
			}
		}
	}
	return s, nil
}

// tile returns the arguments of tile i, j of the matrix that starts at byte base.
func (p *TransposePlan) tile(src, dst []byte, base, i, j int) kernel.TransposeArgs {
	row, col := p.rows.at(i), p.cols.at(j)
	return kernel.TransposeArgs{
		Src: unsafe.Pointer(&src[base+row*p.m.Cols+col]), Dst: unsafe.Pointer(&dst[base+col*p.m.Rows+row]),
		M: uintptr(p.rows.at(i+1) - row), N: uintptr(p.cols.at(j+1) - col),
		SrcRow: uintptr(p.m.Cols), DstRow: uintptr(p.m.Rows),
	}
}

// QuantizeTransposedPlan turns matrices of float32 into transposed ones of bytes. Immutable, safe for concurrent use.
type QuantizeTransposedPlan struct {
	*QuantizePlan
	turn kernel.Row[kernel.TransposeArgs]
	m    Matrices
	cols cuts // of a matrix into tiles, which have all rows
}

// MaxQuantizedRows bounds the rows of matrices that QuantizeTransposed takes: a tile has all of them.
const MaxQuantizedRows = 64

// QuantizeTransposed returns the plan of dst[b][j][i] = q(src[b][i][j]), where q is as in Quantize. Parameters out of range are
// reported by Bind; it returns ErrShape for sizes that it cannot do, more than MaxQuantizedRows rows among them.
func (k *Kernels) QuantizeTransposed(q QuantizeParams, m Matrices) (*QuantizeTransposedPlan, error) {
	if err := m.validate("quantize transposed"); err != nil {
		return nil, err
	}
	if m.Rows > MaxQuantizedRows {
		return nil, fmt.Errorf("i8: quantize transposed: %w: %d rows", ErrShape, m.Rows)
	}
	p := &QuantizeTransposedPlan{QuantizePlan: k.Quantize(q), m: m, cols: cutInto(m.Cols, max(leastSide, transposeTile/2/m.Rows))}
	p.turn = k.transposeRow(m.Rows, p.cols.least(), true)
	return p, nil
}

// Scratch returns the bytes of scratch that a Run needs: a tile.
func (p *QuantizeTransposedPlan) Scratch() int { return p.m.Rows*p.pitch() + Slack }

// pitch returns the bytes between the rows of a tile in scratch.
func (p *QuantizeTransposedPlan) pitch() int { return roundUp(ceilDiv(p.m.Cols, p.cols.parts), 64) }

// Bind returns the step over src (float32, little endian) and dst, which have the elements of the matrices and do not overlap. It
// returns ErrParameter for parameters out of range and ErrBuffer for unsuitable buffers.
func (p *QuantizeTransposedPlan) Bind(src, dst []byte) (Step, error) {
	if p.err != nil {
		return nil, p.err
	}
	if want := p.m.Count * p.m.Rows * p.m.Cols; len(src) != 4*want || len(dst) != want {
		return nil, fmt.Errorf("i8: quantize transposed: %w: src has %d bytes, dst %d, want %d and %d", ErrBuffer, len(src), len(dst), 4*want, want)
	}
	if err := apart("quantize transposed", src, dst); err != nil {
		return nil, err
	}
	return &quantizeTransposedStep{p, src, dst, newSlots[quantizeTransposedArgs]()}, nil
}

type quantizeTransposedArgs struct {
	quantize  kernel.QuantizeArgs
	transpose kernel.TransposeArgs
}

// quantizeTransposedStep runs tiles of some columns of one matrix.
type quantizeTransposedStep struct {
	*QuantizeTransposedPlan
	src, dst []byte
	slots    slots[quantizeTransposedArgs]
}

// Tiles returns the number of tiles.
func (s *quantizeTransposedStep) Tiles() int { return s.m.Count * s.cols.parts }

// Run quantizes the rows of tiles from <= t < to in scratch and transposes them from there.
func (s *quantizeTransposedStep) Run(scratch []byte, from, to int) {
	slot := s.slots.get()
	q, a := &slot.args.quantize, &slot.args.transpose
	pitch, rows := s.pitch(), s.m.Rows
	for t := from; t < to; t++ {
		base, part := t/s.cols.parts*rows*s.m.Cols, t%s.cols.parts
		col := s.cols.at(part)
		n := s.cols.at(part+1) - col
		for i := range rows {
			*q = kernel.QuantizeArgs{
				Dst: unsafe.Pointer(&scratch[i*pitch]), Src: unsafe.Pointer(&s.src[4*(base+i*s.m.Cols+col)]), N: uintptr(n), Params: s.params,
			}
			s.row.Run(q)
		}
		*a = kernel.TransposeArgs{
			Dst: unsafe.Pointer(&s.dst[base+col*rows]), Src: unsafe.Pointer(&scratch[0]), M: uintptr(rows), N: uintptr(n),
			SrcRow: uintptr(pitch), DstRow: uintptr(rows),
		}
		s.turn.Run(a)
	}
	slot.put()
}
