package ops

import (
	"slices"

	"github.com/octet-ml/octet/graph"
)

// A block is a rectangular set of elements that are moved from one dense tensor to another: strides and starts count
// elements and may be negative or 0.
type block struct {
	dims         []int
	src, dst     []byte
	from, to     []int // strides
	fromAt, toAt int   // starts
	table        *[256]byte

	// Set by moveStep: an element of the last axis, or of the last two of a turned block, is moved within a unit.
	turned bool // the last axis is dense in dst, the one before it in src
	length int  // of the axis that is cut into pieces: the last one, or the one before it
	pieces int
	units  int
}

const (
	moveRun  = 8192 // the longest piece of a row that is moved at once, in elements
	turnRun  = 256  // of a turned block
	turnStep = 8    // rows of dst that are written side by side
)

// moveStep makes the step that moves blocks of elements of type d, of one byte or more. A block with a table has
// elements of one byte, which are looked up in it.
func moveStep(d graph.DType, blocks ...block) FuncStep {
	size := d.Bits() / 8
	units, elements := 0, 0
	var kept []block
	for _, b := range blocks {
		if volume(b.dims) == 0 {
			continue
		}
		b.merge()
		b.plan()
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
			b.run(max(from-first, 0), min(to-first, b.units), size)
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

// plan cuts the block into units: pieces of rows or, where one axis is dense in src and another in dst, of columns.
func (b *block) plan() {
	last := len(b.dims) - 1
	in, out := slices.Index(b.from, 1), slices.Index(b.to, 1)
	if b.turned = b.table == nil && in >= 0 && out >= 0 && in != out && b.from[out] >= 0; b.turned {
		b.moveLast(out)
		b.moveLast(slices.Index(b.from, 1))
		b.moveLast(slices.Index(b.to, 1))
		last--
		b.length = b.dims[last]
		b.pieces = (b.length + turnRun - 1) / turnRun
	} else {
		b.length = b.dims[last]
		b.pieces = (b.length + moveRun - 1) / moveRun
	}
	b.units = volume(b.dims[:last]) * b.pieces
}

// moveLast makes an axis the last one.
func (b *block) moveLast(axis int) {
	for _, list := range []*[]int{&b.dims, &b.from, &b.to} {
		v := (*list)[axis]
		*list = append(slices.Delete(slices.Clone(*list), axis, axis+1), v)
	}
}

// run moves units first to end-1. Along the axis before the pieces it goes on by addition.
func (b *block) run(first, end, size int) {
	axis := len(b.dims) - 1
	if b.turned {
		axis--
	}
	for u := first; u < end; {
		row, piece := u/b.pieces, u%b.pieces
		from, to := b.fromAt, b.toAt
		left := 1 // rows before another axis advances
		for i, rest := axis-1, row; i >= 0; i-- {
			k := rest % b.dims[i]
			if i == axis-1 {
				left = b.dims[i] - k
			}
			from, to = from+k*b.from[i], to+k*b.to[i]
			rest /= b.dims[i]
		}
		if b.pieces > 1 {
			left = 1
		}
		left = min(left, end-u)
		per := (b.length + b.pieces - 1) / b.pieces
		lo, hi := min(piece*per, b.length), min((piece+1)*per, b.length)
		for range left {
			b.piece(size, hi-lo, from+lo*b.from[axis], to+lo*b.to[axis], axis)
			if axis > 0 {
				from, to = from+b.from[axis-1], to+b.to[axis-1]
			}
		}
		u += left
	}
}

// piece moves n indices of an axis, and all of the axis behind it in a turned block.
func (b *block) piece(size, n, from, to, axis int) {
	fs, ts := b.from[axis], b.to[axis]
	switch {
	case b.table != nil && fs == 1 && ts == 1:
		dst := b.dst[to : to+n]
		for i, v := range b.src[from : from+n] {
			dst[i] = b.table[v]
		}
	case b.table != nil:
		for range n {
			b.dst[to] = b.table[b.src[from]]
			from, to = from+fs, to+ts
		}
	case fs == 1 && ts == 1:
		copy(b.dst[to*size:(to+n)*size], b.src[from*size:])
	case size == 1:
		movePiece(b, b.src, b.dst, n, from, to, axis)
	case size == 2:
		movePiece(b, graph.View[uint16](b.src), graph.View[uint16](b.dst), n, from, to, axis)
	case size == 4:
		movePiece(b, graph.View[uint32](b.src), graph.View[uint32](b.dst), n, from, to, axis)
	default:
		movePiece(b, graph.View[uint64](b.src), graph.View[uint64](b.dst), n, from, to, axis)
	}
}

func movePiece[T uint8 | uint16 | uint32 | uint64](b *block, src, dst []T, n, from, to, axis int) {
	if b.turned {
		turnColumns(src[from:], dst[to:], n, b.dims[axis+1], b.from[axis+1], b.to[axis])
		return
	}
	fs, ts := b.from[axis], b.to[axis]
	for range n {
		dst[to] = src[from]
		from, to = from+fs, to+ts
	}
}

// turnColumns computes dst[j*ts+i] = src[i*fs+j] for i < m, j < n.
func turnColumns[T uint8 | uint16 | uint32 | uint64](src, dst []T, n, m, fs, ts int) {
	if m == 3 { // the colours of a picture
		a, b, c := src[:n], src[fs:fs+n], src[2*fs:2*fs+n]
		for j := range a {
			d := dst[j*ts : j*ts+3 : j*ts+3]
			d[0], d[1], d[2] = a[j], b[j], c[j]
		}
		return
	}
	j := 0
	for ; j+turnStep <= n; j += turnStep {
		at := j * ts
		for i := range m {
			s := src[i*fs+j : i*fs+j+turnStep : i*fs+j+turnStep]
			to := at + i
			dst[to], dst[to+ts], dst[to+2*ts], dst[to+3*ts] = s[0], s[1], s[2], s[3]
			to += 4 * ts
			dst[to], dst[to+ts], dst[to+2*ts], dst[to+3*ts] = s[4], s[5], s[6], s[7]
		}
	}
	for ; j < n; j++ {
		for i := range m {
			dst[j*ts+i] = src[i*fs+j]
		}
	}
}
