package i8

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

// ConvPlan is a convolution for one geometry: kernel, tiles, tables and folded constants. It is immutable and safe for
// concurrent use; it refers to the packed weights and to no buffer.
type ConvPlan struct {
	w      *ConvWeights
	g      Geometry
	e      Epilogue             // slices and pointers are copies
	add    *kernel.BinaryParams // the residual addition, or nil
	pitch  int                  // elements between pixels of the destination
	after  *kernel.BinaryParams // the same where it is a pass after the kernel
	lut    *kernel.Table
	narrow bool      // no |acc|*multiplier of an OutU8 reaches 1<<30
	plain  bool      // of those, results need no clamp and no zero point
	bias   []int32   // [columns] in packed order; compensated for e.InZero
	raw    []int32   // [columns] the same for a zero point of 0
	sums   []int32   // [columns] weight sums, for a zero point known only at run time
	mult   []float32 // [columns]
	impl   convImpl
}

// convImpl is one way to compute a convolution.
type convImpl interface {
	kernel() string
	scratch() int
	tiles() int
	bind(a ConvArgs) Step
}

// ConvArgs are the buffers of a bound convolution.
type ConvArgs struct {
	Src      []byte // [N][H][W][Groups*IC], readable Slack bytes past its end
	Dst      []byte // [N][OH][OW][OC] of uint8, or of int32 or float32 at a multiple of 4 bytes; no padding after the last pixel
	Residual []byte // Epilogue.Add: [N][OH][OW][OC], apart from it, readable Slack bytes past its end; else nil
	InZero   []byte // Epilogue.RunZero: one byte read by Run, the zero point of Src; else nil
}

// Plan checks g and e against the weights and lays out the work. It returns an error that wraps ErrShape, ErrParameter, or
// ErrRange where |bias| + 255*sum|w| of a channel exceeds 1<<31 - 1, so that an accumulator might not fit int32.
// Safe for concurrent use.
func (w *ConvWeights) Plan(g Geometry, e Epilogue) (*ConvPlan, error) {
	s := &w.shape
	if err := g.validate("conv"); err != nil {
		return nil, err
	}
	if _, ok := product(1<<30, s.KH, g.Dilations[0]); !ok {
		return nil, fmt.Errorf("i8: conv: %w: window height %d, dilation %d", ErrShape, s.KH, g.Dilations[0])
	}
	if _, ok := product(1<<30, s.KW, g.Dilations[1]); !ok {
		return nil, fmt.Errorf("i8: conv: %w: window width %d, dilation %d", ErrShape, s.KW, g.Dilations[1])
	}
	if err := e.validate(s.OC); err != nil {
		return nil, err
	}
	p := &ConvPlan{w: w, g: g, e: e}
	if _, ok := product(maxBytes, g.N, g.H, g.W, s.Groups, s.IC); !ok {
		return nil, fmt.Errorf("i8: conv: %w: input %dx%dx%dx%d", ErrShape, g.N, g.H, g.W, s.Groups*s.IC)
	}
	p.pitch = max(s.OC, e.Pitch)
	if _, ok := product(maxBytes, g.N, g.OH, g.OW, p.pitch, p.elem()); !ok {
		return nil, fmt.Errorf("i8: conv: %w: output %dx%dx%dx%d", ErrShape, g.N, g.OH, g.OW, s.OC)
	}
	for c, m := range w.mags {
		m *= 255
		if e.Bias != nil {
			m += int64(max(e.Bias[c], -e.Bias[c], -(e.Bias[c] + 1)))
		}
		if m > math.MaxInt32 {
			return nil, fmt.Errorf("i8: conv: %w: channel %d: |bias| + 255*sum|w| = %d", ErrRange, c, m)
		}
	}
	if err := p.finishing(); err != nil {
		return nil, err
	}
	p.narrow = e.Output == OutU8 && p.multipliersNarrow()
	p.plain = p.narrow && e.OutZero == 0 && e.Lo == 0 && e.Hi == 255
	p.constants()
	var err error
	if w.form == formDepthwise {
		p.impl, err = newDepthwisePlan(p)
	} else {
		p.impl, err = newGemmPlan(p)
	}
	if err != nil {
		return nil, err
	}
	p.e.Bias, p.e.Multiplier = nil, nil
	return p, nil
}

// Kernel returns the name of the kernel that does most of the work.
func (p *ConvPlan) Kernel() string { return p.impl.kernel() }

// Scratch returns the bytes of scratch that each concurrent Run needs.
func (p *ConvPlan) Scratch() int { return p.impl.scratch() }

// Bind returns the step that computes a.Dst from a.Src. It returns ErrBuffer if a length is wrong. The step keeps the
// buffers; bind once a session.
func (p *ConvPlan) Bind(a ConvArgs) (Step, error) {
	s, g := &p.w.shape, &p.g
	if want := g.N * g.H * g.W * s.Groups * s.IC; len(a.Src) != want {
		return nil, fmt.Errorf("i8: conv: %w: src has %d bytes, want %d", ErrBuffer, len(a.Src), want)
	}
	pixels := g.N * g.OH * g.OW
	if want := ((pixels-1)*p.pitch + s.OC) * p.elem(); len(a.Dst) != want {
		return nil, fmt.Errorf("i8: conv: %w: dst has %d bytes, want %d", ErrBuffer, len(a.Dst), want)
	}
	if p.elem() == 4 && uintptr(unsafe.Pointer(&a.Dst[0]))%4 != 0 { // the address is only compared
		return nil, fmt.Errorf("i8: conv: %w: dst is not at a multiple of 4", ErrBuffer)
	}
	if p.add != nil {
		if want := pixels * s.OC; len(a.Residual) != want {
			return nil, fmt.Errorf("i8: conv: %w: residual has %d bytes, want %d", ErrBuffer, len(a.Residual), want)
		}
		if overlap(a.Residual, a.Dst) {
			return nil, fmt.Errorf("i8: conv: %w: residual overlaps dst", ErrBuffer)
		}
	} else if a.Residual != nil {
		return nil, fmt.Errorf("i8: conv: %w: a residual without Epilogue.Add", ErrBuffer)
	}
	if overlap(a.Src, a.Dst) {
		return nil, fmt.Errorf("i8: conv: %w: dst overlaps src", ErrBuffer)
	}
	if want := int(flag(p.e.RunZero)); len(a.InZero) != want {
		return nil, fmt.Errorf("i8: conv: %w: run-time zero point has %d bytes, want %d", ErrBuffer, len(a.InZero), want)
	}
	return p.impl.bind(a), nil
}

// elem is the size of an output element.
func (p *ConvPlan) elem() int {
	if p.e.Output == OutU8 {
		return 1
	}
	return 4
}

// constants fills the per-column tables.
func (p *ConvPlan) constants() {
	w := p.w
	last := &w.panels[len(w.panels)-1]
	n := last.column + len(w.order(last))
	p.bias, p.raw, p.sums = alignedSlice[int32](n), alignedSlice[int32](n), alignedSlice[int32](n)
	p.mult = alignedSlice[float32](n)
	for i := range w.panels {
		for d, ch := range w.order(&w.panels[i]) {
			c := w.channel(&w.panels[i], ch)
			if c < 0 {
				continue
			}
			at := w.panels[i].column + d
			if p.e.Bias != nil {
				p.raw[at] = p.e.Bias[c]
			}
			p.sums[at] = w.sums[c]
			if w.signed(&w.panels[i]) {
				p.raw[at] += 128 * w.packedSum(c)
			}
			p.bias[at] = p.raw[at] - p.e.InZero*w.sums[c]
			if p.e.Output != OutI32 {
				p.mult[at] = p.e.multiplier(c)
			}
		}
	}
}

// multipliersNarrow reports whether no |acc|*multiplier reaches 1<<30.
func (p *ConvPlan) multipliersNarrow() bool {
	for c, mag := range p.w.mags {
		mag *= 255
		if p.e.Bias != nil {
			mag += int64(math.Abs(float64(p.e.Bias[c])))
		}
		if float64(mag)*float64(p.e.multiplier(c)) >= 1<<30*(1-1e-6) {
			return false
		}
	}
	return true
}

// compensate writes to dst the biases of packed columns from column on for the input zero point zero.
func (p *ConvPlan) compensate(dst []int32, column int, zero byte) *int32 {
	raw, sums := p.raw[column:][:len(dst)], p.sums[column:][:len(dst)]
	for i := range dst {
		dst[i] = raw[i] - int32(zero)*sums[i]
	}
	return &dst[0]
}

// alignedSlice returns n zero elements of four bytes that start at a multiple of 64.
func alignedSlice[T int32 | float32](n int) []T {
	b := alignedBytes(4 * n)
	return unsafe.Slice((*T)(unsafe.Pointer(&b[0])), n)
}
