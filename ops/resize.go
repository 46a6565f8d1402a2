package ops

import (
	"math"
	"slices"

	"github.com/octet-ml/octet/graph"
)

var resizeRows = []Operator{{
	Name: "Resize", Attrs: func() any {
		return &Resize{Mode: "nearest", Coordinates: "half_pixel", Nearest: "round_prefer_floor", CubicA: -0.75, Policy: "stretch"}
	},
	In: Arity{1, 4}, Out: Arity{1, 1},
	Infer: inferResize, Reference: resize.reference, Lower: resize.lower, Permute: permuteResize, Data: firstInput,
}}

// resizeAxis is one axis of a Resize node.
type resizeAxis struct {
	in, out    int
	scale      float64
	start, end float64 // region of interest, as parts of the axis
	keep       bool    // the axis stays as it is
}

// listed returns constant input i of the node as float64, nil where it is absent or empty.
func listed(n *graph.Node, i int, what string) ([]float64, error) {
	v := n.Input(i)
	if v == nil {
		return nil, nil
	}
	if v.Const == nil {
		return nil, unsupportedf("%s: %q is computed: want a constant", what, v.Name)
	}
	if len(v.Shape) != 1 || v.DType == graph.Bool {
		return nil, shapeErrorf("%s: want a list of numbers, got %v%v", what, v.DType, v.Shape)
	}
	var list []float64
	for k := range v.Const.Len() {
		list = append(list, v.Const.Float(k))
	}
	return list, nil
}

// resizeAxes returns the axes of a Resize node.
func resizeAxes(n *graph.Node) ([]resizeAxis, error) {
	a, s := attrs[Resize](n), n.Inputs[0].Shape
	axes := make([]resizeAxis, len(s))
	for i, d := range s {
		axes[i] = resizeAxis{in: d, out: d, scale: 1, end: 1, keep: true}
	}
	named := make([]int, 0, len(s))
	for _, axis := range a.Axes {
		k, err := axisOf(s, axis)
		if err != nil {
			return nil, err
		}
		if slices.Contains(named, k) {
			return nil, shapeErrorf("axis %d is given twice", axis)
		}
		named = append(named, k)
	}
	if a.Axes == nil {
		for i := range s {
			named = append(named, i)
		}
	}
	if err := setRegion(n, axes, named); err != nil {
		return nil, err
	}
	return axes, setSizes(n, axes, named)
}

// setRegion sets the region of interest of the named axes.
func setRegion(n *graph.Node, axes []resizeAxis, named []int) error {
	if attrs[Resize](n).Coordinates != "tf_crop_and_resize" {
		return nil
	}
	region, err := listed(n, 1, "region of interest")
	if err != nil {
		return err
	}
	if len(region) != 2*len(named) {
		return shapeErrorf("region of interest of %d numbers: want %d", len(region), 2*len(named))
	}
	for i, k := range named {
		axes[k].start, axes[k].end = region[i], region[i+len(named)]
		axes[k].keep = false
	}
	return nil
}

// setSizes sets scale and output size of the named axes.
func setSizes(n *graph.Node, axes []resizeAxis, named []int) error {
	scales, err := listed(n, 2, "scales")
	if err != nil {
		return err
	}
	sizes, err := listed(n, 3, "sizes")
	if err != nil {
		return err
	}
	switch {
	case (scales == nil) == (sizes == nil):
		return shapeErrorf("want either scales or sizes")
	case len(scales)+len(sizes) != len(named):
		return shapeErrorf("%d scales and %d sizes for %d axes", len(scales), len(sizes), len(named))
	}
	for i, k := range named {
		if sizes == nil {
			err = axes[k].byScale(scales[i])
		} else {
			err = axes[k].bySize(sizes[i])
		}
		if err != nil {
			return err
		}
	}
	if policy := attrs[Resize](n).Policy; sizes != nil && policy != "" && policy != "stretch" {
		return keepAspect(policy, axes, named)
	}
	return nil
}

// set sets the output size, which must be 1 to graph.MaxElements, and finds out whether the axis changes. An axis of the
// batch must not.
func (x *resizeAxis) set(scale, out float64) error {
	if !(scale > 0) || math.IsInf(scale, 0) || !(out >= 1 && out <= graph.MaxElements) || x.in == 0 {
		return shapeErrorf("axis of size %d: scale %v, size %v", x.in, scale, out)
	}
	x.scale, x.out = scale, int(out)
	if scale != 1 || x.out != x.in {
		x.keep = false
	}
	return nil
}

func (x *resizeAxis) byScale(scale float64) error {
	if x.in >= 0 {
		return x.set(scale, math.Floor(float64(x.in)*scale))
	}
	if scale != 1 || !x.keep {
		return unsupportedf("resize of the unbound batch axis")
	}
	return nil
}

func (x *resizeAxis) bySize(size float64) error {
	if x.in >= 0 {
		return x.set(size/float64(x.in), size)
	}
	if size != float64(-x.in) || !x.keep {
		return unsupportedf("resize of the unbound batch axis")
	}
	return nil
}

// keepAspect gives the named axes one scale: the least or the greatest of those that the sizes ask for.
func keepAspect(policy string, axes []resizeAxis, named []int) error {
	var scale float64
	for i, k := range named {
		switch x := &axes[k]; {
		case x.in < 0:
			return unsupportedf("keeping the aspect of the unbound batch axis")
		case i == 0:
			scale = x.scale
		case policy == "not_larger":
			scale = min(scale, x.scale)
		case policy == "not_smaller":
			scale = max(scale, x.scale)
		default:
			return unsupportedf("aspect ratio policy %q", policy)
		}
	}
	for _, k := range named {
		axes[k].keep = true
		if err := axes[k].set(scale, math.Floor(float64(float64(axes[k].in)*scale)+0.5)); err != nil {
			return err
		}
	}
	return nil
}

func inferResize(n *graph.Node) error {
	a, x := attrs[Resize](n), n.Inputs[0]
	for _, o := range [...]struct {
		value string
		known []string
	}{
		{a.Mode, []string{"nearest", "linear", "cubic"}},
		{a.Coordinates, []string{"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_crop_and_resize"}},
		{a.Nearest, []string{"", "round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}},
		{a.Policy, []string{"", "stretch", "not_larger", "not_smaller"}},
	} {
		if !slices.Contains(o.known, o.value) {
			return unsupportedf("%q: want one of %q", o.value, o.known)
		}
	}
	axes, err := resizeAxes(n)
	if err != nil {
		return err
	}
	s := make(graph.Shape, len(axes))
	for i, axis := range axes {
		s[i] = axis.out
		if q := x.Quant; q != nil && !q.IsPerTensor() && (q.Axis == i || q.Block > 0) && !axis.keep {
			return unsupportedf("resize along a quantized axis")
		}
	}
	if x.DType == graph.Bool && a.Mode != "nearest" || x.DType.Bits() < 8 && x.Quant == nil && a.Mode != "nearest" {
		return typeErrorf("interpolation of type %v", x.DType)
	}
	return setMoved(n, 0, x, s, x.Quant)
}

// permuteResize moves the axes, or the numbers of all axes.
func permuteResize(n *graph.Node, perm []int) bool {
	a := *attrs[Resize](n)
	if _, err := resizeAxes(n); err != nil || !permutePlain(n, perm) {
		return false
	}
	if a.Axes != nil {
		axes := make([]int, len(a.Axes))
		for i, k := range a.Axes {
			if k < 0 {
				k += len(perm)
			}
			axes[i] = slices.Index(perm, k)
		}
		a.Axes = axes
		n.Attrs = &a
		return true
	}
	n.Inputs = slices.Clone(n.Inputs)
	for i := 1; i < len(n.Inputs); i++ {
		v := n.Inputs[i]
		if v == nil || v.Const.Len() == 0 {
			continue
		}
		t := graph.NewTensor(v.DType, v.Shape...)
		for k := range t.Len() {
			j := k/len(perm)*len(perm) + perm[k%len(perm)]
			size := v.DType.Bits() / 8
			copy(t.Data[k*size:(k+1)*size], v.Const.Data[j*size:])
		}
		n.Inputs[i] = newConst(n, i, t)
	}
	return true
}
