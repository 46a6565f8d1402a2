package optimize

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// dim is an element of an integer value in shape arithmetic: value, or value*N where batch is set.
type dim struct {
	value int64
	batch bool
}

// content returns the elements of an integer value, false where they are not known.
func (f *folder) content(v *graph.Value) ([]dim, bool) {
	if v == nil {
		return nil, false
	}
	if c, ok := f.contents[v]; ok {
		return c, true
	}
	if v.Const == nil || v.DType != graph.Int64 && v.DType != graph.Int32 || v.Const.Len() > 64 {
		return nil, false
	}
	ints, err := v.Const.Ints()
	if err != nil {
		return nil, false
	}
	c := make([]dim, len(ints))
	for i, x := range ints {
		c[i] = dim{value: x}
	}
	return c, true
}

// ints returns the elements of a constant integer value.
func (f *folder) ints(v *graph.Value) ([]int64, bool) {
	c, ok := f.content(v)
	out := make([]int64, len(c))
	for i, d := range c {
		if d.batch {
			return nil, false
		}
		out[i] = d.value
	}
	return out, ok
}

// bindShape gives an operator whose shape input is known but depends on the batch that shape as an attribute.
func (f *folder) bindShape(n *graph.Node) {
	i := 1
	if n.Op == "ConstantOfShape" {
		i = 0
	}
	if i >= len(n.Inputs) || n.Inputs[i] == nil {
		return
	}
	c, ok := f.contents[n.Inputs[i]]
	if !ok {
		f.rebatchShape(n)
		return
	}
	to := make(graph.Shape, len(c))
	for j, d := range c {
		to[j] = int(d.value)
		switch {
		case d.batch:
			to[j] = -int(d.value)
		case d.value < 0 || d.value == 0 && n.Op == "Reshape":
			if !f.inferredDim(n, c, j, to) {
				return
			}
		}
	}
	switch a := n.Attrs.(type) {
	case *ops.Reshape:
		n.Attrs = &ops.Reshape{To: to}
	case *ops.Expand:
		n.Attrs = &ops.Expand{To: to}
	case *ops.ConstantOfShape:
		n.Attrs = &ops.ConstantOfShape{Value: a.Value, To: to}
	default:
		return
	}
	n.Inputs = n.Inputs[:i]
}

// rebatchShape reads the leading 1 of a Reshape's constant shape as the batch where the data depends on the batch and the
// number of elements fits only so.
func (f *folder) rebatchShape(n *graph.Node) {
	if n.Op != "Reshape" || len(n.Inputs) < 2 || n.Inputs[1] == nil || n.Inputs[1].Const == nil || n.Inputs[0].Shape.Static() {
		return
	}
	to, err := n.Inputs[1].Const.Ints()
	if err != nil || len(to) == 0 || to[0] != 1 {
		return
	}
	total, err := n.Inputs[0].Shape.Elements()
	if err != nil || total == 0 {
		return
	}
	shape := graph.Shape{graph.Batch}
	known, open := 1, -1
	for i, d := range to[1:] {
		switch {
		case d == 0 && i+1 < len(n.Inputs[0].Shape) && n.Inputs[0].Shape[i+1] > 0:
			d = int64(n.Inputs[0].Shape[i+1])
		case d == -1 && open < 0:
			open, d = i+1, 1
		case d <= 0, d > graph.MaxElements:
			return
		}
		if known *= int(d); known > graph.MaxElements {
			return
		}
		shape = append(shape, int(d))
	}
	if open >= 0 && -total%known == 0 {
		shape[open] = -total / known
		known = -total
	}
	if known == -total {
		n.Attrs, n.Inputs = &ops.Reshape{To: shape}, n.Inputs[:1]
	}
}

// inferredDim resolves ONNX Reshape's 0 (copy) and -1 (infer) in element j.
func (f *folder) inferredDim(n *graph.Node, c []dim, j int, to graph.Shape) bool {
	if n.Op != "Reshape" {
		return false
	}
	in := n.Inputs[0].Shape
	if c[j].value == 0 {
		if j >= len(in) || n.Attrs.(*ops.Reshape).AllowZero {
			return false
		}
		to[j] = in[j]
		return true
	}
	total, err := in.Elements()
	if err != nil {
		return false
	}
	rest := graph.Shape{}
	for k, d := range c {
		switch {
		case k == j:
		case d.batch:
			rest = append(rest, -int(d.value))
		case d.value == 0 && k < len(in):
			rest = append(rest, in[k])
		case d.value < 0:
			return false
		default:
			rest = append(rest, int(d.value))
		}
	}
	known, err := rest.Elements()
	if err != nil || known == 0 || total%known != 0 {
		return false
	}
	to[j] = total / known
	return total < 0 || known > 0
}

// trackShape follows a node of shape arithmetic whose result depends on the batch. It reports whether the node's output is
// now known and the node not needed.
func (f *folder) trackShape(n *graph.Node) bool {
	if len(n.Outputs) != 1 || n.Outputs[0] == nil || f.g.IsOutput(n.Outputs[0]) {
		return false
	}
	c, ok := f.shapeResult(n)
	if !ok {
		return false
	}
	y := n.Outputs[0]
	for _, d := range c {
		if d.batch {
			f.contents[y] = c
			f.keep(n) // for readers that want it at run time; dead otherwise
			return true
		}
	}
	t := graph.NewTensor(y.DType, y.Shape...)
	if t.Len() != len(c) {
		return false
	}
	for i, d := range c {
		t.SetInt(i, d.value)
	}
	f.replace(y, graph.NewConst(y.Name, t))
	return true
}

// shapeResult returns the elements of the node's output where it is shape arithmetic on known elements, at least some of
// them not constant.
func (f *folder) shapeResult(n *graph.Node) ([]dim, bool) {
	if a, ok := n.Attrs.(*ops.Shape); ok {
		return shapeContent(a, n.Inputs[0].Shape), true
	}
	if len(n.Inputs) == 0 || n.Outputs[0].DType != graph.Int64 && n.Outputs[0].DType != graph.Int32 || !n.Outputs[0].Shape.Static() {
		return nil, false
	}
	symbolic := false
	for _, v := range n.Inputs {
		if _, ok := f.contents[v]; ok {
			symbolic = true
		}
	}
	if !symbolic {
		return nil, false
	}
	rule := shapeRules[n.Op]
	if rule == nil || len(n.Outputs[0].Shape) > 1 {
		return nil, false
	}
	c, ok := rule(f, n)
	return c, ok && len(c) == n.Outputs[0].Shape.Size()
}

func shapeContent(a *ops.Shape, s graph.Shape) []dim {
	bound := func(i int) int {
		if i < 0 {
			i += len(s)
		}
		return min(max(i, 0), len(s))
	}
	start, end := bound(a.Start), len(s)
	if a.HasEnd {
		end = bound(a.End)
	}
	var c []dim
	for _, d := range s[start:max(start, end)] {
		if d < 0 {
			c = append(c, dim{int64(-d), true})
		} else {
			c = append(c, dim{int64(d), false})
		}
	}
	return c
}
