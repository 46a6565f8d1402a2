package f32

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/octet-ml/octet/internal/memory"
)

// Slack is the number of bytes past the end of a source buffer that a step may read.
const Slack = 64

// MaxElements is the greatest number of elements of a buffer, or of one layer's weights.
const MaxElements = math.MaxInt32 / 4

// Tolerance bounds the difference of a sum of products between two levels, relative to the sum of the absolute
// products: 2⁻²⁴ for each rounding, of which few are in the same direction. With Winograd's algorithm it is relative to the greatest
// such sum of a tile of outputs.
const Tolerance = 1e-5

// Step is work bound to buffers, divided into Tiles() independent tiles.
//
// Run does the tiles from ≤ t < to. It may be called concurrently for disjoint ranges, each with its own scratch of at
// least the plan's Scratch() bytes (none where the plan has no such method); it allocates nothing.
type Step interface {
	Tiles() int
	Run(scratch []byte, from, to int)
}

// view returns b as n float32 values; b must be exactly that long and aligned.
func view(name string, b []byte, n int) ([]float32, error) {
	if len(b) != 4*n {
		return nil, fmt.Errorf("%s: %w: want %d bytes, got %d", name, ErrBuffer, 4*n, len(b))
	}
	if n == 0 {
		return nil, nil
	}
	// The length is checked above, the alignment here; float32 holds no pointers.
	p := unsafe.Pointer(unsafe.SliceData(b))
	if uintptr(p)%4 != 0 {
		return nil, fmt.Errorf("%s: %w: not aligned to 4 bytes", name, ErrBuffer)
	}
	return unsafe.Slice((*float32)(p), n), nil
}

// overlaps reports whether two views share memory.
func overlaps(a, b []float32) bool {
	if len(a) == 0 || len(b) == 0 {
		return false
	}
	// Addresses are compared, never dereferenced.
	pa, pb := uintptr(unsafe.Pointer(&a[0])), uintptr(unsafe.Pointer(&b[0]))
	return pa < pb+uintptr(4*len(b)) && pb < pa+uintptr(4*len(a))
}

// partlyOverlaps reports whether two views share memory without being the same.
func partlyOverlaps(a, b []float32) bool {
	return overlaps(a, b) && (&a[0] != &b[0] || len(a) != len(b))
}

// scratchViews cuts scratch into ints int32 and floats float32 values, 4-byte aligned.
func scratchViews(scratch []byte, ints, floats int) ([]int32, []float32) {
	if len(scratch) < scratchBytes(ints, floats) {
		panic(fmt.Sprintf("bug: scratch of %d bytes, want %d", len(scratch), scratchBytes(ints, floats)))
	}
	if ints+floats == 0 {
		return nil, nil
	}
	// The length is checked above and includes room to align the start.
	p := unsafe.Pointer(unsafe.SliceData(scratch))
	p = unsafe.Add(p, -uintptr(p)&3)
	return unsafe.Slice((*int32)(p), ints), unsafe.Slice((*float32)(unsafe.Add(p, 4*ints)), floats)
}

// scratchBytes is the length that scratchViews asks for: the values, room to align and Slack.
func scratchBytes(ints, floats int) int {
	if ints+floats == 0 {
		return 0
	}
	return 4*(ints+floats) + 4 + Slack
}

// aligned returns n zero floats that start at a multiple of 64 bytes and have Slack readable bytes behind them.
func aligned(n int) []float32 {
	b := memory.Aligned(4*n, Slack)
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(b))), n) // aligned for floats
}

// product returns the product of sizes, or false if one is less than 1 or the product is above MaxElements.
func product(sizes ...int) (int, bool) {
	p := 1
	for _, n := range sizes {
		if n < 1 || n > MaxElements/p {
			return 0, false
		}
		p *= n
	}
	return p, true
}

// ceilDiv returns a/b rounded up, for positive values.
func ceilDiv(a, b int) int { return (a + b - 1) / b }
