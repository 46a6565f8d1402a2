package f32

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/fp32/internal/kernel"
)

// Where Winograd's algorithm is used: transforms cost the more the fewer channels there are, and weights, four times as many, must
// be read once for every block of tiles.
const (
	winogradChannels = 16        // of input and output: multiples of this
	winogradTiles    = 49        // tiles of an image, at least
	winogradWeights  = 10 << 20  // bytes of transformed weights, at most
	winogradBlock    = 512 << 10 // bytes of a block's transforms
	winogradRows     = 12        // tiles of a block, at least, where there are as many
)

// Winograd reports whether a convolution of the given weights, whose Data does not matter, and geometry is faster by Winograd's
// algorithm F(4x4, 3x3), which takes a quarter of the products. Its results differ from those of a sum of products by about as
// many more roundings as there are transforms, within Tolerance; a NaN or infinity among the inputs of a tile of 4x4 outputs may
// make all of these NaN.
func (k *Kernels) Winograd(w Weights, g Geometry) bool {
	if !w.fitWinograd() || !fitsWinograd(g) {
		return false
	}
	bytes, ok := product(4*kernel.WinogradPlanes, w.IC, w.OC)
	return ok && bytes <= winogradWeights && ceilDiv(g.OH, kernel.WinogradOut)*ceilDiv(g.OW, kernel.WinogradOut) >= winogradTiles
}

// fitWinograd reports whether the weights can be packed for Winograd's algorithm.
func (w Weights) fitWinograd() bool {
	return w.KH == 3 && w.KW == 3 && w.Groups == 1 && w.IC%winogradChannels == 0 && w.OC%winogradChannels == 0
}

// fitsWinograd reports whether a geometry can be computed by it.
func fitsWinograd(g Geometry) bool {
	one := [2]int{1, 1}
	return g.Strides == one && g.Dilations == one
}

// windowTransform is G of F(4x4, 3x3).
var windowTransform = [kernel.WinogradIn][3]float64{
	{1. / 4, 0, 0}, {-1. / 6, -1. / 6, -1. / 6}, {-1. / 6, 1. / 6, -1. / 6}, {1. / 24, 1. / 12, 1. / 6}, {1. / 24, -1. / 12, 1. / 6}, {0, 0, 1},
}

// packWinograd transforms and packs the windows.
func (w *ConvWeights) packWinograd(src Weights) error {
	if !src.fitWinograd() {
		return fmt.Errorf("pack: %w: Winograd of %d groups of %dx%dx%dx%d (oc, kh, kw, ic)", ErrWeights, w.groups, w.oc, w.kh, w.kw, w.ic)
	}
	if _, ok := product(kernel.WinogradPlanes, w.stride, w.ic); !ok {
		return fmt.Errorf("pack: %w: transforms of %dx%d windows exceed %d elements", ErrWeights, w.oc, w.ic, MaxElements)
	}
	w.winograd = true
	plane := w.stride * w.ic
	w.data = aligned(kernel.WinogradPlanes * plane)
	for _, p := range w.panels {
		nr := w.k.set.Gemm[p.family].NR
		for n := range p.columns {
			window := src.Data[(p.start+n)*9*w.ic:][:9*w.ic]
			for c := range w.ic {
				at := p.column*w.ic + c*nr + n
				for i, gi := range windowTransform {
					var row [3]float64 // of G g
					for k, v := range gi {
						for j := range row {
							row[j] += v * float64(window[(3*k+j)*w.ic+c])
						}
					}
					for j, gj := range windowTransform {
						w.data[(kernel.WinogradIn*i+j)*plane+at] = float32(row[0]*gj[0] + row[1]*gj[1] + row[2]*gj[2])
					}
				}
			}
		}
	}
	return nil
}

// winogradPlan divides a convolution into blocks of tiles of an image.
type winogradPlan struct {
	*ConvPlan
	down, across int       // tiles of an image
	most         int       // tiles of a block
	wide         int       // columns of the widest panel
	zero         []float32 // bias of the products
	rows         []int32   // offsets of the tiles of a block
}

func newWinogradPlan(p *ConvPlan) *winogradPlan {
	g, w := p.g, p.w
	q := &winogradPlan{ConvPlan: p, down: ceilDiv(g.OH, kernel.WinogradOut), across: ceilDiv(g.OW, kernel.WinogradOut)}
	tiles := q.down * q.across
	rows := max(winogradRows, winogradBlock/(4*kernel.WinogradPlanes*w.ic)/winogradRows*winogradRows)
	p.blocks = ceilDiv(tiles, rows)
	if p.images*p.blocks < wantTiles { // a multiple of the usual numbers of threads
		p.blocks = min(4*ceilDiv(p.blocks, 4), max(1, tiles/winogradRows))
	}
	q.most = ceilDiv(tiles, p.blocks)
	for _, panel := range w.panels {
		q.wide = max(q.wide, w.k.set.Gemm[panel.family].NR)
	}
	q.zero = aligned(q.wide)
	q.rows = make([]int32, q.most)
	fillUniform(q.rows, w.ic)
	return q
}

// planePad keeps the planes of a block out of each other's way in the first cache.
const planePad = 16

// inPlane and outPlane return the floats between the planes of a block's transforms.
func (q *winogradPlan) inPlane() int  { return q.most*q.w.ic + planePad }
func (q *winogradPlan) outPlane() int { return q.most*q.wide + planePad }

// scratch returns the floats that a tile of the step needs: transforms, a patch of input and two of output pixels, Tmp.
func (q *winogradPlan) scratch() int {
	return kernel.WinogradPlanes*(q.inPlane()+q.outPlane()+q.w.ic) + 2*kernel.WinogradOut*kernel.WinogradOut*q.wide + kernel.WinogradTmp
}

// winogradStep is a winogradPlan bound to buffers. A tile is a block of tiles of one image.
type winogradStep struct {
	q             *winogradPlan
	src, dst, add []float32
	args          []winogradArgs // one for each tile, see gemmStep
}

type winogradArgs struct {
	in   kernel.WinogradInArgs
	gemm kernel.GemmArgs
	out  kernel.WinogradOutArgs
}

func newWinogradStep(q *winogradPlan, src, dst, residual []float32) *winogradStep {
	s := &winogradStep{q: q, src: src, dst: dst, add: residual, args: make([]winogradArgs, q.images*q.blocks)}
	for i := range s.args {
		a := &s.args[i]
		a.in = kernel.WinogradInArgs{Channels: int64(q.w.ic), Plane: int64(q.inPlane())}
		a.gemm = kernel.GemmArgs{
			Bias: q.zero, Offsets: q.rows, OffsetStride: int64(q.most), K: int64(q.w.ic), Taps: 1,
			Lo: float32(math.Inf(-1)), Hi: float32(math.Inf(1)),
		}
		a.out = kernel.WinogradOutArgs{Plane: int64(q.outPlane()), AddResidual: q.ConvPlan.add, Lo: q.lo, Hi: q.hi}
	}
	return s
}

func (s *winogradStep) Tiles() int { return len(s.args) }

func (s *winogradStep) Run(scratch []byte, from, to int) {
	q := s.q
	_, floats := scratchViews(scratch, 0, q.scratch())
	take := func(n int) []float32 {
		part := floats[:n]
		floats = floats[n:]
		return part
	}
	r := winogradRun{
		winogradStep: s,
		in:           take(kernel.WinogradPlanes * q.inPlane()), out: take(kernel.WinogradPlanes * q.outPlane()),
		patch:  take(kernel.WinogradPlanes * q.w.ic),
		pixels: take(kernel.WinogradOut * kernel.WinogradOut * q.wide), residual: take(kernel.WinogradOut * kernel.WinogradOut * q.wide),
		tmp: take(kernel.WinogradTmp),
	}
	for t := from; t < to; t++ {
		r.block(t)
	}
}

// winogradRun is the scratch of a Run.
type winogradRun struct {
	*winogradStep
	in, out          []float32
	patch            []float32 // input pixels of a tile at an edge
	pixels, residual []float32 // output pixels of one
	tmp              []float32
}

// block computes tile t of the step, numbered [image][block].
func (r *winogradRun) block(t int) {
	q, w := r.q, r.q.w
	a := &r.args[t]
	image, block := t/q.blocks, t%q.blocks
	first, last := split(q.down*q.across, q.blocks, block)
	for i := first; i < last; {
		i += r.transform(&a.in, image, i, last-i, i-first)
	}
	for _, p := range w.panels {
		family := &w.k.set.Gemm[p.family]
		for plane := range kernel.WinogradPlanes {
			a.gemm.Weights = w.data[(plane*w.stride+p.column)*w.ic:][:w.ic*family.NR]
			a.gemm.Columns, a.gemm.DstStride = int64(family.NR), int64(family.NR)
			a.gemm.Src = r.in[plane*q.inPlane():]
			multiply(&a.gemm, family, r.out, nil, plane*q.outPlane(), last-first)
		}
		for i := first; i < last; i++ {
			r.restore(&a.out, p, family.NR, image, i, i-first)
		}
	}
}

// transform fills in place at of the block the transforms of tile i of an image, and, where that is inside, those of what follows in
// its row, up to n; it returns how many.
func (r *winogradRun) transform(a *kernel.WinogradInArgs, image, i, n, at int) int {
	q, g, ic := r.q, &r.q.g, r.q.w.ic
	y, x := i/q.across*kernel.WinogradOut-g.Pads[0], i%q.across*kernel.WinogradOut-g.Pads[1]
	a.Dst, a.Tmp, a.TileStride = r.in[at*ic:], r.tmp, int64(kernel.WinogradOut*ic)
	src := r.src[image*g.H*g.W*ic:][:g.H*g.W*ic]
	if y >= 0 && x >= 0 && y+kernel.WinogradIn <= g.H && x+kernel.WinogradIn <= g.W {
		n = min(n, (g.W-x-kernel.WinogradIn)/kernel.WinogradOut+1, q.across-i%q.across)
		a.Src, a.RowStride, a.PixelStride, a.Tiles = src[(y*g.W+x)*ic:], int64(g.W*ic), int64(ic), int64(n)
		q.w.k.set.Winograd.In(a)
		return n
	}
	for k := range kernel.WinogradIn {
		line := r.patch[k*kernel.WinogradIn*ic:][:kernel.WinogradIn*ic]
		if y+k < 0 || y+k >= g.H {
			clear(line)
			continue
		}
		copyWindow(line, src[(y+k)*g.W*ic:][:g.W*ic], x*ic)
	}
	a.Src, a.RowStride, a.PixelStride, a.Tiles = r.patch, int64(kernel.WinogradIn*ic), int64(ic), 1
	q.w.k.set.Winograd.In(a)
	return 1
}

// restore computes the output pixels of tile i of an image, which is at place at of the block, for the columns of a panel.
func (r *winogradRun) restore(a *kernel.WinogradOutArgs, p panel, nr, image, i, at int) {
	q, g, oc := r.q, &r.q.g, r.q.w.oc
	y, x := i/q.across*kernel.WinogradOut, i%q.across*kernel.WinogradOut
	a.Src, a.Tmp, a.Bias, a.Columns = r.out[at*nr:], r.tmp, q.bias[p.column:], int64(p.columns)
	base := ((image*g.OH+y)*g.OW+x)*oc + p.start
	height, width := min(kernel.WinogradOut, g.OH-y), min(kernel.WinogradOut, g.OW-x)
	if height == kernel.WinogradOut && width == kernel.WinogradOut {
		a.Dst, a.RowStride, a.PixelStride = r.dst[base:], int64(g.OW*oc), int64(oc)
		if a.AddResidual != 0 {
			a.Residual = r.add[base:]
		}
		q.w.k.set.Winograd.Out(a)
		return
	}
	a.Dst, a.Residual, a.RowStride, a.PixelStride = r.pixels, r.residual, int64(kernel.WinogradOut*nr), int64(nr)
	each := func(f func(patch, place int)) {
		for k := range height {
			for j := range width {
				f((k*kernel.WinogradOut+j)*nr, base+(k*g.OW+j)*oc)
			}
		}
	}
	if a.AddResidual != 0 {
		each(func(patch, place int) { copy(r.residual[patch:][:p.columns], r.add[place:]) })
	}
	q.w.k.set.Winograd.Out(a)
	each(func(patch, place int) { copy(r.dst[place:][:p.columns], r.pixels[patch:]) })
}
