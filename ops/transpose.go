package ops

import (
	"slices"

	"github.com/octet-ml/octet/graph"
)

var moveRows = []Operator{{
	Name: "Transpose", Attrs: func() any { return new(Transpose) },
	In: Arity{1, 1}, Out: Arity{1, 1},
	Infer: inferTranspose, Reference: transpose.reference, Lower: lowerTranspose, ReadsFloat: readsFloat,
	ByImage: transposesImages,
}, {
	Name: "Concat", Attrs: func() any { return new(Concat) },
	In: Arity{1, -1}, Out: Arity{1, 1},
	Infer: inferConcat, Reference: concat.reference, Lower: lowerConcat, Permute: permuteConcat, Place: placeConcat,
	ByImage: concatenatesImages,
}, {
	Name: "Split", Attrs: func() any { return new(Split) },
	In: Arity{1, 2}, Out: Arity{1, -1},
	Infer: inferSplit, Reference: split.reference, Lower: split.lower, Permute: permuteSplit, Data: firstInput,
}, {
	Name: "Slice", Attrs: func() any { return new(Slice) },
	In: Arity{3, 5}, Out: Arity{1, 1},
	Infer: inferSlice, Reference: slice.reference, Lower: slice.lower, Permute: permuteSlice, Data: firstInput,
}, {
	Name: "Pad", Attrs: func() any { return new(Pad) },
	In: Arity{2, 4}, Out: Arity{1, 1},
	Infer: inferPad, Reference: pad.reference, Lower: pad.lower, Permute: permutePad, Data: firstInput,
}, {
	Name: "Tile",
	In:   Arity{2, 2}, Out: Arity{1, 1},
	Infer: inferTile, Reference: tile.reference, Lower: tile.lower, Permute: permuteTile, Data: firstInput,
}, {
	Name: "DepthToSpace", Attrs: func() any { return new(DepthToSpace) },
	In: Arity{1, 1}, Out: Arity{1, 1},
	Infer: inferDepthToSpace, Reference: depth.reference, Lower: depth.lower, Permute: permuteDepth,
}, {
	Name: "SpaceToDepth", Attrs: func() any { return new(DepthToSpace) },
	In: Arity{1, 1}, Out: Arity{1, 1},
	Infer: inferSpaceToDepth, Reference: depth.reference, Lower: depth.lower, Permute: permuteDepth,
}}

// permutation returns the node's permutation of rank axes.
func permutation(n *graph.Node, rank int) ([]int, error) {
	perm := attrs[Transpose](n).Perm
	if perm == nil {
		perm = make([]int, rank)
		for i := range perm {
			perm[i] = rank - 1 - i
		}
	}
	if len(perm) != rank {
		return nil, shapeErrorf("permutation %v of %d axes", perm, rank)
	}
	for i := range rank {
		if !slices.Contains(perm, i) {
			return nil, shapeErrorf("%v is no permutation", perm)
		}
	}
	return perm, nil
}

func inferTranspose(n *graph.Node) error {
	x := n.Inputs[0]
	perm, err := permutation(n, len(x.Shape))
	if err != nil {
		return err
	}
	q := PermuteQuant(x.Quant, perm)
	if x.Quant != nil && q == nil {
		return unsupportedf("transposition of data quantized in blocks")
	}
	return setMoved(n, 0, x, PermuteShape(x.Shape, perm), q)
}

var transpose = viaFloatUnlessEqual(viaBytes(bindTranspose), dataFirst)

func bindTranspose(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	x, y := in[0], out[0]
	perm, err := permutation(n, len(x.Shape))
	if err != nil {
		return FuncStep{}, err
	}
	dense, strides := rowMajor(x.Shape), make([]int, len(perm))
	for i, p := range perm {
		strides[i] = dense[p]
	}
	return moveStep(y.DType, block{dims: y.Shape, src: x.Data, from: strides, dst: y.Data, to: rowMajor(y.Shape)}), nil
}
