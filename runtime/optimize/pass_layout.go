package optimize

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

var (
	toNHWC = []int{0, 2, 3, 1} // Transpose that takes NCHW to NHWC
	toNCHW = []int{0, 3, 1, 2} // Transpose that takes NHWC to NCHW
)

// makeNHWC turns spatial operators to NHWC, together with the operators between them that allow it, and puts Transpose nodes
// where a value is wanted in the other order. A Transpose that moves no element becomes a Reshape.
func makeNHWC(g *graph.Graph) error {
	l := &layout{editor: newEditor(g), nhwc: make(map[*graph.Value]*graph.Value), made: make(map[*graph.Value]bool)}
	for _, n := range g.Nodes {
		if err := l.node(n); err != nil {
			return err
		}
	}
	for _, v := range g.Outputs {
		if err := l.want(v); err != nil {
			return err
		}
	}
	l.finish()
	return nil
}

// layout is the state of makeNHWC.
type layout struct {
	*editor
	nhwc map[*graph.Value]*graph.Value // for values of four axes in the graph's own order: the same in NHWC, where it exists
	made map[*graph.Value]bool         // values whose NHWC form exists and whose own form has a node too
}

func (l *layout) node(n *graph.Node) error {
	l.enter(n)
	op, err := ops.Lookup(n.Op)
	if err != nil {
		return err
	}
	if a, ok := n.Attrs.(*ops.Transpose); ok {
		return l.transpose(n, a)
	}
	if op.Permute != nil && l.worthwhile(n, op) {
		done, err := l.convert(n, op)
		if done || err != nil {
			return err
		}
	}
	for _, v := range n.Inputs {
		if err := l.want(v); err != nil {
			return err
		}
	}
	l.keep(n)
	return ops.Infer(n)
}

// worthwhile reports whether n should work in NHWC: it is spatial, or some of its data exists in NHWC already.
func (l *layout) worthwhile(n *graph.Node, op *ops.Operator) bool {
	if ops.WantsNHWC(n) {
		return true
	}
	for i, v := range n.Inputs {
		if v != nil && (op.Data == nil || op.Data(n, i)) && l.nhwc[v] != nil {
			return true
		}
	}
	return false
}

// convert makes n work in NHWC and reports whether it could.
func (l *layout) convert(n *graph.Node, op *ops.Operator) (bool, error) {
	for _, v := range n.Outputs {
		if v != nil && len(v.Shape) != 4 && len(v.Shape) > 1 {
			return false, nil
		}
	}
	for i, v := range n.Inputs {
		if v != nil && (op.Data == nil || op.Data(n, i)) && !permutable(v) {
			return false, nil
		}
	}
	var isData []bool
	for i, v := range n.Inputs {
		isData = append(isData, v != nil && (op.Data == nil || op.Data(n, i)))
	}
	quants := make([]*graph.Quant, len(n.Outputs)) // in the graph's own order
	for i, v := range n.Outputs {
		if v != nil {
			quants[i] = v.Quant
		}
	}
	if !op.Permute(n, toNHWC) {
		return false, nil
	}
	for i, v := range n.Inputs {
		if !isData[i] {
			if v != nil {
				if err := l.want(v); err != nil {
					return false, err
				}
			}
			continue
		}
		p, err := l.permuted(v)
		if err != nil {
			return false, err
		}
		n.Inputs[i] = p
	}
	for i, v := range n.Outputs {
		if v == nil || len(v.Shape) != 4 { // one for the tensor or for each example: no axis to permute
			continue
		}
		y := &graph.Value{Name: l.name(v.Name + ".nhwc"), DType: v.DType, Quant: v.Quant, Producer: n}
		n.Outputs[i], v.Quant = y, quants[i]
		l.nhwc[v] = y
	}
	l.keep(n)
	return true, ops.Infer(n)
}

// permutable reports whether permuted can give v another order: its scales, if several, are along one of four axes.
func permutable(v *graph.Value) bool {
	return len(v.Shape) <= 4 && (v.Quant == nil || v.Quant.IsPerTensor() || v.Quant.Block == 0 && len(v.Shape) == 4)
}

// permuted returns v in NHWC; axes that v lacks in front count as 1.
func (l *layout) permuted(v *graph.Value) (*graph.Value, error) {
	if p := l.nhwc[v]; p != nil {
		return p, nil
	}
	if size, err := v.Shape.Elements(); err == nil && size == 1 {
		return v, nil
	}
	x := v
	if len(v.Shape) < 4 {
		s := append(graph.Shape{1, 1, 1, 1}[:4-len(v.Shape)], v.Shape...)
		if v.Const != nil {
			x = graph.NewConst(v.Name, &graph.Tensor{DType: v.DType, Shape: s, Data: v.Const.Data})
			x.Quant = v.Quant
		} else {
			var err error
			if x, err = l.add("Reshape", &ops.Reshape{To: s}, v.Name+".rank4", v, v); err != nil {
				return nil, err
			}
		}
	}
	if x.Const != nil {
		c := graph.NewConst(l.name(v.Name+".nhwc"), ops.PermuteTensor(x.Const, toNHWC))
		c.Quant = ops.PermuteQuant(x.Quant, toNHWC)
		l.nhwc[v] = c
		return c, nil
	}
	p, err := l.addTranspose(x, toNHWC, v.Name+".nhwc")
	if err != nil {
		return nil, err
	}
	l.nhwc[v] = p
	l.made[v] = true
	return p, nil
}

// want makes sure that v exists in the graph's own order.
func (l *layout) want(v *graph.Value) error {
	if v == nil || l.nhwc[v] == nil || l.made[v] || v.Const != nil {
		return nil
	}
	l.made[v] = true
	l.keep(transposeNode(l.nhwc[v], v, toNCHW))
	return ops.Infer(v.Producer)
}

// transpose composes a Transpose of the model with the one that its input stands for.
func (l *layout) transpose(n *graph.Node, a *ops.Transpose) error {
	x, y := n.Inputs[0], n.Outputs[0]
	perm := a.Perm
	if perm == nil {
		for i := range x.Shape {
			perm = append(perm, len(x.Shape)-1-i)
		}
	}
	if len(perm) == 4 && !l.g.IsOutput(y) && keepsQuant(x, y, perm) {
		if src := l.nhwc[x]; src != nil {
			composed := make([]int, 4)
			identity := true
			for i, p := range perm {
				composed[i] = toNCHW[p]
				identity = identity && composed[i] == i
			}
			if identity {
				l.replace(y, src)
				return nil
			}
			l.keep(transposeNode(src, y, composed))
			return ops.Infer(y.Producer)
		}
		if equalPerm(perm, toNCHW) && x.Const == nil {
			l.nhwc[y] = x
			return nil
		}
	}
	if err := l.want(x); err != nil {
		return err
	}
	l.keep(transposeNode(x, y, perm))
	return ops.Infer(y.Producer)
}

// keepsQuant reports whether y, which is x permuted, holds the same integers or floats as x.
func keepsQuant(x, y *graph.Value, perm []int) bool {
	return x.DType == y.DType && ops.PermuteQuant(x.Quant, perm).Equal(y.Quant) && (x.Quant == nil || x.Quant.Block == 0)
}

func equalPerm(a, b []int) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}

// addTranspose appends a Transpose of x with a new output.
func (l *layout) addTranspose(x *graph.Value, perm []int, base string) (*graph.Value, error) {
	y := &graph.Value{Name: l.name(base), DType: x.DType, Quant: ops.PermuteQuant(x.Quant, perm)}
	l.keep(transposeNode(x, y, perm))
	return y, ops.Infer(y.Producer)
}

// transposeNode returns the node that makes y from x, a Reshape where no element moves.
func transposeNode(x, y *graph.Value, perm []int) *graph.Node {
	n := &graph.Node{Op: "Transpose", Name: y.Name, Attrs: &ops.Transpose{Perm: perm}, Inputs: []*graph.Value{x}, Outputs: []*graph.Value{y}}
	if !ops.Moves(x.Shape, perm) && keepsQuant(x, y, perm) {
		n.Op, n.Attrs = "Reshape", &ops.Reshape{To: ops.PermuteShape(x.Shape, perm)}
	}
	y.Producer = n
	return n
}
