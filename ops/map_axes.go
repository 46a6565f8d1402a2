package ops

import (
	"github.com/octet-ml/octet/graph"
)

// run is n bytes of a row that come from one place: offset from, or -1 for the constant.
type run struct{ to, from, n int }

// mapAxes makes the step that copies to each element of y the one of x that sources tells: for each axis the index in x of
// each index of y, -1 for a constant that constant stores; nil is an axis that stays as it is. Elements have whole bytes.
func mapAxes(x, y *graph.Tensor, sources [][]int, constant func(dst []byte)) FuncStep {
	rank := len(sources)
	for rank > 0 && sources[rank-1] == nil {
		rank--
	}
	unit := volume(x.Shape[rank:]) * x.DType.Bits() / 8
	if rank == 0 {
		return spread(len(y.Data), 1, func(from, to int) { copy(y.Data[from:to], x.Data[from:to]) })
	}
	strides := rowMajor(x.Shape[:rank])
	from := make([][]int, rank) // in bytes
	for axis := range from {
		from[axis] = make([]int, y.Shape[axis])
		for i := range from[axis] {
			k := i
			if sources[axis] != nil {
				k = sources[axis][i]
			}
			from[axis][i] = max(k, -1)
			if k >= 0 {
				from[axis][i] = k * strides[axis] * unit
			}
		}
	}
	runs := runsOf(from[rank-1], unit)
	outer, from := y.Shape[:rank-1], from[:rank-1]
	row := y.Shape[rank-1] * unit
	return spread(volume(outer), row, func(first, last int) {
		for u := first; u < last; u++ {
			dst := y.Data[u*row : (u+1)*row]
			at := sourceOf(u, outer, from)
			if at < 0 {
				constant(dst)
				continue
			}
			for _, r := range runs {
				if r.from < 0 {
					constant(dst[r.to : r.to+r.n])
				} else {
					copy(dst[r.to:r.to+r.n], x.Data[at+r.from:])
				}
			}
		}
	})
}

// runsOf joins the units of a row that lie side by side in the source as well.
func runsOf(from []int, unit int) []run {
	var runs []run
	for i, f := range from {
		if last := len(runs) - 1; last >= 0 {
			r := &runs[last]
			if f < 0 && r.from < 0 || f >= 0 && r.from >= 0 && f == r.from+r.n {
				r.n += unit
				continue
			}
		}
		runs = append(runs, run{i * unit, f, unit})
	}
	return runs
}

// sourceOf returns the offset of the source of position u along dims, or -1 where an axis has none.
func sourceOf(u int, dims []int, from [][]int) int {
	at := 0
	for axis := len(dims) - 1; axis >= 0; axis-- {
		k := from[axis][u%dims[axis]]
		if k < 0 {
			return -1
		}
		at += k
		u /= dims[axis]
	}
	return at
}
