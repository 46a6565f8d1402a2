package ops

import (
	"github.com/octet-ml/octet/graph"
	i8 "github.com/octet-ml/octet/int8"
)

// scaledChannels checks a ScaleAccumulators node and returns the number of channels.
func scaledChannels(n *graph.Node) (channels int, err error) {
	acc, sx, sw := n.Inputs[0], n.Inputs[1], n.Inputs[2]
	if acc.DType != graph.Int32 || sx.DType != graph.Float32 || sw.DType != graph.Float32 {
		return 0, typeErrorf("accumulators %v, scales %v and %v: want i32, f32, f32", acc.DType, sx.DType, sw.DType)
	}
	if len(acc.Shape) == 0 || acc.Shape[len(acc.Shape)-1] < 1 {
		return 0, shapeErrorf("accumulators %v: want channels as the last axis", acc.Shape)
	}
	channels = acc.Shape[len(acc.Shape)-1]
	if size, err := sx.Shape.Elements(); err != nil || size != 1 && !(len(sx.Shape) < len(acc.Shape) && sx.Shape.Equal(acc.Shape[:len(sx.Shape)])) {
		return 0, shapeErrorf("scale of the data %v: want one element or the first axes of %v", sx.Shape, acc.Shape)
	}
	if sw.Const == nil || sw.Const.Len() != 1 && sw.Const.Len() != channels {
		return 0, shapeErrorf("scale of the weights %v: want 1 or %d constants", sw.Shape, channels)
	}
	if b := n.Input(3); b != nil && (b.Const == nil || b.DType != graph.Float32 || b.Const.Len() != channels) {
		return 0, shapeErrorf("bias %v%v: want %d f32 constants", b.DType, b.Shape, channels)
	}
	return channels, nil
}

func inferScaleAccumulators(n *graph.Node) error {
	if _, err := scaledChannels(n); err != nil {
		return err
	}
	return setExactly(n, 0, graph.Float32, n.Inputs[0].Shape)
}

func referenceScaleAccumulators(n *graph.Node, in, out []*graph.Tensor) error {
	channels, err := scaledChannels(n)
	if err != nil {
		return err
	}
	lo, hi := attrs[ScaleAccumulators](n).Clamp.Bounds()
	sx, sw := in[1].Floats(), n.Inputs[2].Const.Floats()
	bias := make([]float32, channels)
	if b := n.Input(3); b != nil {
		bias = b.Const.Floats()
	}
	for i := range in[0].Len() {
		c := i % channels
		m := sx[i/(in[0].Len()/len(sx))] * sw[c%len(sw)]
		y := float32(float32(in[0].Int(i))*m) + bias[c]
		if y < lo {
			y = lo
		}
		if y > hi {
			y = hi
		}
		out[0].SetFloat(i, float64(y))
	}
	return nil
}

func lowerScaleAccumulators(t *Target, n *graph.Node) (*Lowered, error) {
	channels, err := scaledChannels(n)
	if err != nil {
		return nil, err
	}
	p := i8.ScaleParams{Weights: n.Inputs[2].Const.Floats()}
	p.Lo, p.Hi = attrs[ScaleAccumulators](n).Clamp.Bounds()
	if b := n.Input(3); b != nil {
		p.Bias = b.Const.Floats()
	}
	groups := n.Inputs[1].Shape.Size()
	plan := t.I8.Scale(p, groups, n.Inputs[0].Shape.Size()/channels/groups, channels)
	return &Lowered{Kernel: plan.Kernel(), Bind: func(b Buffers) (Step, error) { return plan.Bind(b.In[0], b.In[1], b.Out[0]) }}, nil
}
