package optimize

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// shapeRules evaluates the operators that exporters use for shape arithmetic, on values of at most one axis.
var shapeRules = map[string]func(f *folder, n *graph.Node) ([]dim, bool){
	"Identity":  sameContent,
	"Cast":      sameContent,
	"Squeeze":   sameContent,
	"Unsqueeze": sameContent,
	"Reshape":   sameContent,
	"Flatten":   sameContent,
	"Gather":    gatherContent,
	"Slice":     sliceContent,
	"Concat":    concatContent,
	"Add":       elementwise(func(a, b dim) (dim, bool) { return dim{a.value + b.value, a.batch}, a.batch == b.batch }),
	"Sub": elementwise(func(a, b dim) (dim, bool) {
		return dim{a.value - b.value, a.batch}, a.batch == b.batch && a.value > b.value
	}),
	"Mul": elementwise(func(a, b dim) (dim, bool) { return dim{a.value * b.value, a.batch || b.batch}, !(a.batch && b.batch) }),
	"Div": elementwise(func(a, b dim) (dim, bool) {
		if b.value == 0 || a.value%b.value != 0 {
			return dim{}, false
		}
		return dim{a.value / b.value, a.batch && !b.batch}, a.batch || !b.batch
	}),
}

func sameContent(f *folder, n *graph.Node) ([]dim, bool) { return f.content(n.Inputs[0]) }

func gatherContent(f *folder, n *graph.Node) ([]dim, bool) {
	c, ok := f.content(n.Inputs[0])
	index, known := f.ints(n.Inputs[1])
	if !ok || !known || len(n.Inputs[0].Shape) != 1 {
		return nil, false
	}
	out := make([]dim, len(index))
	for i, k := range index {
		if k < 0 {
			k += int64(len(c))
		}
		if k < 0 || k >= int64(len(c)) {
			return nil, false
		}
		out[i] = c[k]
	}
	return out, true
}

func sliceContent(f *folder, n *graph.Node) ([]dim, bool) {
	c, ok := f.content(n.Inputs[0])
	if !ok || len(n.Inputs[0].Shape) != 1 {
		return nil, false
	}
	// The slice of the indices tells which elements remain.
	index := graph.NewTensor(n.Inputs[0].DType, len(c))
	for i := range c {
		index.SetInt(i, int64(i))
	}
	in := []*graph.Tensor{index}
	for _, v := range n.Inputs[1:] {
		if v == nil {
			in = append(in, nil)
			continue
		}
		if v.Const == nil {
			return nil, false
		}
		in = append(in, v.Const)
	}
	picked, err := ops.Evaluate(n, in)
	if err != nil {
		return nil, false
	}
	out := make([]dim, picked[0].Len())
	for i := range out {
		out[i] = c[picked[0].Int(i)]
	}
	return out, true
}

func concatContent(f *folder, n *graph.Node) ([]dim, bool) {
	var out []dim
	for _, v := range n.Inputs {
		c, ok := f.content(v)
		if !ok || len(v.Shape) != 1 {
			return nil, false
		}
		out = append(out, c...)
	}
	return out, true
}

// elementwise applies a function to two values elementwise, one of them perhaps a single element.
func elementwise(apply func(a, b dim) (dim, bool)) func(f *folder, n *graph.Node) ([]dim, bool) {
	return func(f *folder, n *graph.Node) ([]dim, bool) {
		if len(n.Inputs) != 2 {
			return nil, false
		}
		a, okA := f.content(n.Inputs[0])
		b, okB := f.content(n.Inputs[1])
		if !okA || !okB || len(a) == 0 || len(b) == 0 || len(a) != len(b) && len(a) != 1 && len(b) != 1 {
			return nil, false
		}
		out := make([]dim, max(len(a), len(b)))
		for i := range out {
			d, ok := apply(a[min(i, len(a)-1)], b[min(i, len(b)-1)])
			if !ok || d.batch && (d.value <= 0 || d.value > graph.MaxElements) {
				return nil, false
			}
			out[i] = d
		}
		return out, true
	}
}
