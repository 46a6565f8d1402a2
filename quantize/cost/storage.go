package cost

import (
	"cmp"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
	"github.com/octet-ml/octet/runtime"
)

// Storage is what a model takes, in bytes.
type Storage struct {
	File    int `json:"file,omitempty"` // 0 where there is none
	Weights int `json:"weights"`        // of convolutions and dense layers, without what kernels add to them
	Other   int `json:"other"`          // of all other constants: biases, tables, scales
	Packed  int `json:"packed"`         // weights as the kernels of this machine take them
	Arena   int `json:"arena"`          // memory for the values of one inference
}

// Width tells of the convolutions and dense layers whose weights have so many bits.
type Width struct {
	Bits    int `json:"bits"`
	Layers  int `json:"layers"`
	Weights int `json:"weights"` // number
	Bytes   int `json:"bytes"`   // of the weights
	MACs    int `json:"macs"`    // multiplications for one input
}

// contraction returns the constant weights of a convolution or dense layer of a canonical graph; nil for any other node.
func contraction(n *graph.Node) *graph.Value {
	switch n.Attrs.(type) {
	case *ops.Conv, *ops.Dense:
		if w := n.Input(1); w != nil && w.Const != nil && len(w.Shape) > 0 && w.Const.Len() > 0 {
			return w
		}
	}
	return nil
}

// macs returns the multiplications of a convolution or dense layer for one input.
func macs(n *graph.Node, w *graph.Value) int {
	return n.Outputs[0].Shape.Bind(1).Size() * (w.Const.Len() / w.Shape[0])
}

// storage tells what both models take.
func (c *comparison) storage() error {
	c.report.A.Storage, c.report.A.Widths = stored(c.ma.program)
	c.report.B.Storage, c.report.B.Widths = stored(c.mb.program)
	c.report.A.Storage.File, c.report.B.Storage.File = c.a.File, c.b.File
	return nil
}

// stored returns what a program takes.
func stored(p *runtime.Program) (Storage, []Width) {
	memory := p.Memory()
	s := Storage{Packed: memory.Weights, Arena: memory.Arena}
	widths := make(map[int]*Width)
	seen := make(map[*graph.Tensor]bool)
	for _, n := range p.Canonical().Nodes {
		w := contraction(n)
		if w == nil {
			continue
		}
		bits := w.DType.Bits()
		if widths[bits] == nil {
			widths[bits] = &Width{Bits: bits}
		}
		widths[bits].Layers++
		widths[bits].MACs += macs(n, w)
		if !seen[w.Const] {
			seen[w.Const] = true
			widths[bits].Weights += w.Const.Len()
			widths[bits].Bytes += len(w.Const.Data)
			s.Weights += len(w.Const.Data)
		}
	}
	for _, n := range p.Canonical().Nodes {
		for _, v := range n.Inputs {
			if v == nil || v.Const == nil {
				continue
			}
			if !seen[v.Const] {
				seen[v.Const] = true
				s.Other += len(v.Const.Data)
			}
		}
	}
	var list []Width
	for _, w := range widths {
		list = append(list, *w)
	}
	slices.SortFunc(list, func(x, y Width) int { return cmp.Compare(x.Bits, y.Bits) })
	return s, list
}
