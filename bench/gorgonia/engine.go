package gorgonia

import (
	"fmt"
	"strings"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/octet-ml/octet/bench"
	"github.com/octet-ml/octet/graph"
)

// Engine runs float networks on Gorgonia's tape machine.
type Engine struct{}

// Name returns "gorgonia".
func (Engine) Name() string { return "gorgonia" }

// OwnThreads returns false: products of matrices take as many threads as GOMAXPROCS allows.
func (Engine) OwnThreads() bool { return false }

// Open reads the weights and builds the network once, to find what is wrong. Where Gorgonia lacks something, the error wraps
// bench.ErrUnsupported and lists all nodes that need it. Others name the node.
func (Engine) Open(c *bench.Cell) (bench.Network, error) {
	g := c.Graph.Bind(c.Batch)
	if err := supported(g); err != nil {
		return nil, err
	}
	n := &network{graph: g, weights: make(map[*graph.Value][]float32)}
	for _, node := range g.Nodes {
		for i, v := range node.Inputs {
			if v != nil && v.Const != nil && n.weights[v] == nil {
				n.weights[v] = constant(node, i)
				n.bytes += 4 * len(n.weights[v])
			}
		}
	}
	return n, nil
}

// supported returns an error that lists the nodes of g that Gorgonia does not have.
func supported(g *graph.Graph) error {
	var missing []string
	for _, n := range g.Nodes {
		r, ok := rules[n.Op]
		why := "no such operator"
		if ok {
			why = r.refuse(n)
		}
		if why != "" {
			missing = append(missing, fmt.Sprintf("%s (%s)", n.Where(), why))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %d of %d nodes: %s", bench.ErrUnsupported, len(missing), len(g.Nodes), strings.Join(missing, ", "))
}

// network is a graph with a known batch. Its instances share the weights.
type network struct {
	graph   *graph.Graph
	weights map[*graph.Value][]float32
	bytes   int // of all weights
}

// Facts returns the size of the weights: Gorgonia does not tell how much memory values take.
func (n *network) Facts() bench.Facts { return bench.Facts{Weights: n.bytes} }

// Instance builds the network and compiles it for a machine of its own.
func (n *network) Instance() (_ bench.Instance, err error) {
	b, inputs, err := n.express()
	if err != nil {
		return nil, err
	}
	defer b.caught(&err)
	i := &instance{inputs: inputs, values: make([]gorgonia.Value, len(n.graph.Outputs))}
	for k, v := range n.graph.Outputs {
		gorgonia.Read(b.nodes[v], &i.values[k])
		i.shapes = append(i.shapes, v.Shape)
	}
	b.where = "tape machine"
	i.machine = gorgonia.NewTapeMachine(b.graph)
	return i, nil
}

// express builds the network as an expression graph and returns the buffers of its inputs.
func (n *network) express() (b *builder, inputs []*graph.Tensor, err error) {
	b = &builder{network: n, graph: gorgonia.NewGraph(), nodes: make(map[*graph.Value]*gorgonia.Node)}
	defer b.caught(&err)
	for _, v := range n.graph.Inputs {
		t := graph.NewTensor(graph.Float32, v.Shape...)
		b.nodes[v] = b.leaf(v.Name, graph.View[float32](t.Data), v.Shape)
		inputs = append(inputs, t)
	}
	for _, node := range n.graph.Nodes {
		b.where = node.Where()
		y, err := rules[node.Op].build(b, node)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", b.where, err)
		}
		if got, want := graph.Shape(y.Shape()), node.Outputs[0].Shape; !got.Equal(want) {
			return nil, nil, fmt.Errorf("%s: gorgonia makes %v of it, want %v", b.where, got, want)
		}
		b.nodes[node.Outputs[0]] = y
	}
	return b, inputs, nil
}

// caught makes an error of a panic, Gorgonia's way of refusing a graph.
func (b *builder) caught(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%s: gorgonia panics: %v", b.where, r)
	}
}

// instance is a tape machine.
type instance struct {
	machine gorgonia.VM
	inputs  []*graph.Tensor
	values  []gorgonia.Value // of the outputs
	shapes  []graph.Shape
}

// Inputs returns the buffers that the machine reads.
func (i *instance) Inputs() []*graph.Tensor { return i.inputs }

// Run runs the tape from its begin.
func (i *instance) Run() error {
	defer i.machine.Reset()
	return i.machine.RunAll()
}

// Outputs returns copies of the outputs.
func (i *instance) Outputs() (out []*graph.Tensor) {
	for k, v := range i.values {
		out = append(out, graph.Float32s(v.(*tensor.Dense).Data().([]float32), i.shapes[k]...))
	}
	return out
}

// Close frees the machine.
func (i *instance) Close() error { return i.machine.Close() }
