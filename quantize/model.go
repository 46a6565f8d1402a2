package quantize

import (
	"fmt"
	"strings"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
	"github.com/octet-ml/octet/runtime/optimize"
)

// kind says how an operator takes part in a quantized graph.
type kind uint8

const (
	other       kind = iota // computes on floats
	contraction             // a layer: integer product of data and constant weights
	arithmetic              // computes on integers where all its data are quantized
	movement                // passes on its input's integers and their quantization
)

// kinds lists the operators that can work on quantized values.
var kinds = map[string]kind{
	"Conv": contraction, "Dense": contraction,
	"Add": arithmetic, "Sub": arithmetic, "Mul": arithmetic, "Concat": arithmetic, "AveragePool": arithmetic,
	"GlobalAveragePool": arithmetic, "ReduceMean": arithmetic, "Relu": arithmetic, "Relu6": arithmetic, "Clip": arithmetic,
	"LeakyRelu": arithmetic, "PRelu": arithmetic, "Sigmoid": arithmetic, "HardSigmoid": arithmetic, "HardSwish": arithmetic,
	"Swish": arithmetic, "Mish": arithmetic, "Gelu": arithmetic, "Elu": arithmetic, "Tanh": arithmetic,
	"MaxPool": movement, "GlobalMaxPool": movement, "Reshape": movement, "Flatten": movement, "Squeeze": movement,
	"Unsqueeze": movement, "Transpose": movement, "Slice": movement, "Identity": movement, "DepthToSpace": movement,
	"SpaceToDepth": movement, "Pad": movement,
}

// layer is a convolution or dense layer with constant float weights.
type layer struct {
	node   *graph.Node
	index  int // of the node in the graph
	groups int
	oc     int // output channels
	depth  int // products that one output sums: taps times input channels of a group
	macs   int // multiplications for one input of the model
}

// name returns the node's name, or that of its output.
func (l *layer) name() string {
	if l.node.Name != "" {
		return l.node.Name
	}
	return l.node.Outputs[0].Name
}

// weights returns a copy of the weights [oc depth] in the order of the graph's layout.
func (l *layer) weights() []float32 { return l.node.Inputs[1].Const.Floats() }

// bias returns a copy of the bias [oc], zeros where there is none.
func (l *layer) bias() []float32 {
	if b := l.node.Input(2); b != nil {
		return b.Const.Floats()
	}
	return make([]float32, l.oc)
}

// model is a float graph that is prepared for quantization.
type model struct {
	graph   *graph.Graph
	layers  []*layer
	of      map[*graph.Node]*layer
	readers map[*graph.Value][]*graph.Node
}

// newModel simplifies g and finds its layers.
func newModel(g *graph.Graph) (*model, error) {
	if err := refuseQuantized(g); err != nil {
		return nil, err
	}
	s, err := optimize.Simplify(g)
	if err != nil {
		return nil, err
	}
	m := &model{graph: s, of: make(map[*graph.Node]*layer), readers: s.Consumers()}
	for i, n := range s.Nodes {
		if l := newLayer(n); l != nil {
			l.index = i
			m.layers = append(m.layers, l)
			m.of[n] = l
		}
	}
	if len(m.layers) == 0 {
		return nil, fmt.Errorf("%w: no convolution or dense layer has constant float weights", ErrNothing)
	}
	return m, nil
}

// refuseQuantized returns an error that names the quantized values of g.
func refuseQuantized(g *graph.Graph) error {
	var names []string
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			if v != nil && (v.Quant != nil || kinds[n.Op] == contraction && v.DType.IsInteger()) {
				names = append(names, n.Where())
				break
			}
		}
	}
	const most = 5
	if len(names) > most {
		names = append(names[:most], fmt.Sprintf("and %d more", len(names)-most))
	}
	if names == nil {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrQuantized, strings.Join(names, ", "))
}

// newLayer returns the layer of a node, nil where it is none.
func newLayer(n *graph.Node) *layer {
	if kinds[n.Op] != contraction || len(n.Inputs) > 3 {
		return nil
	}
	x, w, y := n.Inputs[0], n.Inputs[1], n.Outputs[0]
	if w.Const == nil || w.DType != graph.Float32 || x.DType != graph.Float32 || len(w.Shape) == 0 {
		return nil
	}
	if b := n.Input(2); b != nil && (b.Const == nil || b.DType != graph.Float32) {
		return nil
	}
	l := &layer{node: n, groups: 1, oc: w.Shape[0]}
	if a, ok := n.Attrs.(*ops.Conv); ok {
		l.groups = max(a.Group, 1)
	}
	if l.oc == 0 || w.Const.Len() == 0 {
		return nil
	}
	l.depth = w.Const.Len() / l.oc
	l.macs = y.Shape.Bind(1).Size() * l.depth
	return l
}

// Layers returns the names of the convolutions and dense layers of a float graph that can be quantized, in order. Errors wrap
// ErrQuantized or ErrNothing, or are those of runtime.Compile.
func Layers(g *graph.Graph) ([]string, error) {
	m, err := newModel(g)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, l := range m.layers {
		names = append(names, l.name())
	}
	return names, nil
}
