package quantize

import (
	"math"

	f32 "github.com/octet-ml/octet/fp32"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/cpu"
)

// multiplier multiplies float matrices.
type multiplier struct {
	kernels *f32.Kernels
	threads int
}

func newMultiplier(threads int) (*multiplier, error) {
	level, err := cpu.Best()
	if err != nil {
		return nil, err
	}
	k, err := f32.Select(level)
	if err != nil {
		return nil, err
	}
	return &multiplier{kernels: k, threads: threads}, nil
}

// matrix is rows of float32 that kernels may read past the end of.
type matrix struct {
	rows, columns int
	bytes         []byte
	data          []float32
}

func newMatrix(rows, columns int) *matrix {
	b := make([]byte, 4*rows*columns+f32.Slack)
	return &matrix{rows: rows, columns: columns, bytes: b[:4*rows*columns], data: graph.View[float32](b)[:rows*columns]}
}

// row returns row i.
func (m *matrix) row(i int) []float32 { return m.data[i*m.columns : (i+1)*m.columns] }

// slice returns rows from up to but not including to, which share the memory.
func (m *matrix) slice(from, to int) *matrix {
	at, end := from*m.columns, to*m.columns
	return &matrix{rows: to - from, columns: m.columns, bytes: m.bytes[4*at : 4*end], data: m.data[at:end]}
}

// timesTransposed sets dst [m n] to a [m k] times the transpose of b [n k].
func (p *multiplier) timesTransposed(dst, a, b *matrix) error {
	w, err := p.kernels.PackConv(f32.Weights{Data: b.data, OC: b.rows, KH: 1, KW: 1, IC: b.columns, Groups: 1})
	if err != nil {
		return err
	}
	one := [2]int{1, 1}
	plan, err := w.Plan(f32.Geometry{N: 1, H: 1, W: a.rows, Strides: one, Dilations: one, OH: 1, OW: a.rows},
		f32.Epilogue{Lo: float32(math.Inf(-1)), Hi: float32(math.Inf(1))})
	if err != nil {
		return err
	}
	step, err := plan.Bind(f32.ConvArgs{Src: a.bytes, Dst: dst.bytes})
	if err != nil {
		return err
	}
	scratch := make([][]byte, p.threads)
	for i := range scratch {
		scratch[i] = make([]byte, plan.Scratch())
	}
	return parallel(p.threads, step.Tiles(), func(worker, tile int) error {
		step.Run(scratch[worker], tile, tile+1)
		return nil
	})
}
