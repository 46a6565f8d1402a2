package i8

import (
	"math"
	"unsafe"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

// Tile sizes in elements: a few microseconds each, source and destination together within the first-level cache.
const (
	lookupTile    = 16 << 10
	lookupF32Tile = 8 << 10
)

// LookupPlan applies a function of one byte, given as a table, to every element. Immutable, safe for concurrent use.
type LookupPlan struct {
	row   kernel.Row[kernel.LookupArgs]
	table *kernel.Table
}

// Lookup returns the plan of dst[i] = table[src[i]]. The table is copied.
func (k *Kernels) Lookup(table *[256]uint8) *LookupPlan {
	return &LookupPlan{k.set.Eltwise.Lookup, kernel.NewTable(table)}
}

// Kernel returns the name of the kernel that runs the plan.
func (p *LookupPlan) Kernel() string { return p.row.Name }

// Bind returns the step over src and dst, which have the same length; dst may be src. It returns ErrBuffer if the lengths
// differ or the buffers overlap in part.
func (p *LookupPlan) Bind(src, dst []byte) (Step, error) {
	if err := sameLen("lookup", src, dst, 1, 1); err != nil {
		return nil, err
	}
	if err := inPlace("lookup", "src", src, dst); err != nil {
		return nil, err
	}
	return &tiled[kernel.LookupArgs]{p.row.Run, pieces(len(src), lookupTile, func(i, n int) kernel.LookupArgs {
		return kernel.LookupArgs{Dst: unsafe.Pointer(&dst[i]), Src: unsafe.Pointer(&src[i]), N: uintptr(n), Table: p.table}
	})}, nil
}

// LookupF32Plan turns bytes into float32 by a table: dequantization. Immutable, safe for concurrent use.
type LookupF32Plan struct {
	row   kernel.Row[kernel.LookupF32Args]
	table *[256]uint32
}

// LookupF32 returns the plan of dst[i] = table[src[i]], where dst holds float32 in little-endian order. The table is
// copied, its bits exactly.
func (k *Kernels) LookupF32(table *[256]float32) *LookupF32Plan {
	var bits [256]uint32
	for i, v := range table {
		bits[i] = math.Float32bits(v)
	}
	return &LookupF32Plan{k.set.Eltwise.LookupF32, &bits}
}

// Kernel returns the name of the kernel that runs the plan.
func (p *LookupF32Plan) Kernel() string { return p.row.Name }

// Bind returns the step over src and dst, where dst has four bytes for each byte of src and does not overlap it; else it
// returns ErrBuffer.
func (p *LookupF32Plan) Bind(src, dst []byte) (Step, error) {
	if err := sameLen("lookup to float32", src, dst, 1, 4); err != nil {
		return nil, err
	}
	if err := apart("lookup to float32", src, dst); err != nil {
		return nil, err
	}
	return &tiled[kernel.LookupF32Args]{p.row.Run, pieces(len(src), lookupF32Tile, func(i, n int) kernel.LookupF32Args {
		return kernel.LookupF32Args{Dst: unsafe.Pointer(&dst[4*i]), Src: unsafe.Pointer(&src[i]), N: uintptr(n), Table: p.table}
	})}, nil
}
