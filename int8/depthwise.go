package i8

import (
	"fmt"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

const (
	depthwiseBand  = 96 << 10 // bytes of source that are copied at once, if possible
	depthwiseInner = 150      // output pixels inside the border from which on they are read in place
)

// depthwisePlan computes a depthwise convolution. A unit is a chunk of output rows of one image, all channels. Outputs whose
// windows lie inside the image are computed from the source, the others from a bordered copy of what they need. Small
// images, and all with a channel multiplier, are copied whole.
type depthwisePlan struct {
	*ConvPlan
	row    *kernel.Depthwise
	chunks int       // of one image
	rows   int       // output rows of a chunk
	span   int       // pixels that one block spans: copies of the channels where they are few and the stride is 1
	inner  region    // outputs that are computed from the source; may be empty
	direct patch     // how the source is read
	full   patch     // copies of whole rows
	sides  []patch   // copies for the columns left and right of inner
	mults  []float32 // OutF32: by channel
	plain  bool      // results need no clamp and no zero point
	biasAt int       // offset in scratch of a block's biases
	size   int       // bytes of scratch
}

// region is the output pixels y0 <= y < y1, x0 <= x < x1.
type region struct{ y0, y1, x0, x1 int }

func (r region) empty() bool { return r.y0 >= r.y1 || r.x0 >= r.x1 }

// patch is a run of output columns and how its windows are read: the geometry of a copy, or of the source itself.
type patch struct {
	band
	offsets []int32 // of the packed taps
}

func newDepthwisePlan(p *ConvPlan) (*depthwisePlan, error) {
	w, g := p.w, &p.g
	s, f := &w.shape, &w.set().Depthwise
	q := &depthwisePlan{ConvPlan: p, span: 1}
	q.plain = p.e.Output == OutU8 && p.e.OutZero == 0 && p.e.Lo == 0 && p.e.Hi == 255 && p.narrow()
	if g.Strides[1] == 1 && p.pitch == s.OC {
		q.span = w.copies
	}
	perRow := int64(g.OW) * int64(s.OC) * int64(w.taps)
	unit := min(f.Work, max(perRow*int64(g.OH)*int64(g.N)/16, f.Work/16))
	q.rows = int(max(1, min(int64(g.OH), unit/perRow)))
	full, ok := newBand(g, s.KH, s.KW, 0, g.OW, q.rows, s.Groups, s.OC/s.Groups, maxScratch)
	if !ok {
		return nil, fmt.Errorf("i8: depthwise conv: %w: a window spans %d rows of %d pixels of %d bytes", ErrShape, full.reach, full.width, full.pixel)
	}
	q.inner = q.inside()
	if in := q.inner; full.repeat > 1 || in.empty() || (in.y1-in.y0)*(in.x1-in.x0) < depthwiseInner {
		q.inner = region{}
		full.shrink(g, depthwiseBand)
		q.rows = full.rows
	} else {
		q.layDirect()
	}
	full.rows = min(full.rows, q.rows)
	q.full = q.patch(full)
	q.chunks = ceilDiv(g.OH, q.rows)
	out := kernel.OutU8
	if p.e.Output != OutU8 {
		out = kernel.OutI32
	}
	q.row = &f.Rows[f.Fit(w.fixed(), s.KH, s.KW, q.ratio(), out)]
	if p.e.Output == OutF32 {
		q.mults = make([]float32, s.OC)
		for c := range q.mults {
			q.mults[c] = p.e.multiplier(c)
		}
	}
	q.layScratch()
	if q.size > maxScratch {
		return nil, fmt.Errorf("i8: depthwise conv: %w: %d bytes of scratch", ErrShape, q.size)
	}
	return q, nil
}

// inside returns the outputs whose windows have no tap in the padding.
func (p *ConvPlan) inside() region {
	g, s := &p.g, &p.w.shape
	side := func(in, out, k, stride, dilation, before int) (lo, hi int) {
		room := in - 1 - (k-1)*dilation + before
		if room < 0 {
			return 0, 0
		}
		return min(ceilDiv(before, stride), out), min(room/stride+1, out)
	}
	var r region
	r.y0, r.y1 = side(g.H, g.OH, s.KH, g.Strides[0], g.Dilations[0], g.Pads[0])
	r.x0, r.x1 = side(g.W, g.OW, s.KW, g.Strides[1], g.Dilations[1], g.Pads[1])
	return r
}

// layDirect makes the patches of a plan that reads the source in place.
func (q *depthwisePlan) layDirect() {
	g, s := &q.g, &q.w.shape
	b := band{rows: q.rows, cols: q.inner.x1 - q.inner.x0, x0: q.inner.x0, pixel: s.OC, pitch: g.W * s.OC}
	q.direct = q.patch(b)
	for _, side := range [][2]int{{0, q.inner.x0}, {q.inner.x1, g.OW}} {
		if side[0] == side[1] {
			continue
		}
		b, _ := newBand(g, s.KH, s.KW, side[0], side[1]-side[0], q.rows, s.Groups, 1, maxScratch) // narrower than full
		q.sides = append(q.sides, q.patch(b))
	}
}

func (q *depthwisePlan) patch(b band) patch {
	p := patch{b, make([]int32, q.w.taps)}
	q.w.eachTap(func(t, ky, kx, _ int) {
		p.offsets[t] = int32(ky*q.g.Dilations[0]*b.pitch + kx*q.g.Dilations[1]*b.pixel)
	})
	return p
}

// layScratch places the largest copy and the biases of a run-time zero point.
func (q *depthwisePlan) layScratch() {
	f := &q.w.set().Depthwise
	q.biasAt = q.full.bytes(&q.g)
	for i := range q.sides {
		q.biasAt = max(q.biasAt, q.sides[i].bytes(&q.g))
	}
	q.biasAt = roundUp(q.biasAt+f.NC*(q.span+1), 64)
	q.size = q.biasAt + 4*f.NC + 63
}

// ratio is how many tap columns the window moves from one block to the next, 0 if not a whole number.
func (q *depthwisePlan) ratio() int {
	if d := q.g.Dilations[1]; q.g.Strides[1]*q.span%d == 0 {
		return q.g.Strides[1] * q.span / d
	}
	return 0
}

func (q *depthwisePlan) kernel() string { return q.row.Name }

func (q *depthwisePlan) scratch() int { return q.size }

func (q *depthwisePlan) tiles() int { return q.g.N * q.chunks }

func (q *depthwisePlan) bind(a ConvArgs) Step {
	return &depthwiseStep{q, a, newSlots[depthwiseArgs]()}
}
