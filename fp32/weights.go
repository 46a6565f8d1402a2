package f32

import (
	"fmt"

	"github.com/octet-ml/octet/fp32/internal/kernel"
)

// Weights describes a convolution's weights.
//
// Data is [OC][KH][KW][IC], IC being the input channels of one group; output channels are divided evenly among Groups.
// Data may be a view of file bytes at any address; it is copied element by element and not kept.
type Weights struct {
	Data                   []float32
	OC, KH, KW, IC, Groups int
	// Winograd packs the transforms of the windows, four times as many numbers, for plans with geometries that Kernels.Winograd
	// accepts.
	Winograd bool
}

// ConvWeights is weights packed for one level: immutable, shared by all plans and sessions.
type ConvWeights struct {
	k                      *Kernels
	oc, kh, kw, ic, groups int
	depthwise, winograd    bool
	panels                 []panel   // of one group
	data                   []float32 // panels: [group][panel][kh*kw*ic][NR], Winograd: [36][panel][ic][NR]; depthwise: [kh*kw][stride]
	stride                 int       // depthwise: channels rounded up; panels: columns of one group, rounded up
}

// panel is a strip of output channels of a group.
type panel struct {
	family  int // index into Set.Gemm
	start   int // first output channel within the group
	columns int // output channels, at most NR
	column  int // first column in packed bias; its weights are at column*kh*kw*ic
}

// PackConv copies and packs weights. Sizes below 1, above MaxElements or at odds with len(Data) give ErrWeights.
//
// One input and one output channel to a group is packed for the depthwise kernels, anything else as matrix panels. So is
// a depthwise convolution with a channel multiplier above 1, which therefore runs at a small part of the speed.
func (k *Kernels) PackConv(w Weights) (*ConvWeights, error) {
	n, ok := product(w.OC, w.KH, w.KW, w.IC)
	if !ok || w.Groups < 1 || w.OC%w.Groups != 0 {
		return nil, fmt.Errorf("pack: %w: %d groups of %dx%dx%dx%d (oc, kh, kw, ic)", ErrWeights, w.Groups, w.OC, w.KH, w.KW, w.IC)
	}
	if len(w.Data) != n {
		return nil, fmt.Errorf("pack: %w: want %d elements for %dx%dx%dx%d (oc, kh, kw, ic), got %d",
			ErrWeights, n, w.OC, w.KH, w.KW, w.IC, len(w.Data))
	}
	if _, ok := product(w.IC, w.Groups); !ok {
		return nil, fmt.Errorf("pack: %w: %d groups of %d input channels", ErrWeights, w.Groups, w.IC)
	}
	p := &ConvWeights{k: k, oc: w.OC, kh: w.KH, kw: w.KW, ic: w.IC, groups: w.Groups}
	if w.IC == 1 && w.OC == w.Groups && w.OC > 1 {
		p.packDepthwise(w)
		return p, nil
	}
	p.cut(w.OC / w.Groups)
	if _, ok := product(w.Groups, p.stride, w.KH, w.KW, w.IC); !ok {
		return nil, fmt.Errorf("pack: %w: %d groups of %d columns, %dx%dx%d each, exceed %d elements",
			ErrWeights, w.Groups, p.stride, w.KH, w.KW, w.IC, MaxElements)
	}
	if w.Winograd {
		return p, p.packWinograd(w)
	}
	p.packPanels(w)
	return p, nil
}

// cut divides a group's channels into panels: the widest that can be filled, at the end the narrowest that suffices.
func (w *ConvWeights) cut(channels int) {
	families := w.k.set.Gemm
	for start := 0; start < channels; {
		f := 0
		for f+1 < len(families) && families[f+1].NR >= channels-start {
			f++
		}
		n := min(families[f].NR, channels-start)
		w.panels = append(w.panels, panel{family: f, start: start, columns: n, column: w.stride})
		w.stride += families[f].NR
		start += n
	}
}

func (w *ConvWeights) packPanels(src Weights) {
	depth := w.kh * w.kw * w.ic
	perGroup := w.oc / w.groups
	w.data = aligned(w.groups * w.stride * depth)
	for g := range w.groups {
		for _, p := range w.panels {
			nr := w.k.set.Gemm[p.family].NR
			dst := w.panelData(g, p)
			for n := range p.columns {
				oc := g*perGroup + p.start + n
				for i, v := range src.Data[oc*depth : (oc+1)*depth] {
					dst[i*nr+n] = v
				}
			}
		}
	}
}

func (w *ConvWeights) packDepthwise(src Weights) {
	taps := w.kh * w.kw
	w.depthwise = true
	w.stride = ceilDiv(w.oc, kernel.DepthwiseAlign) * kernel.DepthwiseAlign
	w.data = aligned(taps * w.stride)
	for c := range w.oc {
		for t := range taps {
			w.data[t*w.stride+c] = src.Data[c*taps+t]
		}
	}
}

// panelData returns the packed weights [kh*kw*ic][NR] of a group's panel.
func (w *ConvWeights) panelData(g int, p panel) []float32 {
	depth := w.kh * w.kw * w.ic
	nr := w.k.set.Gemm[p.family].NR
	return w.data[(g*w.stride+p.column)*depth:][:nr*depth]
}

// Bytes returns the size of the packed weights.
func (w *ConvWeights) Bytes() int { return 4 * len(w.data) }

// packBias lays a bias out as the kernels read it: columns like the weights, 0 where there is none.
func (w *ConvWeights) packBias(bias []float32) []float32 {
	if w.depthwise {
		out := aligned(w.stride)
		copy(out, bias)
		return out
	}
	out := aligned(w.groups * w.stride)
	if bias == nil {
		return out
	}
	perGroup := w.oc / w.groups
	for g := range w.groups {
		for _, p := range w.panels {
			copy(out[g*w.stride+p.column:], bias[g*perGroup+p.start:][:p.columns])
		}
	}
	return out
}
