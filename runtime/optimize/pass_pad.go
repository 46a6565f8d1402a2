package optimize

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// absorbPad makes a Pad with zeros on the spatial axes part of the convolution that alone reads it.
func absorbPad(g *graph.Graph) error {
	count := uses(g)
	e := newEditor(g)
	for _, n := range g.Nodes {
		e.enter(n)
		if a, ok := n.Attrs.(*ops.Conv); ok {
			if pads, ok := spatialPads(n.Inputs[0], a.Layout, count); ok && n.Input(4) == nil && (a.AutoPad == ops.Explicit || a.AutoPad == ops.Valid) {
				c := *a
				if a.AutoPad == ops.Valid {
					c.Pads = [4]int{}
				}
				c.AutoPad = ops.Explicit
				for i := range pads {
					c.Pads[i] += pads[i]
				}
				n.Attrs = &c
				n.Inputs[0] = n.Inputs[0].Producer.Inputs[0]
			}
		}
		e.keep(n)
	}
	e.finish()
	return nil
}

// spatialPads returns top, left, bottom and right of the Pad node that makes x, and whether it pads by zeros, with
// non-negative sizes, on spatial axes only, for one reader.
func spatialPads(x *graph.Value, l ops.Layout, count map[*graph.Value]int) (pads [4]int, ok bool) {
	n := x.Producer
	if n == nil || n.Op != "Pad" || count[x] != 1 || len(x.Shape) != 4 || n.Attrs.(*ops.Pad).Mode != ops.PadConstant || n.Input(3) != nil {
		return pads, false
	}
	if v := n.Input(2); v != nil {
		if v.Const == nil || v.Const.Len() != 1 {
			return pads, false
		}
		zero := 0.0
		if q := n.Inputs[0].Quant; q != nil && q.IsPerTensor() && v.DType.IsInteger() {
			zero = float64(q.ZeroAt(0))
		}
		if v.Const.Float(0) != zero {
			return pads, false
		}
	}
	if !n.Inputs[0].Quant.Equal(x.Quant) || n.Inputs[1].Const == nil {
		return pads, false
	}
	sizes, err := n.Inputs[1].Const.Ints()
	if err != nil || len(sizes) != 8 {
		return pads, false
	}
	h, w := 2, 3
	if l == ops.NHWC {
		h, w = 1, 2
	}
	for i, s := range sizes {
		if s < 0 || s > 0 && i%4 != h && i%4 != w {
			return pads, false
		}
	}
	return [4]int{int(sizes[h]), int(sizes[w]), int(sizes[4+h]), int(sizes[4+w])}, true
}
