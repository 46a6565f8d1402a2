package ops

import (
	"github.com/octet-ml/octet/graph"
)

// depthBlock returns the node's attributes, checked against data of shape s.
func depthBlock(n *graph.Node, s graph.Shape) (*DepthToSpace, error) {
	a := attrs[DepthToSpace](n)
	if len(s) != 4 || !s[1:].Static() {
		return nil, shapeErrorf("data %v: want four axes, of which only the first may depend on the batch", s)
	}
	if a.Block < 1 || a.Block > 1<<15 {
		return nil, shapeErrorf("block %d", a.Block)
	}
	return a, nil
}

func inferDepthToSpace(n *graph.Node) error {
	x := n.Inputs[0]
	a, err := depthBlock(n, x.Shape)
	if err != nil {
		return err
	}
	b, c, h, w := spatialDims(a.Layout, x.Shape)
	if c%(a.Block*a.Block) != 0 {
		return shapeErrorf("%d channels in blocks of %dx%d", c, a.Block, a.Block)
	}
	return setDepth(n, spatialShape(a.Layout, b, c/(a.Block*a.Block), h*a.Block, w*a.Block))
}

func inferSpaceToDepth(n *graph.Node) error {
	x := n.Inputs[0]
	a, err := depthBlock(n, x.Shape)
	if err != nil {
		return err
	}
	b, c, h, w := spatialDims(a.Layout, x.Shape)
	if h%a.Block != 0 || w%a.Block != 0 || a.CRD {
		return shapeErrorf("%dx%d in blocks of %dx%d", h, w, a.Block, a.Block)
	}
	return setDepth(n, spatialShape(a.Layout, b, c*a.Block*a.Block, h/a.Block, w/a.Block))
}

func setDepth(n *graph.Node, s graph.Shape) error {
	x := n.Inputs[0]
	if x.Quant != nil && !x.Quant.IsPerTensor() {
		return unsupportedf("rearrangement of data quantized per channel")
	}
	return setMoved(n, 0, x, s, x.Quant)
}

var depth = viaFloatUnlessEqual(viaBytes(bindDepth), dataFirst)

// bindDepth moves along the axes batch, height, row of the block, width, column of the block, channel. The deep tensor's
// channels are [row, column, channel], or [channel, row, column] with CRD.
func bindDepth(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	a := attrs[DepthToSpace](n)
	deep, wide := in[0], out[0]
	if n.Op == "SpaceToDepth" {
		deep, wide = wide, deep
	}
	b, _, h, w := spatialDims(a.Layout, deep.Shape)
	_, c, _, _ := spatialDims(a.Layout, wide.Shape)
	d, s := spatialStrides(a.Layout, deep.Shape), spatialStrides(a.Layout, wide.Shape)
	row, column, channel := a.Block*c*d[1], c*d[1], d[1]
	if a.CRD {
		row, column, channel = a.Block*d[1], d[1], a.Block*a.Block*d[1]
	}
	m := block{
		dims: []int{b, h, a.Block, w, a.Block, c}, src: in[0].Data, dst: out[0].Data,
		from: []int{d[0], d[2], row, d[3], column, channel},
		to:   []int{s[0], a.Block * s[2], s[2], a.Block * s[3], s[3], s[1]},
	}
	if n.Op == "SpaceToDepth" {
		m.from, m.to = m.to, m.from
	}
	return moveStep(in[0].DType, m), nil
}

func permuteDepth(n *graph.Node, perm []int) bool {
	a := *attrs[DepthToSpace](n)
	if a.Layout != NCHW || !isToNHWC(perm) || !permutePlain(n, perm) {
		return false
	}
	a.Layout = NHWC
	n.Attrs = &a
	return true
}
