package optimize

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// MaxFolded bounds the bytes of constants that folding may make for one model.
const MaxFolded int64 = 2 << 30

// foldShapes infers all types and shapes and folds constants, but keeps Dequantize nodes on constants, which foldQDQ reads.
func foldShapes(g *graph.Graph) error { return fold(g, true) }

// foldConstants infers all types and shapes and folds all constants.
func foldConstants(g *graph.Graph) error { return fold(g, false) }

// fold walks the nodes in order: it infers each, evaluates those whose inputs are all constant, and follows integer shape
// arithmetic whose elements are constants or multiples of the batch size.
func fold(g *graph.Graph, keepDequantize bool) error {
	f := &folder{editor: newEditor(g), contents: make(map[*graph.Value][]dim), keepDequantize: keepDequantize}
	for _, n := range g.Nodes {
		f.enter(n)
		if err := f.node(n); err != nil {
			return err
		}
	}
	f.finish()
	for _, v := range g.Outputs {
		if v.Const != nil {
			return fmt.Errorf("output %q is constant", v.Name)
		}
	}
	return nil
}

// folder is the state of fold.
type folder struct {
	*editor
	contents       map[*graph.Value][]dim // elements of integer values that are not constant as a whole
	keepDequantize bool
	bytes          int64
}

func (f *folder) node(n *graph.Node) error {
	if err := ops.Check(n); err != nil {
		return err
	}
	f.bindShape(n)
	if err := ops.Infer(n); err != nil {
		return err
	}
	op, err := ops.Lookup(n.Op)
	if err != nil {
		return err
	}
	if f.trackShape(n) {
		return nil
	}
	if n.Op == "Identity" && !f.g.IsOutput(n.Outputs[0]) {
		f.replace(n.Outputs[0], n.Inputs[0])
		return nil
	}
	if f.constant(n) {
		return f.evaluate(op, n)
	}
	f.keep(n)
	return nil
}

// constant reports whether the node can be replaced by constants.
func (f *folder) constant(n *graph.Node) bool {
	if n.Op == "Dequantize" && f.keepDequantize {
		return false
	}
	for _, v := range n.Inputs {
		if v != nil && v.Const == nil {
			return false
		}
	}
	for _, v := range n.Outputs {
		if v != nil && (!v.Shape.Static() || f.g.IsOutput(v)) {
			return false
		}
	}
	return true
}

func (f *folder) evaluate(op *ops.Operator, n *graph.Node) error {
	for _, v := range n.Outputs {
		if v != nil {
			f.bytes += int64(v.DType.Bytes(v.Shape.Size()))
		}
	}
	if f.bytes > MaxFolded {
		return fmt.Errorf("%s: folded constants take more than %d bytes", n.Where(), MaxFolded)
	}
	in := make([]*graph.Tensor, len(n.Inputs))
	for i, v := range n.Inputs {
		if v != nil {
			in[i] = v.Const
		}
	}
	var out []*graph.Tensor
	if op.View {
		v := n.Outputs[0]
		out = []*graph.Tensor{{DType: v.DType, Shape: v.Shape, Data: in[0].Data}}
	} else {
		var err error
		if out, err = ops.Evaluate(n, in); err != nil {
			return err
		}
	}
	for i, v := range n.Outputs {
		if v != nil {
			c := graph.NewConst(v.Name, out[i])
			c.Quant = v.Quant
			f.replace(v, c)
		}
	}
	return nil
}
