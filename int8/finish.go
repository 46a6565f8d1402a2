package i8

import (
	"fmt"
	"unsafe"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

// finishing prepares the passes over a finished tile, which is still in the first-level cache: residual and table.
func (p *ConvPlan) finishing() error {
	if a := p.e.Add; a != nil {
		p.add = &kernel.BinaryParams{AScale: a.AScale, BScale: a.BScale, AZero: a.AZero, BZero: a.BZero, OutZero: a.OutZero}
		if err := checkBinary(p.add, a.Lo, a.Hi); err != nil {
			return fmt.Errorf("i8: conv: residual: %w", err)
		}
		p.add.Lo, p.add.Hi = float32(int32(a.Lo)-a.OutZero), float32(int32(a.Hi)-a.OutZero)
	}
	p.after = p.add
	if p.e.LUT != nil {
		p.lut = kernel.NewTable(p.e.LUT)
	}
	p.e.Add, p.e.LUT = nil, nil
	return nil
}

// finishArgs are the argument structs of finish.
type finishArgs struct {
	add    kernel.BinaryArgs
	lookup kernel.LookupArgs
}

// finish applies residual and table to channels from <= c < from+n of pixels first <= i < first+rows.
func (p *ConvPlan) finish(f *finishArgs, a *ConvArgs, first, rows, from, n int) {
	if p.after == nil && p.lut == nil {
		return
	}
	pitch, oc := p.pitch, p.w.shape.OC
	at := first*pitch + from
	if n == pitch {
		rows, n = 1, rows*n
	}
	if p.after != nil {
		d := unsafe.Pointer(&a.Dst[at])
		f.add = kernel.BinaryArgs{
			Dst: d, A: d, B: unsafe.Pointer(&a.Residual[first*oc+from]), Rows: uintptr(rows), N: uintptr(n),
			Row: uintptr(pitch), BRow: uintptr(oc), BCol: 1, Params: p.after,
		}
		p.w.set().Eltwise.Add.Run(&f.add)
	}
	if p.lut != nil {
		for r := range rows {
			p.look(f, a.Dst[at+r*pitch:], n)
		}
	}
}

// look applies the table to the first n bytes of dst.
func (p *ConvPlan) look(f *finishArgs, dst []byte, n int) {
	d := unsafe.Pointer(&dst[0])
	f.lookup = kernel.LookupArgs{Dst: d, Src: d, N: uintptr(n), Table: p.lut}
	p.w.set().Eltwise.Lookup.Run(&f.lookup)
}
