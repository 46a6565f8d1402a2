package f32

import (
	"fmt"
)

// Epilogue is what happens to a convolution's sums before they are stored.
type Epilogue struct {
	Bias     []float32 // nil or [oc]; copied
	Lo, Hi   float32   // clamp of the result; -Inf and +Inf for none
	Residual bool      // the residual is added before the clamp
}

// ConvArgs are the buffers of a convolution: float32, aligned to 4 bytes, Src [N,H,W,Groups*IC], Dst [N,OH,OW,OC].
//
// Residual is nil unless the epilogue has one; it is shaped like Dst and may be Dst. Src must not overlap Dst.
type ConvArgs struct {
	Src, Dst, Residual []byte
}

// ConvPlan is a convolution of given sizes: immutable, safe for concurrent use.
type ConvPlan struct {
	w      *ConvWeights
	g      Geometry
	bias   []float32
	lo, hi float32
	add    int64 // 1: there is a residual
	access access
	rowTab []int32 // [kh][OH]: element offset of the input row, or -1 outside
	colTab []int32 // [kw][OW]: element offset within the row, or -1 outside
	zero   []float32
	images int           // images of the work: all of them are one for accessUniform
	pixels int           // output pixels of an image
	blocks int           // row blocks of an image
	chunks int           // panel chunks
	win    *winogradPlan // nil unless the weights are packed for it
}

// access says how the rows of the matrix product are found.
type access uint8

const (
	accessTable   access = iota // one tap of IC elements for each kernel position
	accessUniform               // 1x1 without stride or pads: row r is at r*channels
	accessRows                  // few channels: one tap of KW*IC elements for each kernel row
)

// A kernel row is one tap for at most this many channels and, because windows at the edges are copied to scratch, this
// many elements of a window.
const (
	maxRowChannels  = 8
	maxWindowToCopy = 1 << 10
)

// Plan prepares a convolution of the given sizes. It returns ErrGeometry or ErrEpilogue for what does not fit.
func (w *ConvWeights) Plan(g Geometry, e Epilogue) (*ConvPlan, error) {
	if err := g.check([2]int{w.kh, w.kw}, w.groups*w.ic, w.oc); err != nil {
		return nil, fmt.Errorf("conv: %w", err)
	}
	if e.Bias != nil && len(e.Bias) != w.oc {
		return nil, fmt.Errorf("conv: bias: %w: want %d elements, got %d", ErrEpilogue, w.oc, len(e.Bias))
	}
	if !(e.Lo <= e.Hi) {
		return nil, fmt.Errorf("conv: clamp: %w: %v..%v", ErrEpilogue, e.Lo, e.Hi)
	}
	p := &ConvPlan{w: w, g: g, bias: w.packBias(e.Bias), lo: e.Lo, hi: e.Hi, images: g.N, pixels: g.OH * g.OW}
	if e.Residual {
		p.add = 1
	}
	if w.winograd {
		if !fitsWinograd(g) {
			return nil, fmt.Errorf("conv: %w: packed for windows of stride 1", ErrGeometry)
		}
		p.win = newWinogradPlan(p)
		return p, nil
	}
	p.access = p.chooseAccess()
	if p.access == accessUniform {
		p.images, p.pixels = 1, g.N*g.OH*g.OW
	} else if err := p.makeTables(); err != nil {
		return nil, fmt.Errorf("conv: %w", err)
	}
	p.divide()
	return p, nil
}

func (p *ConvPlan) chooseAccess() access {
	w, g := p.w, p.g
	one := [2]int{1, 1}
	switch {
	case w.depthwise:
		return accessTable
	case w.kh == 1 && w.kw == 1 && g.Strides == one && g.Pads == [4]int{} && g.OH == g.H && g.OW == g.W:
		return accessUniform
	case w.groups == 1 && w.kw > 1 && w.ic <= maxRowChannels && g.Dilations[1] == 1 && w.kh*w.kw*w.ic <= maxWindowToCopy:
		return accessRows
	}
	return accessTable
}

// makeTables fills the axis tables and the zeros that padded taps read.
func (p *ConvPlan) makeTables() error {
	w, g := p.w, p.g
	channels := w.groups * w.ic
	_, rows := product(w.kh, g.OH)
	_, cols := product(w.kw, g.OW)
	if !rows || !cols {
		return fmt.Errorf("%w: output %dx%d for a kernel of %dx%d", ErrGeometry, g.OH, g.OW, w.kh, w.kw)
	}
	p.rowTab = axisTable(g.H, g.OH, w.kh, g.Strides[0], g.Dilations[0], g.Pads[0], g.W*channels)
	p.colTab = axisTable(g.W, g.OW, w.kw, g.Strides[1], g.Dilations[1], g.Pads[1], channels)
	if w.depthwise {
		p.zero = aligned(w.stride)
	} else if p.access == accessTable {
		p.zero = aligned(w.ic)
	}
	return nil
}

// taps returns the number of taps and the elements of each, as the kernels see them.
func (p *ConvPlan) taps() (taps, k int) {
	if p.access == accessRows {
		return p.w.kh, p.w.kw * p.w.ic
	}
	return p.w.kh * p.w.kw, p.w.ic
}

// Work is divided so that a tile is long against the cost of handing it out and short against a whole layer.
const (
	blockRows    = 96      // output pixels of a block: a multiple of the tile heights 4, 6 and 12
	maxBlockRows = 480     // where a row is little work
	minBlockRows = 12      // where a row has many taps
	maxOffsets   = 1 << 16 // offsets of a block at which it stops growing
	tileWork     = 1 << 20 // multiply-adds of a tile at which blocks stop growing
	minTileWork  = 1 << 18 // multiply-adds of a tile below which panels are not split
	wantTiles    = 16      // tiles below which panels are split
	callWork     = 1 << 20 // multiply-adds of one assembly call, about ten microseconds
)

// divide sets the number of row blocks and panel chunks. It looks at sizes only, so results cannot depend on it.
func (p *ConvPlan) divide() {
	w := p.w
	rowWork := w.kh * w.kw * w.ic * (w.oc / w.groups)
	panels := len(w.panels)
	if w.depthwise {
		rowWork, panels = w.kh*w.kw*w.oc, 1
	}
	rows := min(max(blockRows, tileWork/rowWork/blockRows*blockRows), maxBlockRows)
	taps, _ := p.taps()
	rows = min(rows, max(minBlockRows, maxOffsets/taps))
	p.blocks = ceilDiv(p.pixels, rows)
	p.chunks = 1
	tiles := p.images * p.blocks
	if !w.depthwise {
		tiles *= w.groups
	}
	if tiles < wantTiles {
		work := rowWork * ceilDiv(p.pixels, p.blocks)
		p.chunks = max(1, min(panels, ceilDiv(wantTiles, tiles), work/minTileWork))
	}
}

// maxRows is the most rows of a block.
func (p *ConvPlan) maxRows() int { return ceilDiv(p.pixels, p.blocks) }

// Kernel returns the name of the kernel that does most of the work.
func (p *ConvPlan) Kernel() string {
	if p.w.depthwise {
		return p.w.k.set.Depthwise.Name
	}
	if p.w.winograd {
		return p.w.k.set.Winograd.Name
	}
	return p.w.k.set.Gemm[p.w.panels[0].family].Name
}

// scratchSizes returns the offsets and the floats that a tile needs.
func (p *ConvPlan) scratchSizes() (ints, floats int) {
	if p.win != nil {
		return 0, p.win.scratch()
	}
	taps, k := p.taps()
	ints = taps * p.maxRows()
	if p.access == accessRows {
		floats = (p.maxRows()*taps + 1) * k
	}
	return ints, floats
}

// Scratch returns the bytes of scratch that Run needs for each worker.
func (p *ConvPlan) Scratch() int { return scratchBytes(p.scratchSizes()) }

// Bind ties the plan to buffers. A buffer of the wrong length or alignment, a missing or needless residual, and a
// source that overlaps the destination give ErrBuffer. The step holds on to the buffers.
func (p *ConvPlan) Bind(a ConvArgs) (Step, error) {
	w, g := p.w, p.g
	src, err := view("src", a.Src, g.N*g.H*g.W*w.groups*w.ic)
	if err != nil {
		return nil, fmt.Errorf("conv: %w", err)
	}
	size := g.N * g.OH * g.OW * w.oc
	dst, err := view("dst", a.Dst, size)
	if err != nil {
		return nil, fmt.Errorf("conv: %w", err)
	}
	if overlaps(src, dst) {
		return nil, fmt.Errorf("conv: %w: src overlaps dst", ErrBuffer)
	}
	var residual []float32
	if p.add != 0 {
		if residual, err = view("residual", a.Residual, size); err != nil {
			return nil, fmt.Errorf("conv: %w", err)
		}
		if partlyOverlaps(residual, dst) {
			return nil, fmt.Errorf("conv: %w: residual overlaps dst in part", ErrBuffer)
		}
	} else if a.Residual != nil {
		return nil, fmt.Errorf("conv: %w: residual given, none planned", ErrBuffer)
	}
	if w.depthwise {
		return newDepthwiseStep(p, src, dst, residual), nil
	}
	if p.win != nil {
		return newWinogradStep(p.win, src, dst, residual), nil
	}
	return newGemmStep(p, src, dst, residual), nil
}
