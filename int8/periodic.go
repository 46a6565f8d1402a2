package i8

import (
	"unsafe"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

// periodWidth is about the length of the rows that a short, repeated operand is unrolled to; shorter operands than
// maxPeriod are. Rows of a few bytes would leave most lanes of a vector idle.
const (
	periodWidth = 512
	maxPeriod   = 128
)

// periodicStep runs a binary operation whose second operand is period bytes over and over, count times for each o.
type periodicStep struct {
	*BinaryPlan
	a, b, dst     []byte
	period, count int
	unroll        int // periods in an unrolled row
	tile          int // periods in a tile
	args          slots[periodicArgs]
}

type periodicArgs struct {
	kernel.BinaryArgs
	row [periodWidth + maxPeriod + Slack]byte // b, unrolled
}

// periodic returns the step for a shape that repeats a short second operand, or nil for any other.
func (p *BinaryPlan) periodic(a, b, dst []byte) Step {
	period, count := p.shape.Inner, p.shape.Mid
	if p.shape.C == 0 && count == 1 {
		period, count = 1, p.shape.Inner
	} else if p.shape.C != 1 || p.shape.M != 0 {
		return nil
	}
	if period >= maxPeriod || count == 1 {
		return nil
	}
	unroll := ceilDiv(periodWidth, period)
	return &periodicStep{
		BinaryPlan: p, a: a, b: b, dst: dst, period: period, count: count,
		unroll: unroll, tile: unroll * max(1, binaryTile/(unroll*period)), args: newSlots[periodicArgs](),
	}
}

// Tiles returns the number of tiles.
func (s *periodicStep) Tiles() int { return s.shape.Outer * ceilDiv(s.count, s.tile) }

// Run computes the tiles from <= t < to.
func (s *periodicStep) Run(_ []byte, from, to int) {
	slot := s.args.get()
	defer slot.put()
	p := &slot.args
	tiles := ceilDiv(s.count, s.tile)
	for t, last := from, -1; t < to; t++ {
		o, i := t/tiles, t%tiles*s.tile
		if o != last {
			unrollInto(p.row[:s.unroll*s.period], s.b[o*s.shape.O:o*s.shape.O+s.period])
			last = o
		}
		n := min(s.tile, s.count-i)
		at := (o*s.count + i) * s.period
		whole := n / s.unroll
		s.call(p, at, whole, s.unroll*s.period)
		s.call(p, at+whole*s.unroll*s.period, 1, n%s.unroll*s.period)
	}
}

// call runs rows of n elements that begin at the given element.
func (s *periodicStep) call(p *periodicArgs, at, rows, n int) {
	if rows*n == 0 {
		return
	}
	p.BinaryArgs = kernel.BinaryArgs{
		Dst: unsafe.Pointer(&s.dst[at]), A: unsafe.Pointer(&s.a[at]), B: unsafe.Pointer(&p.row[0]),
		Rows: uintptr(rows), N: uintptr(n), Row: uintptr(n), BCol: 1, Params: s.params,
	}
	s.row.Run(&p.BinaryArgs)
}

// unrollInto fills dst with copies of src.
func unrollInto(dst, src []byte) {
	n := copy(dst, src)
	for n < len(dst) {
		n += copy(dst[n:], dst[:n])
	}
}
