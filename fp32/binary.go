package f32

import (
	"fmt"

	"github.com/octet-ml/octet/fp32/internal/kernel"
)

// BinaryOp is an element-wise operation of two operands.
type BinaryOp uint8

// The operations y = a op b. Max and Min are "a if a > b (a < b), else b"; ReverseSub is b - a and ReverseDiv b / a, for
// a first operand that is the one to broadcast.
const (
	Add        = BinaryOp(kernel.Add)
	Sub        = BinaryOp(kernel.Sub)
	Mul        = BinaryOp(kernel.Mul)
	Div        = BinaryOp(kernel.Div)
	Max        = BinaryOp(kernel.Max)
	Min        = BinaryOp(kernel.Min)
	ReverseSub = BinaryOp(kernel.RSub)
	ReverseDiv = BinaryOp(kernel.RDiv)
)

// Broadcast says how the second operand is repeated: y[o][m][c] = a[o][m][c] op b[o*O + m*M + c*C].
//
// Outer, Mid and Inner are sizes, at least 1; O, M and C are strides in elements, at least 0; 0 repeats.
type Broadcast struct {
	Outer, Mid, Inner int
	O, M, C           int
}

// merged returns an equal Broadcast with as few dimensions above 1 as possible, those being the inner ones.
func (s Broadcast) merged() Broadcast {
	if s.Inner == 1 {
		s.Inner, s.C, s.Mid, s.M = s.Mid, s.M, 1, 0
	}
	if s.Mid == 1 || s.M == s.Inner*s.C {
		s.Inner, s.Mid, s.M = s.Inner*s.Mid, 1, 0
	}
	if s.Mid == 1 && (s.Outer == 1 || s.O == s.Inner*s.C) {
		s.Inner, s.Outer, s.O = s.Inner*s.Outer, 1, 0
	}
	return s
}

// BinaryPlan is an element-wise operation of given sizes: immutable, safe for concurrent use.
type BinaryPlan struct {
	kernel kernel.Binary
	op     BinaryOp
	s      Broadcast
	lo, hi float32
}

// Binary plans y = clamp(a op b, lo, hi). Sizes that do not fit are reported by Bind.
func (k *Kernels) Binary(op BinaryOp, s Broadcast, lo, hi float32) *BinaryPlan {
	p := &BinaryPlan{op: op, s: s, lo: lo, hi: hi}
	if op < BinaryOp(kernel.NumBinaryOps) {
		p.kernel = k.set.Binary[op]
	}
	return p
}

// Kernel returns the name of the kernel.
func (p *BinaryPlan) Kernel() string { return p.kernel.Name }

// Scratch returns 0: element-wise operations need none.
func (p *BinaryPlan) Scratch() int { return 0 }

// chunk is the number of elements of an element-wise tile.
const chunk = 1 << 14

// Bind ties the plan to buffers of float32. dst may be a, or b where b is not repeated. Impossible sizes give
// ErrGeometry, an unknown operation or clamp ErrEpilogue, wrong lengths, misalignment or partial overlap ErrBuffer.
func (p *BinaryPlan) Bind(a, b, dst []byte) (Step, error) {
	s := p.s
	if p.kernel.Vector == nil || !(p.lo <= p.hi) {
		return nil, fmt.Errorf("binary: %w: operation %d, clamp %v..%v", ErrEpilogue, p.op, p.lo, p.hi)
	}
	size, ok := product(s.Outer, s.Mid, s.Inner)
	if !ok || min(s.O, s.M, s.C) < 0 || max(s.O, s.M, s.C) > MaxElements {
		return nil, fmt.Errorf("binary: %w: %+v", ErrGeometry, s)
	}
	// Products of a size and a stride are below 2⁵⁸.
	need := int64(s.Outer-1)*int64(s.O) + int64(s.Mid-1)*int64(s.M) + int64(s.Inner-1)*int64(s.C) + 1
	if int64(len(b)) < 4*need {
		return nil, fmt.Errorf("binary: b: %w: want at least %d bytes, got %d", ErrBuffer, 4*need, len(b))
	}
	va, err := view("a", a, size)
	if err != nil {
		return nil, fmt.Errorf("binary: %w", err)
	}
	vb, err := view("b", b[:4*need], int(need))
	if err != nil {
		return nil, fmt.Errorf("binary: %w", err)
	}
	vd, err := view("dst", dst, size)
	if err != nil {
		return nil, fmt.Errorf("binary: %w", err)
	}
	if partlyOverlaps(va, vd) || overlaps(vb, vd) && (partlyOverlaps(vb, vd) || s.merged().C != 1 || s.merged().Inner != size) {
		return nil, fmt.Errorf("binary: %w: dst overlaps an operand in part", ErrBuffer)
	}
	return newBinaryStep(p, va, vb, vd), nil
}

// binaryStep is an element-wise operation bound to buffers. A run is Inner elements; a tile is some runs, or for long
// runs a part of one.
type binaryStep struct {
	p         *BinaryPlan
	s         Broadcast // merged
	a, b, dst []float32
	runs      int // runs of a tile, 1 where parts > 1
	parts     int // tiles of a run
	args      []kernel.BinaryArgs
}

func newBinaryStep(p *BinaryPlan, a, b, dst []float32) *binaryStep {
	s := &binaryStep{p: p, s: p.s.merged(), a: a, b: b, dst: dst}
	s.runs = max(1, chunk/s.s.Inner)
	s.parts = ceilDiv(s.s.Inner, chunk)
	s.args = make([]kernel.BinaryArgs, ceilDiv(s.s.Outer*s.s.Mid, s.runs)*s.parts)
	return s
}

func (s *binaryStep) Tiles() int { return len(s.args) }

func (s *binaryStep) Run(_ []byte, from, to int) {
	total := s.s.Outer * s.s.Mid
	for t := from; t < to; t++ {
		first := t / s.parts * s.runs
		lo, hi := split(s.s.Inner, s.parts, t%s.parts)
		for run := first; run < min(first+s.runs, total); run++ {
			s.run(&s.args[t], run, lo, hi)
		}
	}
}

// run does elements lo..hi-1 of one run.
func (s *binaryStep) run(args *kernel.BinaryArgs, run, lo, hi int) {
	at := run * s.s.Inner
	from := run/s.s.Mid*s.s.O + run%s.s.Mid*s.s.M + lo*s.s.C
	args.Lo, args.Hi = s.p.lo, s.p.hi
	args.A, args.B, args.Dst = s.a[at+lo:at+hi], s.b[from:], s.dst[at+lo:at+hi]
	args.N = int64(hi - lo)
	switch s.s.C {
	case 0:
		s.p.kernel.Scalar(args)
	case 1:
		s.p.kernel.Vector(args)
	default:
		args.N = 1
		for i := lo; i < hi; i++ {
			args.A, args.Dst = s.a[at+i:], s.dst[at+i:]
			args.B = s.b[from+(i-lo)*s.s.C:]
			s.p.kernel.Scalar(args)
		}
	}
}
