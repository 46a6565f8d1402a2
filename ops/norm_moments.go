package ops

import (
	"math"

	"github.com/octet-ml/octet/graph"
)

// groupsOf returns the number of groups and epsilon of an InstanceNormalization or GroupNormalization node of c channels.
func groupsOf(n *graph.Node, c int) (groups int, epsilon float32) {
	if a, ok := n.Attrs.(*GroupNormalization); ok {
		return a.Groups, a.Epsilon
	}
	return c, attrs[InstanceNormalization](n).Epsilon
}

func inferGroupNormalization(n *graph.Node) error {
	if err := inferChannels(n, NCHW); err != nil {
		return err
	}
	c := n.Inputs[0].Shape[1]
	if groups, _ := groupsOf(n, c); c != 0 && (groups < 1 || c%groups != 0) {
		return shapeErrorf("%d groups of %d channels", groups, c)
	}
	if !n.Inputs[0].Shape[1:].Static() {
		return shapeErrorf("data %v: only the first axis may depend on the batch", n.Inputs[0].Shape)
	}
	return nil
}

// moments returns the mean of count elements from index at on and 1/sqrt(their variance + epsilon), in float64.
func moments(x *graph.Tensor, at, count int, epsilon float32) (mean, inverse float64) {
	sum := 0.0
	for i := range count {
		sum += x.Float(at + i)
	}
	mean = sum / float64(count)
	sum = 0
	for i := range count {
		d := x.Float(at+i) - mean
		sum += float64(d * d)
	}
	return mean, 1 / math.Sqrt(sum/float64(count)+float64(epsilon))
}

// bindGroupNormalization computes (x - mean) / sqrt(variance + epsilon) * scale + bias with the moments of each group of
// channels of each sample; an instance is a group of one channel.
func bindGroupNormalization(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	x, y := in[0], out[0]
	outer, c, inner, err := channelShape(NCHW, x.Shape)
	if err != nil || c == 0 {
		return FuncStep{}, err
	}
	groups, epsilon := groupsOf(n, c)
	size := c / groups * inner
	return spread(outer*groups, size*8, func(from, to int) {
		for g := from; g < to; g++ {
			mean, inverse := moments(x, g*size, size, epsilon)
			for i := g * size; i < (g+1)*size; i++ {
				ch := i / inner % c
				v := float64((x.Float(i) - mean) * inverse)
				y.SetFloat(i, float64(v*in[1].Float(ch))+in[2].Float(ch))
			}
		}
	}), nil
}

// layerShape returns the shape of LayerNormalization's mean, and its axis.
func layerShape(n *graph.Node) (graph.Shape, int, error) {
	s := n.Inputs[0].Shape
	axis, err := axisOf(s, attrs[LayerNormalization](n).Axis)
	if err != nil {
		return nil, 0, err
	}
	if !s[axis:].Static() {
		return nil, 0, unsupportedf("normalization over the unbound batch axis of %v", s)
	}
	mean := s.Clone()
	for i := axis; i < len(mean); i++ {
		mean[i] = 1
	}
	return mean, axis, nil
}

func inferLayerNormalization(n *graph.Node) error {
	x := n.Inputs[0]
	mean, axis, err := layerShape(n)
	if err != nil {
		return err
	}
	for i, v := range n.Inputs[1:] {
		if v == nil {
			continue
		}
		s, err := graph.BroadcastShapes(v.Shape, x.Shape[axis:])
		if err != nil || !s.Equal(x.Shape[axis:]) {
			return shapeErrorf("input %d, %q: %v does not broadcast to %v", i+1, v.Name, v.Shape, x.Shape[axis:])
		}
		if !isReal(v) {
			return typeErrorf("input %d, %q, has type %v", i+1, v.Name, v.DType)
		}
	}
	if err := setReal(n, 0, x, x.Shape); err != nil {
		return err
	}
	for i := 1; i < len(n.Outputs); i++ {
		setOutput(n, i, graph.Float32, mean, nil)
		if n.Outputs[i] != nil && !n.Outputs[i].DType.IsFloat() {
			return typeErrorf("output %d is declared as %v: want a float type", i, n.Outputs[i].DType)
		}
	}
	return nil
}

func bindLayerNormalization(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	_, axis, err := layerShape(n)
	if err != nil {
		return FuncStep{}, err
	}
	x, y, bias := in[0], out[0], input(in, 2)
	outMean, outInverse := input(out, 1), input(out, 2)
	inner := x.Shape[axis:]
	size, outer := volume(inner), volume(x.Shape[:axis])
	scaleAt := broadcastIndex(inner, in[1].Shape)
	var biasAt []int
	if bias != nil {
		biasAt = broadcastIndex(inner, bias.Shape)
	}
	epsilon := attrs[LayerNormalization](n).Epsilon
	return spread(outer, size*8, func(from, to int) {
		for r := from; r < to; r++ {
			mean, inverse := moments(x, r*size, size, epsilon)
			for i := range size {
				v := float64((x.Float(r*size+i)-mean)*inverse) * in[1].Float(scaleAt[i])
				if bias != nil {
					v = float64(v) + bias.Float(biasAt[i])
				}
				y.SetFloat(r*size+i, v)
			}
			if outMean != nil {
				outMean.SetFloat(r, mean)
			}
			if outInverse != nil {
				outInverse.SetFloat(r, inverse)
			}
		}
	}), nil
}

// broadcastIndex returns, for each element of shape s, the index of the element of an operand that broadcasts to it.
func broadcastIndex(s, operand graph.Shape) []int {
	g := newGrid(s, operand)
	out := make([]int, volume(s))
	for i := range out {
		out[i] = g.offset(0, i/g.length) + i%g.length*g.step(0)
	}
	return out
}
