package ops

import (
	"github.com/octet-ml/octet/graph"
)

// A block is a rectangular set of elements that are moved from one dense tensor to another: strides and starts count
// elements and may be negative or 0.
type block struct {
	dims           []int
	src, dst       []byte
	from, to       []int // strides
	fromAt, toAt   int   // starts
	table          *[256]byte
	length, pieces int // of a row; set by moveStep, as are:
	units          int
}

// moveRun is the longest piece of a row that is moved at once, in elements.
const moveRun = 8192

// moveStep makes the step that moves blocks of elements of type d, of one byte or more. A block with a table has
// elements of one byte, which are looked up in it.
func moveStep(d graph.DType, blocks ...block) FuncStep {
	size := d.Bits() / 8
	units, elements := 0, 0
	kept := blocks[:0:0]
	for _, b := range blocks {
		if volume(b.dims) == 0 {
			continue
		}
		b.merge()
		b.length = b.dims[len(b.dims)-1]
		b.pieces = (b.length + moveRun - 1) / moveRun
		b.units = volume(b.dims[:len(b.dims)-1]) * b.pieces
		units += b.units
		elements += volume(b.dims)
		kept = append(kept, b)
	}
	if units == 0 {
		return FuncStep{F: func([]byte, int, int) {}}
	}
	return spread(units, elements/units*size, func(from, to int) {
		first := 0
		for i := range kept {
			b := &kept[i]
			for u := max(from-first, 0); u < min(to-first, b.units); u++ {
				b.run(u, size)
			}
			first += b.units
		}
	})
}

// merge merges adjacent axes over which both indices run on, and leaves at least one axis.
func (b *block) merge() {
	var dims, from, to []int
	for i, n := range b.dims {
		last := len(dims) - 1
		switch {
		case n == 1:
		case last >= 0 && from[last] == n*b.from[i] && to[last] == n*b.to[i]:
			dims[last] *= n
			from[last], to[last] = b.from[i], b.to[i]
		default:
			dims, from, to = append(dims, n), append(from, b.from[i]), append(to, b.to[i])
		}
	}
	if len(dims) == 0 {
		dims, from, to = []int{1}, []int{1}, []int{1}
	}
	b.dims, b.from, b.to = dims, from, to
}

// run moves one piece of a row.
func (b *block) run(unit, size int) {
	row, lo := unit/b.pieces, unit%b.pieces*moveRun
	n := min(lo+moveRun, b.length) - lo
	last := len(b.dims) - 1
	from, to := b.fromAt+lo*b.from[last], b.toAt+lo*b.to[last]
	for i := last - 1; i >= 0; i-- {
		k := row % b.dims[i]
		from, to = from+k*b.from[i], to+k*b.to[i]
		row /= b.dims[i]
	}
	fs, ts := b.from[last], b.to[last]
	switch {
	case b.table != nil:
		for range n {
			b.dst[to] = b.table[b.src[from]]
			from, to = from+fs, to+ts
		}
	case fs == 1 && ts == 1:
		copy(b.dst[to*size:(to+n)*size], b.src[from*size:])
	default:
		b.scatter(size, n, from, to, fs, ts)
	}
}

func (b *block) scatter(size, n, from, to, fs, ts int) {
	switch size {
	case 1:
		moveElements(b.src, b.dst, n, from, to, fs, ts)
	case 2:
		moveElements(graph.View[uint16](b.src), graph.View[uint16](b.dst), n, from, to, fs, ts)
	case 4:
		moveElements(graph.View[uint32](b.src), graph.View[uint32](b.dst), n, from, to, fs, ts)
	default:
		moveElements(graph.View[uint64](b.src), graph.View[uint64](b.dst), n, from, to, fs, ts)
	}
}

func moveElements[T number](src, dst []T, n, from, to, fs, ts int) {
	for range n {
		dst[to] = src[from]
		from, to = from+fs, to+ts
	}
}
