package i8

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

const binaryTile = 8 << 10 // elements

// BinaryPlan is an addition or a multiplication of two quantized tensors. Immutable, safe for concurrent use.
type BinaryPlan struct {
	op     string
	row    kernel.Row[kernel.BinaryArgs]
	shape  Broadcast // merged
	a, b   int       // lengths
	params *kernel.BinaryParams
	err    error
}

// Add returns the plan of the sum p over s. Scales are finite and may be negative (a difference). Parameters and shapes
// out of range are reported by Bind.
func (k *Kernels) Add(p AddParams, s Broadcast) *BinaryPlan {
	e := &k.set.Eltwise
	return newBinary("add", e.Add, e.AddAny, s, p.Lo, p.Hi, &kernel.BinaryParams{
		AScale: p.AScale, BScale: p.BScale, AZero: p.AZero, BZero: p.BZero, OutZero: p.OutZero,
	})
}

// Mul returns the plan of the product p over s. Scale is finite. Parameters and shapes out of range are reported by Bind.
func (k *Kernels) Mul(p MulParams, s Broadcast) *BinaryPlan {
	e := &k.set.Eltwise
	return newBinary("mul", e.Mul, e.MulAny, s, p.Lo, p.Hi, &kernel.BinaryParams{
		AScale: p.Scale, AZero: p.AZero, BZero: p.BZero, OutZero: p.OutZero,
	})
}

func newBinary(op string, row, rowAny kernel.Row[kernel.BinaryArgs], s Broadcast, lo, hi uint8, q *kernel.BinaryParams) *BinaryPlan {
	p := &BinaryPlan{op: op, row: rowAny, params: q}
	if p.a, p.b, p.err = s.extent(); p.err == nil {
		p.err = checkBinary(q, lo, hi)
	}
	if p.err != nil {
		p.err = fmt.Errorf("i8: %s: %w", op, p.err)
		return p
	}
	if p.shape = s.merged(); p.shape.C == 1 || p.shape.C == 0 && p.shape.Mid == 1 {
		p.row = row
	}
	q.Lo, q.Hi = float32(int32(lo)-q.OutZero), float32(int32(hi)-q.OutZero)
	q.LoB, q.HiB, q.Narrow = lo, hi, flag(255*255*math.Abs(float64(q.AScale)) < 1<<29)
	return p
}

// Kernel returns the name of the kernel that runs the plan.
func (p *BinaryPlan) Kernel() string { return p.row.Name }

// Bind returns the step over a and dst, of Outer*Mid*Inner bytes, and b, of as many bytes as the broadcast reaches.
// dst may be a; it may be b where nothing is broadcast. It returns ErrParameter or ErrShape for what the plan was made
// of, and ErrBuffer for unsuitable buffers.
func (p *BinaryPlan) Bind(a, b, dst []byte) (Step, error) {
	if p.err != nil {
		return nil, p.err
	}
	if len(a) != p.a || len(dst) != p.a || len(b) < p.b {
		return nil, fmt.Errorf("i8: %s: %w: a has %d bytes, dst %d, b %d: want %d, %d, at least %d",
			p.op, ErrBuffer, len(a), len(dst), len(b), p.a, p.a, p.b)
	}
	if err := inPlace(p.op, "a", a, dst); err != nil {
		return nil, err
	}
	flat := p.shape.Mid == 1 && p.shape.Outer == 1 && p.shape.C == 1
	if b = b[:p.b]; overlap(b, dst) && !(flat && &b[0] == &dst[0]) {
		return nil, fmt.Errorf("i8: %s: %w: dst overlaps b", p.op, ErrBuffer)
	}
	if p.a == 0 {
		return &tiled[kernel.BinaryArgs]{run: p.row.Run}, nil
	}
	if s := p.periodic(a, b, dst); s != nil {
		return s, nil
	}
	return &tiled[kernel.BinaryArgs]{p.row.Run, p.tiles(a, b, dst)}, nil
}

// tiles cuts the work into calls of about binaryTile elements: pieces of one row, or several whole rows.
func (p *BinaryPlan) tiles(a, b, dst []byte) []kernel.BinaryArgs {
	s := p.shape
	var out []kernel.BinaryArgs
	add := func(o, m, rows, c, n int) {
		i := (o*s.Mid+m)*s.Inner + c
		out = append(out, kernel.BinaryArgs{
			Dst: unsafe.Pointer(&dst[i]), A: unsafe.Pointer(&a[i]), B: unsafe.Pointer(&b[o*s.O+m*s.M+c*s.C]),
			Rows: uintptr(rows), N: uintptr(n), Row: uintptr(s.Inner), BRow: uintptr(s.M), BCol: uintptr(s.C),
			Params: p.params,
		})
	}
	rows := max(1, binaryTile/s.Inner)
	for o := range s.Outer {
		for m := 0; m < s.Mid; m += rows {
			for c := 0; c < s.Inner; c += binaryTile {
				add(o, m, min(rows, s.Mid-m), c, min(binaryTile, s.Inner-c))
			}
		}
	}
	return out
}
