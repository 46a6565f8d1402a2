package optimize

import (
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// absorbAffine makes BatchNormalization, and addition of or multiplication by a constant per channel, part of the
// convolution or dense layer with constant float weights that it alone follows.
func absorbAffine(g *graph.Graph) error {
	count := uses(g)
	e := newEditor(g)
	for _, n := range g.Nodes {
		e.enter(n)
		if !e.absorbAffine(n, count) {
			e.keep(n)
		}
	}
	e.finish()
	return nil
}

// absorbAffine reports whether n became part of the node before it.
func (e *editor) absorbAffine(n *graph.Node, count map[*graph.Value]int) bool {
	p, scale, shift := affineOf(n)
	if p == nil || count[p.Outputs[0]] != 1 || !linear(p) || n.Outputs[0].DType != graph.Float32 {
		return false
	}
	oc := p.Inputs[1].Shape[0]
	w, bias := p.Inputs[1], p.Input(2)
	if scale != nil && w.Const == nil || bias != nil && (bias.Const == nil || bias.DType != graph.Float32) {
		return false
	}
	if len(scale) > 1 && len(scale) != oc || len(shift) > 1 && len(shift) != oc {
		return false
	}
	b := make([]float32, oc)
	for i := range b {
		if bias != nil {
			b[i] = float32(bias.Const.Float(i))
		}
		if scale != nil {
			b[i] = float32(b[i] * scale[i%len(scale)])
		}
		if shift != nil {
			b[i] += shift[i%len(shift)]
		}
	}
	if scale != nil {
		w = scaled(w, scale)
		w.Name = e.name(w.Name + "@" + n.Outputs[0].Name)
	}
	p.Inputs = append([]*graph.Value{p.Inputs[0], w, graph.NewConst(e.name(n.Outputs[0].Name+".bias"), graph.Float32s(b, oc))}, p.Inputs[min(3, len(p.Inputs)):]...)
	e.replace(n.Outputs[0], p.Outputs[0])
	count[p.Outputs[0]] = count[n.Outputs[0]]
	return true
}

// linear reports whether p is a float convolution or dense layer without clamp or residual.
func linear(p *graph.Node) bool {
	switch a := p.Attrs.(type) {
	case *ops.Conv:
		if a.Clamp.On || a.Layout != ops.NCHW {
			return false
		}
	case *ops.Dense:
		if a.Clamp.On {
			return false
		}
	default:
		return false
	}
	return p.Inputs[0].DType == graph.Float32 && p.Inputs[1].DType == graph.Float32 && p.Input(3) == nil
}

// affineOf returns the node before n and what n does to each of its channels: y = scale*x + shift, a nil or one-element slice
// standing for all channels. It returns a nil node where n does something else.
func affineOf(n *graph.Node) (p *graph.Node, scale, shift []float32) {
	switch a := n.Attrs.(type) {
	case *ops.BatchNormalization:
		x := n.Inputs[0]
		axis := 1
		if a.Layout == ops.NHWC {
			axis = len(x.Shape) - 1
		}
		if x.Producer == nil || axis != channelAxis(x) {
			return nil, nil, nil
		}
		for _, v := range n.Inputs[1:] {
			if v.Const == nil || v.DType != graph.Float32 {
				return nil, nil, nil
			}
		}
		scale, shift = normalization(a, n.Inputs[1:])
		return x.Producer, scale, shift
	case *ops.Arithmetic:
		if n.Op != "Add" && n.Op != "Mul" || a.Clamp.On {
			return nil, nil, nil
		}
		for i, c := range n.Inputs {
			x := n.Inputs[1-i]
			if c.Const == nil || x.Producer == nil || c.DType != graph.Float32 || !x.Shape.Equal(n.Outputs[0].Shape) {
				continue
			}
			v := perChannel(c, x.Shape, channelAxis(x))
			if v == nil {
				return nil, nil, nil
			}
			if n.Op == "Add" {
				return x.Producer, nil, v
			}
			return x.Producer, v, nil
		}
	}
	return nil, nil, nil
}

// normalization returns y = scale*x + shift of a BatchNormalization with constant parameters (scale, bias, mean, variance),
// computed in float64.
func normalization(a *ops.BatchNormalization, p []*graph.Value) (scale, shift []float32) {
	scale, shift = make([]float32, p[0].Const.Len()), make([]float32, p[0].Const.Len())
	for i := range scale {
		s := p[0].Const.Float(i) / math.Sqrt(p[3].Const.Float(i)+float64(a.Epsilon))
		scale[i] = float32(s)
		shift[i] = float32(p[1].Const.Float(i) - float64(p[2].Const.Float(i)*s))
	}
	return scale, shift
}

// channelAxis returns the axis of the output channels in x, which a layer of NCHW convolution or a dense layer makes.
func channelAxis(x *graph.Value) int {
	if x.Producer.Op == "Conv" {
		return 1
	}
	return len(x.Shape) - 1
}

// perChannel returns the elements of a constant that is broadcast to shape s with one value for each index of the axis or one
// for all; nil where it is something else.
func perChannel(c *graph.Value, s graph.Shape, axis int) []float32 {
	size := c.Const.Len()
	if size == 1 {
		return c.Const.Floats()
	}
	at := axis - len(s) + len(c.Shape)
	if at < 0 || c.Shape[at] != size || s[axis] != size {
		return nil
	}
	return c.Const.Floats()
}

// scaled returns weights whose first axis is multiplied by scale.
func scaled(w *graph.Value, scale []float32) *graph.Value {
	t := graph.NewTensor(graph.Float32, w.Shape...)
	from, to := w.Const, graph.View[float32](t.Data)
	inner := len(to) / w.Shape[0]
	for i := range to {
		to[i] = float32(from.Float(i)) * scale[i/inner%len(scale)]
	}
	return graph.NewConst(w.Name, t)
}
