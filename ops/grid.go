package ops

import (
	"slices"

	"github.com/octet-ml/octet/graph"
)

// A grid walks broadcast operands beside a dense output: rows of length elements, in which operand k advances by step(k).
// Adjacent axes over which every operand runs on are merged.
type grid struct {
	dims    []int   // of the output, outermost first, at least one
	strides [][]int // by operand, then axis
	rows    int
	length  int // elements of a row
}

// newGrid returns the grid of an output of shape s over operands of the given shapes, each of which broadcasts to s.
func newGrid(s graph.Shape, operands ...graph.Shape) *grid {
	all := make([][]int, len(operands))
	for k, o := range operands {
		all[k] = make([]int, len(s))
		dense := rowMajor(o)
		for i, d := range o {
			if d != 1 {
				all[k][len(s)-len(o)+i] = dense[i]
			}
		}
	}
	g := &grid{strides: make([][]int, len(operands))}
	for i, d := range s {
		if d == 1 {
			continue
		}
		last := len(g.dims) - 1
		merge := last >= 0
		for k := range all {
			merge = merge && g.strides[k][last] == all[k][i]*d
		}
		if merge {
			g.dims[last] *= d
		} else {
			g.dims = append(g.dims, d)
		}
		for k := range all {
			if merge {
				g.strides[k][last] = all[k][i]
			} else {
				g.strides[k] = append(g.strides[k], all[k][i])
			}
		}
	}
	if len(g.dims) == 0 {
		g.dims = []int{1}
		for k := range all {
			g.strides[k] = []int{1}
		}
	}
	last := len(g.dims) - 1
	g.length = g.dims[last]
	g.rows = volume(g.dims[:last])
	return g
}

// offset returns the index of operand k's element at the beginning of a row.
func (g *grid) offset(k, row int) int {
	at := 0
	for i := len(g.dims) - 2; i >= 0; i-- {
		at += row % g.dims[i] * g.strides[k][i]
		row /= g.dims[i]
	}
	return at
}

// step returns by how much operand k advances within a row: 0 where it repeats.
func (g *grid) step(k int) int { return g.strides[k][len(g.dims)-1] }

// dense reports whether operand k runs along with the output.
func (g *grid) dense(k int) bool {
	return slices.Equal(g.strides[k], rowMajor(g.dims))
}

// gridRun is the longest piece of a row, in elements.
const gridRun = 4096

// each makes the step that calls run for pieces [lo, hi) of every row; elements have the given number of bytes.
//
//go:noinline // or each instance of a generic function would get a copy
func (g *grid) each(bytes int, run func(row, lo, hi int)) FuncStep {
	parts := (g.length + gridRun - 1) / gridRun
	return spread(g.rows*parts, min(g.length, gridRun)*bytes, func(from, to int) {
		for u := from; u < to; u++ {
			lo := u % parts * gridRun
			run(u/parts, lo, min(lo+gridRun, g.length))
		}
	})
}
