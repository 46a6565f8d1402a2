package ops

import (
	i8 "github.com/octet-ml/octet/int8"
)

// splitRows prepares a plan for the zero point that the data have at run time. It returns the number of images or rows that
// the plan, which is for one of them then, is to be bound to.
func (p *product) splitRows(g *i8.Geometry, e *i8.Epilogue) int {
	switch {
	case p.zero == nil:
	case p.zero.Shape.Size() > 1:
		rows := g.N
		g.N, e.RunZero = 1, p.zero.Const == nil || rows > 1
		return rows
	case p.zero.Const != nil:
		e.InZero = int32(p.zero.Const.Int(0))
	default:
		e.RunZero = true
	}
	return 1
}

// bindRows binds a plan for one image or row to each of several, which have zero points of their own.
func bindRows(plan *i8.ConvPlan, args i8.ConvArgs, rows int) (Step, error) {
	if rows == 1 {
		return plan.Bind(args)
	}
	var s rowSteps
	part := func(b []byte, i int) []byte {
		if b == nil {
			return nil
		}
		size := len(b) / rows
		return b[i*size : (i+1)*size]
	}
	for i := range rows {
		step, err := plan.Bind(i8.ConvArgs{
			Src: part(args.Src, i), Dst: part(args.Dst, i), Residual: part(args.Residual, i), InZero: part(args.InZero, i),
		})
		if err != nil {
			return nil, err
		}
		s = append(s, step)
	}
	return s, nil
}

// rowSteps is equal steps for one row after another.
type rowSteps []Step

// Tiles returns the tiles of all rows.
func (s rowSteps) Tiles() int { return len(s) * s[0].Tiles() }

// Run computes the tiles from up to but not including to.
func (s rowSteps) Run(scratch []byte, from, to int) {
	each := s[0].Tiles()
	for from < to {
		row, first := from/each, from%each
		last := min(each, first+to-from)
		s[row].Run(scratch, first, last)
		from += last - first
	}
}
